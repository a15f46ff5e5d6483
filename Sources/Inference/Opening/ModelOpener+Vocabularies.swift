import Data
import Models

extension ModelOpener {
  /// Checks that a model has an embedding for every id, segment and position of its tokenizer.
  ///
  /// - Throws: `MismatchError`.
  package static func checkVocabulary<M: Model>(_ opened: OpenedModel<M>) throws -> OpenedModel<M> {
    let rows = opened.model.encoder.configuration.vocabularySize
    let tokens = opened.tokenizer.vocabularySize
    guard rows >= tokens else {
      throw MismatchError(
        .vocabulary,
        "\(opened.role) (\(opened.tokenizerSource)) has embeddings for \(rows) tokens (vocab_size "
          + "in config.json), but its tokenizer has \(tokens); they belong to different models")
    }
    try checkTemplate(of: opened.tokenizer, fits: opened.model, role: opened.role)
    return opened
  }

  /// Checks that a model has a segment embedding for every segment that a tokenizer gives, and
  /// positions for the special tokens that it adds to every text. Models with fewer than two
  /// segments ignore them.
  ///
  /// - Throws: `MismatchError`.
  package static func checkTemplate(
    of tokenizer: any Tokenizer, fits model: any Model, role: String
  ) throws {
    let (c, template) = (model.encoder.configuration, tokenizer.template)
    let segment = Int(template.largestSegment)
    guard c.typeVocabularySize < 2 || segment < c.typeVocabularySize else {
      throw MismatchError(
        .vocabulary,
        "the tokenizer of the \(role) puts tokens into segment \(segment) (the post_processor of "
          + "tokenizer.json), but the \(role) has segments 0 to \(c.typeVocabularySize - 1) only "
          + "(type_vocab_size in config.json)")
    }
    guard template.mostSpecialTokens <= c.maximumLength else {
      throw MismatchError(
        .vocabulary,
        "the tokenizer of the \(role) adds \(template.mostSpecialTokens) special tokens to a text, "
          + "but the \(role) has position embeddings for \(c.maximumLength) tokens only")
    }
  }

  /// Checks that a generator's words are the words of another model, row by row. A generator may
  /// choose any row of its embeddings, even one that belongs to no token.
  ///
  /// - Throws: `MismatchError`.
  package static func checkEmbeddings<M: Model, G: Model>(
    of generator: OpenedModel<G>, fit other: OpenedModel<M>
  ) throws {
    let (rows, others) = (
      generator.model.encoder.configuration.vocabularySize,
      other.model.encoder.configuration.vocabularySize
    )
    guard rows == others else {
      throw MismatchError(
        .vocabulary,
        "the \(generator.role) has \(rows) rows of word embeddings (vocab_size), the "
          + "\(other.role) has \(others); the words that one writes must be words of the other")
    }
  }

  /// Checks that two models read the same token ids.
  ///
  /// - Throws: `MismatchError` with sizes, hashes and the first token that differs.
  package static func checkVocabularies(
    _ a: (role: String, tokenizer: any Tokenizer), _ b: (role: String, tokenizer: any Tokenizer)
  ) throws {
    guard a.tokenizer.vocabularyHash != b.tokenizer.vocabularyHash else { return }
    let longest = max(a.tokenizer.vocabularySize, b.tokenizer.vocabularySize)
    var difference = "the special tokens differ"
    for id in 0..<Int32(longest) {
      let left = a.tokenizer.token(for: id)
      let right = b.tokenizer.token(for: id)
      if left != right {
        difference =
          "the first difference is id \(id): \(left.map { "\"\($0)\"" } ?? "none") against "
          + "\(right.map { "\"\($0)\"" } ?? "none")"
        break
      }
    }
    throw MismatchError(
      .vocabulary,
      "\(a.role) and \(b.role) have different vocabularies (\(a.tokenizer.vocabularySize) tokens, "
        + "hash \(a.tokenizer.vocabularyHash.prefix(16)); \(b.tokenizer.vocabularySize) tokens, hash "
        + "\(b.tokenizer.vocabularyHash.prefix(16))); \(difference); all models of a run must "
        + "share one vocabulary")
  }
}
