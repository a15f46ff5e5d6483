import Autograd
import Foundation
import Models
import StrictJSON

/// A folder of Tests/Goldens with the models it holds, and what torch computes with them in float64
/// (scripts/goldens/bert_classifier.py, mate_kd.py).
package struct ModelGolden {
  /// Where it is.
  package let folder: String
  /// What its file says.
  package let json: JSONValue

  /// The folder of this name.
  package init(_ name: String, file: String = "expected.json") throws {
    folder = TestFiles.golden(name)
    let file = "\(folder)/\(file)"
    json = try StrictJSON.parse(String(contentsOfFile: file, encoding: .utf8), file: file)
  }

  /// A model folder of the golden with dropout switched off, as the goldens are computed.
  ///
  /// The folder is a copy: dropout is a property of a model's configuration.
  package func modelFolder(_ name: String, in scratch: ScratchFolder) throws -> ModelFolder {
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

/// The weight whose gradient is farthest from torch's, and how far: |difference| relative to
/// `Roundings.scale`.
package func worstGradient(
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
