/// The token ids of several texts, back to back without padding.
public struct PackedTokens: Sendable, Equatable {
  /// Vocabulary indices, special tokens included.
  public var ids: [Int32]
  /// The segment of each token (0 or 1 in BERT; ignored by models with fewer segments).
  public var typeIDs: [Int32]
  /// Text boundaries: text t owns tokens offsets[t]..<offsets[t + 1].
  public var offsets: [Int]
  /// True if a program reads the texts as vectors of its own (`inputs_embeds` in transformers)
  /// rather than as ids, so that none of the tokens is padding.
  public var standForVectors = false

  /// Packed texts.
  public init(ids: [Int32], typeIDs: [Int32], offsets: [Int]) {
    precondition(ids.count == typeIDs.count && offsets.last == ids.count && offsets.first == 0)
    self.ids = ids
    self.typeIDs = typeIDs
    self.offsets = offsets
  }

  /// Number of texts.
  public var count: Int { offsets.count - 1 }

  /// Indices of the tokens of a text.
  public func range(_ text: Int) -> Range<Int> { offsets[text]..<offsets[text + 1] }

  /// Length of the longest text.
  public var longest: Int {
    (0..<count).reduce(0) { max($0, offsets[$1 + 1] - offsets[$1]) }
  }

  /// Index of the first token of each text ([CLS], `<s>`).
  public var firstTokens: [Int] { Array(offsets.dropLast()) }

  /// Position of each token within its text.
  ///
  /// - Parameters:
  ///   - first: the position of the first token of a text.
  ///   - padding: an id that has the position before the first and is not counted, as in RoBERTa,
  ///     wherever it stands in a text; nil if all tokens count.
  public func positions(from first: Int = 0, padding: Int32? = nil) -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(ids.count)
    for t in 0..<count {
      var next = first
      for row in range(t) {
        let isPadding = ids[row] == padding
        result.append(Int32(truncatingIfNeeded: isPadding ? first - 1 : next))
        if !isPadding { next += 1 }
      }
    }
    return result
  }

  /// Row boundaries per text for an ascending selection of tokens.
  public func borders(ofRows rows: [Int]) -> [Int] {
    var result = [0]
    result.reserveCapacity(offsets.count)
    var next = 0
    for t in 0..<count {
      while next < rows.count, rows[next] < offsets[t + 1] { next += 1 }
      result.append(next)
    }
    return result
  }
}
