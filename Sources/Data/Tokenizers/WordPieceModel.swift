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
    }
    let listed = Vocabulary(lines: bytes)
    guard listed.count > 0 else {
      throw FileError(file: path, problem: "the vocabulary is empty; it needs a token a line.")
    }
    vocabulary = added.isEmpty ? listed : try listed.appending(added, file: path)
  }
}
