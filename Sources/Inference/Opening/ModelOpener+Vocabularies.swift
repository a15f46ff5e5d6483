import Data
import Models

extension ModelOpener {
  /// A sentence about special tokens that texts may spell; nil if there are none but the usual
  /// five.
  package static func markerNotice(_ role: String, _ tokenizer: any Tokenizer) -> String? {
    let markers = tokenizer.markers
    guard let first = markers.first else { return nil }
    let shown =
      markers.count > 8
      ? "\(first) and \(markers.count - 1) others" : markers.joined(separator: ", ")
    return
      "\(role): special tokens that its tokenizer adds (\(shown)) "
      + "are read as such where texts spell them; special_tokens_in_text false makes them text"
  }

  /// Checks that a model has an embedding for every id, segment and position of its tokenizer, and
  /// counts positions from its padding.
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
    let configuration = opened.model.encoder.configuration
    let padding = Int(opened.tokenizer.specialTokens.pad)
    guard configuration.firstPosition == 0 || configuration.padTokenID == padding else {
      throw MismatchError(
        .vocabulary,
        "\(opened.role) (\(opened.tokenizerSource)) has pad_token_id \(configuration.padTokenID) "
          + "in config.json, from which it counts positions, but its tokenizer pads with "
          + "\(padding); they belong to different models")
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

  /// Checks that two models read the same token ids: that their vocabularies are equal, and that
  /// both tokenizers make the same tokens of every text. A student that was trained on another
  /// tokenizer's ids would be saved with a tokenizer that it does not know.
  ///
  /// - Parameter segments: whether the segments of tokens matter; false if one of the models has
  ///   none.
  /// - Throws: `MismatchError` with what differs first.
  package static func checkVocabularies(
    _ a: (role: String, tokenizer: any Tokenizer), _ b: (role: String, tokenizer: any Tokenizer),
    segments: Bool = true
  ) throws {
    guard a.tokenizer.vocabularyHash == b.tokenizer.vocabularyHash else {
      throw differentVocabularies(a, b)
    }
    let difference = a.tokenizer.traits.difference(
      from: b.tokenizer.traits, ignoring: segments ? [] : [TokenizerTraits.segments])
    if let difference {
      throw MismatchError(
        .vocabulary,
        "\(a.role) and \(b.role) have the same vocabulary, but cut texts into different tokens: "
          + "\(difference.name) is \(difference.value) in one and \(difference.other) in the "
          + "other; all models of a run read the same tokens, so correct the tokenizer files of one"
      )
    }
  }

  private static func differentVocabularies(
    _ a: (role: String, tokenizer: any Tokenizer), _ b: (role: String, tokenizer: any Tokenizer)
  ) -> MismatchError {
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
    return MismatchError(
      .vocabulary,
      "\(a.role) and \(b.role) have different vocabularies (\(a.tokenizer.vocabularySize) tokens, "
        + "hash \(a.tokenizer.vocabularyHash.prefix(16)); \(b.tokenizer.vocabularySize) tokens, "
        + "hash \(b.tokenizer.vocabularyHash.prefix(16))); \(difference); all models of a run must "
        + "share one vocabulary")
  }
}
