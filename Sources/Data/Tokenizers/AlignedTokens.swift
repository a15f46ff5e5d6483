/// The token ids of a text, with the bytes that each token represents.
public struct AlignedTokens: Sendable, Equatable {
  /// Token ids.
  public private(set) var ids: [Int32] = []
  /// The bytes of each token, counted from the beginning of the text. Lower bounds never decrease,
  /// but tokens may share bytes and may leave some out. A token that represents no bytes has an
  /// empty range.
  public private(set) var ranges: [Range<Int>] = []

  /// No tokens.
  public init() {}

  /// Number of tokens.
  public var count: Int { ids.count }

  /// Adds a token that represents the bytes at `indices` of `text`.
  mutating func append(_ id: Int32, _ indices: Range<Int>, in text: ArraySlice<UInt8>) {
    ids.append(id)
    ranges.append(indices.lowerBound - text.startIndex..<indices.upperBound - text.startIndex)
  }
}
