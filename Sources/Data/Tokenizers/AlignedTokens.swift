/// Token ids of a text with the bytes that each token stands for.
public struct AlignedTokens: Sendable, Equatable {
  /// Token ids.
  public private(set) var ids: [Int32] = []
  /// The bytes of each token, counted from the first of the text. Lower bounds never decrease, but
  /// tokens may share bytes and leave some out; a token that stands for none has an empty range.
  public private(set) var ranges: [Range<Int>] = []

  /// No tokens.
  public init() {}

  /// How many tokens there are.
  public var count: Int { ids.count }

  /// Adds a token that stands for the bytes at `indices` of `text`.
  mutating func append(_ id: Int32, _ indices: Range<Int>, in text: ArraySlice<UInt8>) {
    ids.append(id)
    ranges.append(indices.lowerBound - text.startIndex..<indices.upperBound - text.startIndex)
  }
}
