/// Rows of a data set back to back, without padding.
public struct PackedBatch: Sendable, Equatable {
  /// Token ids of all rows.
  public var tokenIDs: [Int32] = []
  /// Segment (0 or 1) of each token.
  public var typeIDs: [Int32] = []
  /// Where each row starts in the token arrays, then the end of the last: `count` + 1 elements.
  public var offsets: [Int] = [0]
  /// True for tokens that the tokenizer added around the text.
  public var isSpecial: [Bool] = []
  /// Index of each row in its data set.
  public var rows: [Int] = []
  /// Class of each row; empty if the data set has none.
  public var classLabels: [Int32] = []
  /// Score of each row; empty if the data set has none.
  public var scores: [Float] = []
  /// For rows that may have several labels: 1 for each label that a row has and 0 for each that it
  /// does not have, row by row. Empty for other data sets.
  public var targets: [Float] = []
  /// Position of the answer in each row; empty if the data set has none.
  public var spans: [TokenSpan] = []

  /// A batch without rows.
  public init() {}

  /// Number of rows.
  public var count: Int { offsets.count - 1 }

  /// Number of tokens of all rows.
  public var tokenCount: Int { tokenIDs.count }
}
