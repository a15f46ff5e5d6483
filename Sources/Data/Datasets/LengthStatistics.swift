/// The lengths of rows in tokens, including special tokens, and what a limit would cut off.
public struct LengthStatistics: Sendable, Equatable {
  /// Number of tokens of the shortest and of the longest row.
  public let minimum, maximum: Int
  /// Tokens per row: the mean, the median, and the 95th percentile, computed as in numpy. NaN
  /// without rows.
  public let mean, median, percentile95: Double
  /// The limit in tokens.
  public let limit: Int
  /// Number of rows with more tokens than the limit.
  public let truncatedRows: Int
  /// Share of these rows among all rows, from 0 to 1; NaN without rows.
  public let truncatedShare: Double
  /// Share of all tokens that the limit cuts off, from 0 to 1; NaN without rows.
  public let lostShare: Double

  /// The statistics of rows with these lengths.
  public init(lengths: [Int], limit: Int) {
    let sorted = lengths.sorted().map(Double.init)
    let total = sorted.reduce(0, +)
    let lost = lengths.reduce(0) { $0 + max(0, $1 - limit) }
    minimum = lengths.min() ?? 0
    maximum = lengths.max() ?? 0
    mean = total / Double(lengths.count)
    median = Percentile.value(0.5, ofAscending: sorted)
    percentile95 = Percentile.value(0.95, ofAscending: sorted)
    self.limit = limit
    truncatedRows = lengths.count { $0 > limit }
    truncatedShare = Double(truncatedRows) / Double(lengths.count)
    lostShare = Double(lost) / total
  }
}
