import Data
import StrictJSON

extension LengthStatistics {
  /// The columns of `cells`.
  static let columns: [TextTable.Column] = [
    .number("shortest"), .number("mean"), .number("median"), .number("95 %"), .number("longest"),
  ]

  /// The lengths alone, without the effect of the limit.
  var cells: [String] {
    ["\(minimum)"] + [mean, median, percentile95].map { NumberText.fixed($0, 1) } + ["\(maximum)"]
  }

  /// The lengths and the effect of the limit.
  var members: [(String, JSONValue)] {
    [
      ("minimum", .int(minimum)), ("mean", .double(mean)), ("median", .double(median)),
      ("percentile_95", .double(percentile95)), ("maximum", .int(maximum)),
      ("max_seq_length", .int(limit)),
    ]
  }
}
