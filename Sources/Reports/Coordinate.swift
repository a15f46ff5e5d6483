import Foundation

/// A number within a drawing, with one decimal.
struct Coordinate: CustomStringConvertible {
  private let value: Double
  init(_ value: Double) { self.value = value }
  var description: String { String(format: "%g", (value * 10).rounded() / 10) }
}
