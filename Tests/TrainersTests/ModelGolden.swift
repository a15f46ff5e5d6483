import Autograd
import Foundation
import Kernels
import Models
import StrictJSON
import TestSupport

/// A folder of Tests/Goldens with the models it holds, and what torch computes with them in float64
/// (scripts/goldens/bert_classifier.py, mate_kd.py).
struct ModelGolden {
  let folder: String
  let json: JSONValue

  init(_ name: String, file: String = "expected.json") throws {
    folder =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Goldens/\(name)").path
    let file = "\(folder)/\(file)"
    json = try StrictJSON.parse(String(contentsOfFile: file, encoding: .utf8), file: file)
  }

  /// A model folder of the golden with dropout switched off, as the goldens are computed.
  ///
  /// The folder is a copy: dropout is a property of a model's configuration.
  func modelFolder(_ name: String, in scratch: ScratchFolder) throws -> ModelFolder {
    let source = "\(folder)/\(name)"
    let copy = "\(scratch.path)/\(UUID().uuidString)"
    let files = FileManager.default
    try files.createDirectory(atPath: copy, withIntermediateDirectories: true)
    let config = try String(contentsOfFile: "\(source)/config.json", encoding: .utf8)
      .replacing(/(dropout\w*": )0\.\d+/) { "\($0.output.1)0.0" }
    try config.write(toFile: "\(copy)/config.json", atomically: true, encoding: .utf8)
    for file in ["model.safetensors", "vocab.txt"] {
      try files.copyItem(atPath: "\(source)/\(file)", toPath: "\(copy)/\(file)")
    }
    return try ModelFolder(copy)
  }
}

extension JSONValue {
  /// The integers of an array; empty where there is none.
  func integers(_ key: String) -> [Int] { (self[key]?.array ?? []).compactMap(\.int) }

  /// The numbers of an array; empty where there is none.
  func numbers(_ key: String) -> [Double] { (self[key]?.array ?? []).compactMap(\.double) }

  /// A number; NaN where there is none, which no comparison accepts.
  func number(_ key: String) -> Double { self[key]?.double ?? .nan }

  /// A tensor as a matrix.
  func matrix(_ key: String) -> Matrix {
    let floats = (self[key]?.numbers("values") ?? []).map { Float($0) }
    let columns = self[key]?.integers("shape").last ?? 1
    return Matrix(floats, rows: floats.count / columns, columns: columns)
  }
}

/// The weight whose gradient is farthest from torch's, and how far: |difference| relative to
/// `Roundings.scale`.
func worstGradient(
  _ gradients: [Float], of parameters: Parameters, expected: SafetensorsFile
) throws -> (name: String, deviation: Double) {
  let references = try parameters.entries.map { try expected.floats($0.name) }
  let largest = references.joined().reduce(0) { max($0, abs($1)) }
  var worst = (name: "", deviation: 0.0)
  for (entry, reference) in zip(parameters.entries, references) {
    let scale = Roundings.scale(of: reference, largest: largest)
    for (i, value) in reference.enumerated() {
      let found = gradients[entry.slot.offset + i]
      let error = found.isNaN ? .infinity : Double(abs(found - value) / scale)
      if error > worst.deviation { worst = (entry.name, error) }
    }
  }
  return worst
}

/// A new folder that is removed when the test that made it ends.
final class ScratchFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("mate-kd-trainers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
