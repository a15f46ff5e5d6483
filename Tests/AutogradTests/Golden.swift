import Kernels
import StrictJSON
import TestSupport

/// One case of a file in Tests/Goldens/functions: float32 inputs, and what torch computes from them
/// in float64 (scripts/goldens/functions.py).
struct GoldenCase: Sendable, CustomStringConvertible {
  private let json: JSONValue
  let description: String

  /// All cases of a file.
  static func all(_ file: String) throws -> [GoldenCase] {
    let path = TestFiles.golden("functions/\(file).json")
    let root = try StrictJSON.parse(TestFiles.bytes(path), file: path)
    return (root["cases"]?.array ?? []).map { json in
      GoldenCase(json: json, description: "\(file) \(json["name"]?.string ?? "")")
    }
  }

  struct Missing: Error { let place: String }

  func number(_ key: String) throws -> Double {
    guard let value = json["parameters"]?[key]?.double else { throw Missing(place: key) }
    return value
  }

  func text(_ key: String) throws -> String {
    guard let value = json["parameters"]?[key]?.string else { throw Missing(place: key) }
    return value
  }

  func flag(_ key: String) throws -> Bool {
    guard let value = json["parameters"]?[key]?.bool else { throw Missing(place: key) }
    return value
  }

  func integers(_ key: String) throws -> [Int] {
    guard let values = json["integers"]?[key]?.array else { throw Missing(place: key) }
    return values.compactMap(\.int)
  }

  /// A tensor's numbers, row by row; `key` nil for a tensor directly at `group`.
  func values(_ group: String, _ key: String? = nil) throws -> [Double] {
    let value = key.flatMap { json[group]?[$0] } ?? (key == nil ? json[group] : nil)
    if let number = value?.double { return [number] }
    guard let values = value?["values"]?.array else {
      throw Missing(place: "\(group) \(key ?? "")")
    }
    return values.compactMap(\.double)
  }

  func has(_ group: String, _ key: String) -> Bool { json[group]?[key] != nil }

  /// A tensor as a matrix: vectors are one row, scalars one element.
  func matrix(_ group: String, _ key: String? = nil) throws -> Matrix {
    let floats = try values(group, key).map { Float($0) }
    let shape = ((key.map { json[group]?[$0] } ?? json[group])??["shape"]?.array ?? [])
      .compactMap(\.int)
    let columns = shape.last ?? 1
    return Matrix(floats, rows: columns == 0 ? 0 : floats.count / columns, columns: columns)
  }

  func input(_ key: String) throws -> Matrix { try matrix("inputs", key) }
}

/// Borders of packed sequences.
func offsets(_ lengths: [Int]) -> [Int] {
  lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
}

/// The largest |value - expected|, relative to the largest expected magnitude but at least 1.
func deviation(_ values: [Float]?, _ expected: [Double]) -> Double {
  guard let values, values.count == expected.count else { return .infinity }
  let scale = expected.reduce(1) { max($0, abs($1)) }
  return zip(values, expected).reduce(0) { worst, pair in
    let error = abs(Double(pair.0) - pair.1) / scale
    return error.isNaN ? .infinity : max(worst, error)
  }
}
