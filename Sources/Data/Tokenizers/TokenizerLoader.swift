import Files

/// Finds and builds the tokenizer of a Hugging Face model folder.
public enum TokenizerLoader {
  /// Loads the tokenizer from `tokenizer.json`. Without that file it uses `vocab.json` and
  /// `merges.txt` (byte-level byte-pair encoding), or `vocab.txt` (WordPiece). If both of these are
  /// present, `tokenizer_class` or the `model_type` of `config.json` decides. Settings in
  /// `tokenizer_config.json` (`do_lower_case`, `strip_accents`, `tokenize_chinese_chars`,
  /// `add_prefix_space`, names of the special tokens) override those of `tokenizer.json`.
  ///
  /// - Parameter parseSpecialTokens: whether special tokens spelled in a text give their ids, as in
  ///   Hugging Face's tokenizers. Off by default: other people's text must not be able to inject
  ///   them.
  /// - Throws: `FileError` or `JSONError`, with file and key.
  public static func load(
    folder: String, parseSpecialTokens: Bool = false
  ) throws -> any Tokenizer {
    let settings = try TokenizerSettings(folder: folder)
    let definition = try definition(folder: folder, settings)
    let specialTokens = try definition.specialTokens(settings)
    let added = definition.addedTokens(specialTokens, settings)
    switch definition.model {
    case .wordPiece(let model):
      for token in added where token.isNormalized && (parseSpecialTokens || !token.isSpecial) {
        throw FileError(
          file: definition.source,
          problem: "the added token \"\(token.content)\" has \"normalized\": true, which is not "
            + "supported with WordPiece; set it to false.")
      }
      let template =
        definition.template ?? .bert(cls: specialTokens.cls, sep: specialTokens.sep)
      return WordPieceTokenizer(
        vocabulary: model.vocabulary, specialTokens: specialTokens,
        normalization: settings.apply(to: model.normalization),
        parseSpecialTokens: parseSpecialTokens, addedTokens: added,
        template: settings.givesSegments ? template : template.withoutSegments,
        continuationPrefix: model.continuationPrefix, longestWord: model.longestWord)
    case .bytePair(var model):
      model.addsPrefixSpace = settings.addsPrefixSpace ?? model.addsPrefixSpace
      return BytePairTokenizer(
        model: model, specialTokens: specialTokens, addedTokens: added,
        template: definition.template, parseSpecialTokens: parseSpecialTokens)
    }
  }

  private static func definition(
    folder: String, _ settings: TokenizerSettings
  ) throws -> TokenizerDefinition {
    let (json, lines) = ("\(folder)/tokenizer.json", "\(folder)/vocab.txt")
    let (pairs, merges) = ("\(folder)/vocab.json", "\(folder)/merges.txt")
    if ByteFile.exists(json) { return try TokenizerJSON(json).definition() }
    let hasLines = ByteFile.exists(lines)
    if ByteFile.exists(pairs), !hasLines || settings.isBytePair == true {
      guard ByteFile.exists(merges) else {
        throw FileError(
          file: folder,
          problem: "the folder has vocab.json but not merges.txt; give both, or tokenizer.json.")
      }
      return TokenizerDefinition(
        model: .bytePair(
          try BytePairModel(
            vocabularyFile: pairs, mergesFile: merges, added: settings.addedTokens)),
        addedTokens: settings.addedTokens, names: TokenizerDefinition.namesOfRoBERTa, source: pairs)
    }
    guard hasLines else {
      throw FileError(
        file: folder,
        problem: "the folder has neither vocab.txt nor tokenizer.json nor vocab.json and "
          + "merges.txt; give a model folder with its tokenizer.")
    }
    return TokenizerDefinition(
      model: .wordPiece(
        try WordPieceModel(vocabularyFile: lines, added: settings.addedTokens)),
      addedTokens: settings.addedTokens, names: TokenizerDefinition.namesOfBERT, source: lines)
  }
}
