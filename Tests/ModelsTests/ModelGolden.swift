import Autograd
import Foundation
import Kernels
import Models
import StrictJSON
import TestSupport
import Testing

/// A folder of Tests/Goldens: a model that transformers made, and what torch computes with it in
/// float64 (scripts/goldens/bert_classifier.py, bert_mlm.py, minilm.py).
struct ModelGolden {
  let folder: String
  let json: JSONValue

  init(_ name: String) throws {
    folder = SafetensorsGolden.repository.appendingPathComponent("Tests/Goldens/\(name)").path
    let file = "\(folder)/expected.json"
    json = try StrictJSON.parse(String(contentsOfFile: file, encoding: .utf8), file: file)
  }

  struct Missing: Error { let key: String }

  func integers(_ key: String) throws -> [Int] {
    guard let values = json[key]?.array else { throw Missing(key: key) }
    return values.compactMap(\.int)
  }

  func number(_ key: String) throws -> Double {
    guard let value = json[key]?.double else { throw Missing(key: key) }
    return value
  }

  /// A tensor's numbers, row by row.
  func values(_ key: String) throws -> [Double] {
    guard let value = json[key] else { throw Missing(key: key) }
    return Self.values(value)
  }

  static func values(_ tensor: JSONValue) -> [Double] {
    (tensor["values"]?.array ?? []).compactMap(\.double)
  }

  /// The golden's texts, packed.
  func tokens() throws -> PackedTokens {
    guard let batch = json["batch"] else { throw Missing(key: "batch") }
    func list(_ key: String) -> [Int] { (batch[key]?.array ?? []).compactMap(\.int) }
    return PackedTokens(
      ids: list("ids").map { Int32($0) }, typeIDs: list("types").map { Int32($0) },
      offsets: list("lengths").reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) })
  }

  func labels() -> [Int32] {
    (json["batch"]?["labels"]?.array ?? []).compactMap(\.int).map { Int32($0) }
  }

  /// The gradients that torch found, by the names of the weights.
  func gradients() throws -> SafetensorsFile {
    try SafetensorsFile(path: "\(folder)/gradients.safetensors")
  }
}

/// The largest |value - expected|, relative to the largest expected magnitude.
func deviation(_ values: [Float], _ expected: [Double]) -> Double {
  guard values.count == expected.count, !values.isEmpty else { return .infinity }
  let scale = expected.reduce(0) { max($0, abs($1)) }
  let worst = zip(values, expected).reduce(0) { worst, pair in
    let error = abs(Double(pair.0) - pair.1)
    return error.isNaN ? .infinity : max(worst, error)
  }
  return worst == 0 ? 0 : worst / scale
}

extension Network {
  /// The largest of the families' goldens.
  static let ofFamilies = Network(layers: 3, width: 48, inner: 72, tokens: 24)
}

/// The weight whose gradient is farthest from torch's, and how far: |difference| relative to
/// `Roundings.scale`.
func worstGradient(
  _ buffer: Buffer, of parameters: Parameters, expected: SafetensorsFile
) throws -> (name: String, deviation: Double) {
  let references = try parameters.entries.map { try expected.floats($0.name) }
  let largest = references.joined().reduce(0) { max($0, abs($1)) }
  var worst = (name: "", deviation: 0.0)
  for (entry, reference) in zip(parameters.entries, references) {
    let slot = entry.slot
    let found = Matrix(buffer, offset: slot.offset, rows: slot.rows, columns: slot.columns).values
    let scale = Roundings.scale(of: reference, largest: largest)
    for (a, b) in zip(found, reference) {
      let error = a.isNaN ? .infinity : Double(abs(a - b) / scale)
      if error > worst.deviation { worst = (entry.name, error) }
    }
  }
  return worst
}

/// All weights of a model, compared bit by bit and shown in a few words.
struct Weights: Equatable, CustomTestStringConvertible {
  let floats: [Float]

  init(_ parameters: Parameters) {
    floats = Matrix(parameters.buffer, rows: 1, columns: parameters.count).values
  }

  static func == (a: Weights, b: Weights) -> Bool {
    a.floats.map(\.bitPattern) == b.floats.map(\.bitPattern)
  }

  var testDescription: String { "\(floats.count) weights, sum \(floats.reduce(0, +))" }
}

/// A pool whose free memory is full of NaN, so that whatever reads memory that nobody wrote shows.
func poisonedPool() -> BufferPool {
  let pool = BufferPool()
  let blocks = (0..<80).map { _ in pool.matrix(1, 4096) }
  for block in blocks { block.fill(.nan) }
  return pool
}

extension PackedTokens {
  /// Some of the texts.
  func only(_ texts: [Int]) -> PackedTokens {
    var result = PackedTokens(ids: [], typeIDs: [], offsets: [0])
    for text in texts {
      let range = offsets[text]..<offsets[text + 1]
      result.ids += ids[range]
      result.typeIDs += typeIDs[range]
      result.offsets.append(result.ids.count)
    }
    return result
  }
}
