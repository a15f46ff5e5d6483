/// A token that is matched in a text as a whole, before the text is split into words.
public struct AddedToken: Sendable, Equatable {
  /// Its id.
  public var id: Int32
  /// Its spelling.
  public var content: String
  /// True if it includes the white space to its left, as RoBERTa's `<mask>` does.
  public var stripsLeft: Bool
  /// True if it includes the white space to its right.
  public var stripsRight: Bool
  /// True if it is found only where no letter, digit or underscore touches it.
  public var isSingleWord: Bool
  /// True if its normalised spelling is found in normalised texts, after the other tokens.
  public var isNormalized: Bool
  /// True if a text gives its id only where special tokens are read as such.
  public var isSpecial: Bool

  /// An added token; a special one by default.
  public init(
    id: Int32, content: String, stripsLeft: Bool = false, stripsRight: Bool = false,
    isSingleWord: Bool = false, isNormalized: Bool = false, isSpecial: Bool = true
  ) {
    self.id = id
    self.content = content
    self.stripsLeft = stripsLeft
    self.stripsRight = stripsRight
    self.isSingleWord = isSingleWord
    self.isNormalized = isNormalized
    self.isSpecial = isSpecial
  }
}

extension [AddedToken] {
  /// The spellings of special tokens beyond the usual five that texts may spell.
  func markers(special: SpecialTokens, readAsText: Set<Int32>) -> [String] {
    filter { $0.isSpecial && !readAsText.contains($0.id) && !special.all.contains($0.id) }
      .map(\.content)
  }
}

/// Finds added tokens in texts, leftmost first, and the longest of several at one place, as Hugging
/// Face's `AddedVocabulary` does.
struct AddedTokenMatcher: Sendable {
  /// A part of a text.
  enum Segment {
    case text(ArraySlice<UInt8>)
    /// Text that is normalised already; the origins of its bytes have the same indices.
    case normalized(ArraySlice<UInt8>, origins: [Range<Int>])
    /// An added token and the indices of its bytes, including stripped white space.
    case token(Int32, at: Range<Int>)
  }

  private struct Candidate {
    var bytes: [UInt8]
    var token: AddedToken
    var isText: Bool
  }

  /// One pass over a text, for the tokens that are matched together.
  private struct Pass {
    private let candidates: [Candidate]
    /// Their spellings. Of equal ones the first counts.
    private let trie: PieceTrie
    private var begins = [Bool](repeating: false, count: 256)

    init(_ tokens: [AddedToken], readAsText: Set<Int32>, spelling: (AddedToken) -> [UInt8]) {
      let inOrder = tokens.filter(\.isSpecial) + tokens.filter { !$0.isSpecial }
      let all = inOrder.map {
        Candidate(bytes: spelling($0), token: $0, isText: readAsText.contains($0.id))
      }
      .filter { !$0.bytes.isEmpty }
      candidates = all
      // Of equal keys the one with the highest id counts in a trie.
      trie = PieceTrie(
        all.enumerated().map { ($0.element.bytes[...], Int32(all.count - 1 - $0.offset)) })
      for candidate in all { begins[Int(candidate.bytes[0])] = true }
    }

    /// The longest candidate that is spelled at a place of a text.
    func match(in text: ArraySlice<UInt8>, at start: Int) -> Candidate? {
      guard begins[Int(text[start])] else { return nil }
      var (node, place, found) = (PieceTrie.root, start, Int32(-1))
      while place < text.endIndex, let next = trie.child(of: node, by: text[place]) {
        node = next
        place += 1
        if trie.id(at: node) >= 0 { found = trie.id(at: node) }
      }
      return found < 0 ? nil : candidates[candidates.count - 1 - Int(found)]
    }
  }

  private var raw: Pass?
  private var normalized: Pass?
  private let normalize: Normalize?

  /// A normaliser: the normalised text and, for each of its bytes, the indices of what it comes
  /// from.
  typealias Normalize = @Sendable (ArraySlice<UInt8>) -> (bytes: [UInt8], origins: [Range<Int>])

  /// A matcher.
  ///
  /// - Parameters:
  ///   - readAsText: the ids of tokens that are not looked for. Where one is spelled, no other
  ///     token may start inside it.
  ///   - normalize: what happens to texts before normalised tokens are looked for; nil for nothing.
  init(_ tokens: [AddedToken], readAsText: Set<Int32>, normalize: Normalize? = nil) {
    let normalizedTokens = tokens.filter(\.isNormalized)
    // A pass whose tokens would all be read as text changes nothing.
    func pass(
      _ tokens: [AddedToken], _ spelling: (AddedToken) -> [UInt8]
    ) -> Pass? {
      guard tokens.contains(where: { !readAsText.contains($0.id) }) else { return nil }
      return Pass(tokens, readAsText: readAsText, spelling: spelling)
    }
    raw = pass(tokens.filter { !$0.isNormalized }) { Array($0.content.utf8) }
    self.normalize = normalize
    normalized = pass(normalizedTokens) { token in
      let bytes = Array(token.content.utf8)
      return normalize?(bytes[...]).bytes ?? bytes
    }
  }

  /// Splits a text into added tokens and what lies between them; no part is empty.
  func split(_ text: ArraySlice<UInt8>, _ body: (Segment) -> Void) {
    Self.split(text, raw, token: { body(.token($0, at: $1)) }) { piece in
      guard normalized != nil else { return body(.text(piece)) }
      guard let normalize else {
        Self.split(piece, normalized, token: { body(.token($0, at: $1)) }) { body(.text($0)) }
        return
      }
      let (bytes, origins) = normalize(piece)
      Self.split(
        bytes[...], normalized,
        token: { id, range in
          let start = origins[range.lowerBound].lowerBound
          body(.token(id, at: start..<max(start, origins[range.upperBound - 1].upperBound)))
        },
        text: { body(.normalized($0, origins: origins)) })
    }
  }

  private static func split(
    _ text: ArraySlice<UInt8>, _ pass: Pass?, token: (Int32, Range<Int>) -> Void,
    text rest: (ArraySlice<UInt8>) -> Void
  ) {
    guard let pass else {
      if !text.isEmpty { rest(text) }
      return
    }
    // Everything before `start` is done.
    var start = text.startIndex
    var position = start
    while position < text.endIndex {
      guard let match = pass.match(in: text, at: position) else {
        position += 1
        continue
      }
      let found = position
      position += match.bytes.count
      // It is read as text, but no other token may start inside it.
      if match.isText { continue }
      if match.token.isSingleWord,
        WordCharacter.ends(text[..<found]) || WordCharacter.starts(text[position...])
      {
        continue
      }
      let left =
        match.token.stripsLeft
        ? ByteLevelSplitter.startOfWhiteSpace(endingAt: found, in: text[start...]) : found
      if match.token.stripsRight {
        position = ByteLevelSplitter.endOfWhiteSpace(from: position, in: text)
      }
      if start < left { rest(text[start..<left]) }
      token(match.token.id, left..<position)
      start = position
    }
    if start < text.endIndex { rest(text[start...]) }
  }
}
