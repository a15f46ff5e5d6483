import Foundation

/// Tests/Goldens/safetensors/vectors.json, made by scripts/goldens/safetensors_vectors.py.
struct SafetensorsGolden: Decodable {
  struct Vector: Decodable, CustomStringConvertible {
    let name: String
    let file: Data
    let accepted: Bool
    let reason: String
    var description: String { name }
  }

  struct Tensor: Decodable {
    let shape: [Int]
    let values: [Double]
  }

  struct Floats: Decodable {
    let file: Data
    let values: [String: Tensor]
    let i64: [Int64]
  }

  struct Written: Decodable {
    let file: Data
    let tensors: [String: Tensor]
  }

  let vectors: [Vector]
  let floats: Floats
  let written: Written

  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func load() throws -> SafetensorsGolden {
    let path = repository.appendingPathComponent("Tests/Goldens/safetensors/vectors.json")
    return try JSONDecoder().decode(SafetensorsGolden.self, from: Data(contentsOf: path))
  }
}

/// A new folder that is removed when the test that made it ends.
final class ScratchFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("mate-kd-models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  func write(_ data: Data, as name: String) throws -> String {
    try data.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }

  var content: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A safetensors file of any header text and data.
func safetensors(_ header: String, data: [UInt8] = []) -> Data {
  var file = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
  file.append(contentsOf: header.utf8)
  file.append(contentsOf: data)
  return file
}
