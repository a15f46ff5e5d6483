import Data
import StrictJSON

extension LengthStatistics {
  /// The columns of `cells`.
  static let columns: [TextTable.Column] = [
    .number("shortest"), .number("mean"), .number("median"), .number("95 %"), .number("longest"),
  ]

  /// Lengths alone, without what the limit does.
  var cells: [String] {
    ["\(minimum)"] + [mean, median, percentile95].map { NumberText.fixed($0, 1) } + ["\(maximum)"]
  }

  /// Lengths and the limit.
  var members: [(String, JSONValue)] {
    [
      ("minimum", .int(minimum)), ("mean", .double(mean)), ("median", .double(median)),
      ("percentile_95", .double(percentile95)), ("maximum", .int(maximum)),
      ("max_seq_length", .int(limit)),
    ]
  }
}
