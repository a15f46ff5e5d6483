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
  /// True if it is matched after the tokens that are not normalised.
  public var isNormalized: Bool
  /// True if a text gives its id only where special tokens are parsed.
  public var isSpecial: Bool

  /// An added token; a special one by default.
  public init(
    id: Int32, content: String, stripsLeft: Bool = false, stripsRight: Bool = false,
    isNormalized: Bool = false, isSpecial: Bool = true
  ) {
    self.id = id
    self.content = content
    self.stripsLeft = stripsLeft
    self.stripsRight = stripsRight
    self.isNormalized = isNormalized
    self.isSpecial = isSpecial
  }
}

/// Finds added tokens in texts, leftmost first, and the longest of several at one place, as Hugging
/// Face's `AddedVocabulary` does.
struct AddedTokenMatcher: Sendable {
  /// A part of a text.
  enum Segment {
    case text(ArraySlice<UInt8>)
    /// An added token and the indices of its bytes, including stripped white space.
    case token(Int32, at: Range<Int>)
  }

  private struct Candidate {
    var bytes: [UInt8]
    var token: AddedToken
  }

  /// One pass over a text, for the tokens that are matched together.
  private struct Pass {
    /// Longest first.
    var candidates: [Candidate]
    var begins = [Bool](repeating: false, count: 256)

    init(_ tokens: [AddedToken]) {
      candidates = tokens.map { Candidate(bytes: Array($0.content.utf8), token: $0) }
        .filter { !$0.bytes.isEmpty }
        .sorted { ($1.bytes.count, $0.token.id) < ($0.bytes.count, $1.token.id) }
      for candidate in candidates { begins[Int(candidate.bytes[0])] = true }
    }
  }

  private let passes: [Pass]
  private let parsesSpecialTokens: Bool

  init(_ tokens: [AddedToken], parsesSpecialTokens: Bool) {
    self.parsesSpecialTokens = parsesSpecialTokens
    // A pass whose tokens would all be read as text changes nothing.
    passes = [tokens.filter { !$0.isNormalized }, tokens.filter { $0.isNormalized }]
      .filter { $0.contains { parsesSpecialTokens || !$0.isSpecial } }.map(Pass.init)
  }

  /// Splits a text into added tokens and what lies between them; no part is empty.
  func split(_ text: ArraySlice<UInt8>, _ body: (Segment) -> Void) {
    split(text, passes[...], body)
  }

  private func split(
    _ text: ArraySlice<UInt8>, _ passes: ArraySlice<Pass>, _ body: (Segment) -> Void
  ) {
    guard let pass = passes.first else {
      if !text.isEmpty { body(.text(text)) }
      return
    }
    // Everything before `start` is done.
    var start = text.startIndex
    var position = start
    while position < text.endIndex {
      guard pass.begins[Int(text[position])],
        let match = pass.candidates.first(where: { text[position...].starts(with: $0.bytes) })
      else {
        position += 1
        continue
      }
      let found = position
      position += match.bytes.count
      // It is read as text, but no other token may start inside it.
      if match.token.isSpecial, !parsesSpecialTokens { continue }
      let left = match.token.stripsLeft ? Self.left(of: found, in: text[start...]) : found
      if match.token.stripsRight { position = Self.right(of: position, in: text) }
      split(text[start..<left], passes.dropFirst(), body)
      body(.token(match.token.id, at: left..<position))
      start = position
    }
    split(text[start...], passes.dropFirst(), body)
  }

  /// The start of the white space that ends at `end`.
  private static func left(of end: Int, in text: ArraySlice<UInt8>) -> Int {
    var result = end
    var position = end
    while position > text.startIndex {
      position -= 1
      if text[position] & 0xC0 == 0x80 { continue }
      guard ByteLevelSplitter.isWhiteSpace(text, at: position) else { break }
      result = position
    }
    return result
  }

  /// The end of the white space that starts at `start`.
  private static func right(of start: Int, in text: ArraySlice<UInt8>) -> Int {
    var position = start
    while position < text.endIndex, ByteLevelSplitter.isWhiteSpace(text, at: position) {
      position += 1
      while position < text.endIndex, text[position] & 0xC0 == 0x80 { position += 1 }
    }
    return position
  }
}
