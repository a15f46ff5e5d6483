import Files

/// What vocabulary files say about a WordPiece tokenizer.
struct WordPieceModel: Sendable {
  var vocabulary: Vocabulary
  /// The normalisation, if the file states it.
  var normalization: Normalization?
  var unknown = "[UNK]"
  var continuationPrefix = "##"
  var longestWord = 100

  /// A model over a vocabulary, with BERT's settings.
  init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  /// Reads a `vocab.txt`, with one token per line.
  init(vocabularyFile path: String, added: [AddedToken]) throws {
    let bytes = try ByteFile.read(path, atMost: ByteFile.longestDescription)
    for (index, line) in ByteLines(bytes).enumerated() {
      try Vocabulary.requireReasonable(index + 1, in: path)
      guard bytes[line].isWellFormedUTF8 else {
        throw FileError(file: path, line: index + 1, problem: "the token is not valid UTF-8.")
      }
      if let problem = Self.problem(of: bytes[line]) {
        throw FileError(file: path, line: index + 1, problem: problem)
      }
    }
    let listed = Vocabulary(lines: bytes)
    guard listed.count > 0 else {
      throw FileError(file: path, problem: "the vocabulary is empty; it needs a token a line.")
    }
    vocabulary = added.isEmpty ? listed : try listed.appending(added, file: path)
  }

  /// What versions of transformers read differently in a line of a `vocab.txt`: 5 cuts white space
  /// at its end, and 4 ends a line at a carriage return. Lines of nothing but white space are no
  /// token that a text can become in either.
  private static func problem(of line: ArraySlice<UInt8>) -> String? {
    guard let last = line.last, last <= 0x20 || last >= 0x80 || line.contains(0x0D) else {
      return nil
    }
    let scalars = String(decoding: line, as: UTF8.self).unicodeScalars
    if scalars.dropLast().contains("\r") || scalars.last == "\r" && scalars.count > 1 {
      return "the token contains a carriage return, which ends a line in transformers 4 only; "
        + "remove it."
    }
    guard scalars.last?.properties.isWhitespace == true,
      scalars.contains(where: { !$0.properties.isWhitespace })
    else { return nil }
    return "the token ends with white space, which transformers 5 cuts and 4 does not; remove it."
  }
}
