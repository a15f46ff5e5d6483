import Kernels

/// Rows of a data set one after the other, without padding.
public struct PackedBatch: Sendable, Equatable {
  /// The texts.
  public var tokens = PackedTokens(ids: [], typeIDs: [], offsets: [0])
  /// True for tokens that the tokenizer added around the text; one for each token.
  public var isSpecial: [Bool] = []
  /// Index of each row in its data set.
  public var rows: [Int] = []
  /// What a model is to say of them.
  public var targets = Targets.none

  /// A batch without rows.
  public init() {}

  /// How many rows there are.
  public var count: Int { tokens.count }
}
