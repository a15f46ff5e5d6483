import Foundation
import TestSupport

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

  static func load() throws -> SafetensorsGolden {
    let bytes = try TestFiles.bytes(TestFiles.golden("safetensors/vectors.json"))
    return try JSONDecoder().decode(SafetensorsGolden.self, from: Data(bytes))
  }
}

/// A safetensors file of any header text and data.
func safetensors(_ header: String, data: [UInt8] = []) -> Data {
  var file = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
  file.append(contentsOf: header.utf8)
  file.append(contentsOf: data)
  return file
}
