import Autograd
import Kernels
import Models
import StrictJSON
import TestSupport

extension ModelGolden {
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
    tensor.numbers("values")
  }

  /// The golden's texts, packed.
  func tokens() throws -> PackedTokens {
    guard let batch = json["batch"] else { throw Missing(key: "batch") }
    return PackedTokens(golden: batch)
  }

  func labels() -> [Int32] {
    (json["batch"]?.integers("labels") ?? []).map { Int32($0) }
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

/// The same of gradients as the tape leaves them.
func worstGradient(
  _ gradients: Buffer, of parameters: Parameters, expected: SafetensorsFile
) throws -> (name: String, deviation: Double) {
  try worstGradient(
    Matrix(gradients, rows: 1, columns: parameters.count).values, of: parameters,
    expected: expected)
}

extension Network {
  /// The largest of the families' goldens.
  static let ofFamilies = Network(layers: 3, width: 48, inner: 72, tokens: 24)
}
