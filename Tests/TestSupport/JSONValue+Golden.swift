import Kernels
import StrictJSON

extension JSONValue {
  /// The integers of an array; empty where there is none.
  package func integers(_ key: String) -> [Int] { (self[key]?.array ?? []).compactMap(\.int) }

  /// The numbers of an array; empty where there is none.
  package func numbers(_ key: String) -> [Double] { (self[key]?.array ?? []).compactMap(\.double) }

  /// A number; NaN where there is none, which no comparison accepts.
  package func number(_ key: String) -> Double { self[key]?.double ?? .nan }

  /// A tensor as a matrix.
  package func matrix(_ key: String) -> Matrix {
    let floats = (self[key]?.numbers("values") ?? []).map { Float($0) }
    let columns = self[key]?.integers("shape").last ?? 1
    return Matrix(floats, rows: floats.count / columns, columns: columns)
  }
}
