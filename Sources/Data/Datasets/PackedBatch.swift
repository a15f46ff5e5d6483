/// Rows of a data set one after the other, without padding.
public struct PackedBatch: Sendable, Equatable {
  /// Token ids of all rows.
  public var tokenIDs: [Int32] = []
  /// Segment (0 or 1) of each token.
  public var typeIDs: [Int32] = []
  /// Where each row starts in the token arrays, and the end of the last: `count` + 1 elements.
  public var offsets: [Int] = [0]
  /// True for tokens that the tokenizer added around the text.
  public var isSpecial: [Bool] = []
  /// Index of each row in its data set.
  public var rows: [Int] = []
  /// Class of each row; empty when the data set has none.
  public var classLabels: [Int32] = []
  /// Score of each row; empty when the data set has none.
  public var scores: [Float] = []
  /// For rows that may have several labels, 1 for each label of a row and 0 for each other one, row by
  /// row; empty for other data sets.
  public var targets: [Float] = []
  /// Where the answer is in each row; empty when the data set has none.
  public var spans: [TokenSpan] = []

  /// A batch without rows.
  public init() {}

  /// How many rows there are.
  public var count: Int { offsets.count - 1 }

  /// How many tokens all rows have.
  public var tokenCount: Int { tokenIDs.count }
}
