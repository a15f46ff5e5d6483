/// How tokens become a text again: the decoder of a tokenizer, as `tokenizers` of Hugging Face has
/// it. What tokenizer.json says about the decoder is not read: every kind of tokenizer has one.
///
/// Special tokens that no text can spell stand for nothing in a text and are left out
/// (`skip_special_tokens`). Markers that texts may spell stay.
struct TokenDecoder: Sendable {
  /// What joins the tokens.
  enum Joining: Sendable {
    /// A space before every token that has no prefix, and none before punctuation (`WordPiece` with
    /// its `cleanup`).
    case words(prefix: [UInt8])
    /// Tokens spell bytes (`ByteLevel`).
    case bytes
    /// A mark stands for a space, but not in the first token if texts begin with one of their own
    /// (`Metaspace`); pieces such as `<0x0A>` are bytes (`ByteFallback`).
    case marks([UInt8], beginsWithMark: Bool, byteOfPiece: [Int32: UInt8])
  }

  let vocabulary: Vocabulary
  /// The ids that are left out.
  let omitted: Set<Int32>
  let joining: Joining

  /// The text of some tokens. Ids without a token are left out. Bytes that are not UTF-8 become
  /// U+FFFD.
  func text(_ ids: ArraySlice<Int32>) -> [UInt8] {
    let tokens = ids.compactMap { id in
      omitted.contains(id) ? nil : vocabulary.bytes(of: id).map { (id: id, bytes: $0) }
    }
    var text: [UInt8] = []
    switch joining {
    case .words(let prefix):
      for (place, token) in tokens.enumerated() {
        var word = Array(token.bytes)
        if place > 0 {
          let goesOn = word.starts(with: prefix)
          word = goesOn ? Array(word.dropFirst(prefix.count)) : [0x20] + word
        }
        text += Self.cleaned(word)
      }
    case .bytes:
      for token in tokens {
        text += ByteAlphabet.bytes(spelledBy: token.bytes) ?? Array(token.bytes)
      }
      if !text[...].isWellFormedUTF8 { text = Array(String(decoding: text, as: UTF8.self).utf8) }
    case .marks(let mark, let beginsWithMark, let byteOfPiece):
      var spelled: [UInt8] = []
      func endBytes() {
        // Where bytes make no text, each of them is U+FFFD.
        text += spelled[...].isWellFormedUTF8 ? spelled : spelled.flatMap { _ in Self.replacement }
        spelled = []
      }
      for (place, token) in tokens.enumerated() {
        if let byte = byteOfPiece[token.id] {
          spelled.append(byte)
          continue
        }
        endBytes()
        var rest = token.bytes
        while !rest.isEmpty {
          if rest.starts(with: mark) {
            rest = rest.dropFirst(mark.count)
            if place > 0 || !beginsWithMark { text.append(0x20) }
          } else {
            text.append(rest.removeFirst())
          }
        }
      }
      endBytes()
    }
    return text
  }

  private static let replacement = Array("\u{FFFD}".utf8)

  /// A word without the space before what stands close to the word before it.
  private static func cleaned(_ word: [UInt8]) -> [UInt8] {
    let isClose = closeWords.contains { word.starts(with: $0) }
    return isClose ? Array(word.dropFirst()) : word
  }

  /// What the `cleanup` of `tokenizers` joins, as far as a single token can spell it.
  private static let closeWords = [
    " .", " ?", " !", " ,", " n't", " 'm", " 's", " 've", " 're",
  ].map { Array($0.utf8) }
}
