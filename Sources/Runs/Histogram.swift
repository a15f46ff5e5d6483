import StrictJSON

/// How often values that are not negative lie in ranges of the same width, from 0 on.
package struct Histogram: Sendable, Equatable {
  /// The width of a range.
  package let width: Double
  /// The number of values in each range; the last range is not empty.
  package let counts: [Int]
  /// The least and the greatest value, the sum of all, and that of their squares.
  package let least, greatest, sum, sumOfSquares: Double

  /// The number of values.
  package var count: Int { counts.reduce(0, +) }

  /// - Parameters:
  ///   - values: those that are not finite are left out, and those below 0, which only roundings
  ///     can
  ///     bring about here, count as 0.
  package init(_ values: [Double], width: Double) {
    let values = values.filter(\.isFinite).map { max(0, $0) }
    self.width = width
    least = values.min() ?? 0
    greatest = values.max() ?? 0
    sum = values.reduce(0, +)
    sumOfSquares = values.reduce(0) { $0 + $1 * $1 }
    var counts = [Int](repeating: 0, count: values.isEmpty ? 0 : Int(greatest / width) + 1)
    for value in values { counts[Int(value / width)] += 1 }
    self.counts = counts
  }

  /// The histogram as it stands in a line of a run's file.
  func json(step: Int) -> JSONValue {
    let mean = count > 0 ? sum / Double(count) : 0
    return .object([
      ("step", .int(step)), ("mean", .double(mean)), ("least", .double(least)),
      ("greatest", .double(greatest)), ("width", .double(width)),
      ("counts", .array(counts.map { JSONValue.int($0) })),
    ])
  }
}
