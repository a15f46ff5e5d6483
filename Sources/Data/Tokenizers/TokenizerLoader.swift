import Configuration
import Files

/// Finds and builds the tokenizer of a Hugging Face model folder.
public enum TokenizerLoader {
  /// Loads the tokenizer of a model folder, or of the Transformer that its `modules.json` names.
  ///
  /// It is read from `tokenizer.json`. Without that file it uses `vocab.json` and `merges.txt`
  /// (byte-level byte-pair encoding), or `vocab.txt` (WordPiece). If both of these are present,
  /// `tokenizer_class` or the `model_type` of `config.json` decides. Settings in
  /// `tokenizer_config.json` (`do_lower_case`, `strip_accents`, `tokenize_chinese_chars`,
  /// `add_prefix_space`, names of the special tokens) override those of `tokenizer.json`, unless
  /// `tokenizer_class` says that it counts alone. Unigram tokenizers are read from
  /// `tokenizer.json`.
  ///
  /// - Parameter parseSpecialTokens: whether special tokens spelled in a text give their ids: true
  ///   for all of them, as in Hugging Face's tokenizers; false for none. Nil, the default, leaves
  ///   it to `special_tokens_in_text` in `tokenizer_config.json`. Where that is not set, `[SEP]`
  ///   and the other tokens that every model has are text, because other people's text must not be
  ///   able to inject them; markers that the folder adds, such as `[E1]`, are read as such.
  /// - Throws: `FileError` or `JSONError`, with file and key.
  public static func load(
    folder: String, parseSpecialTokens: Bool? = nil
  ) throws -> any Tokenizer {
    let folder = try TransformerFolder.path(in: folder)
    let settings = try TokenizerSettings(folder: folder)
    var (definition, isFile) = try definition(folder: folder, settings)
    try definition.check(settings, isFile: isFile)
    try definition.complete(settings)
    let specialTokens = try definition.specialTokens(settings)
    let added = definition.addedTokens(specialTokens, settings)
    let inText = parseSpecialTokens ?? settings.specialTokensInText
    let core = Set(specialTokens.all)
    let readAsText = Set(
      added.lazy.filter { token in
        core.contains(token.id) ? inText != true : token.isSpecial && inText == false
      }.map(\.id))
    var template =
      definition.template
      ?? definition.usualTemplate(cls: specialTokens.cls, sep: specialTokens.sep)
    template.keepsEnd = settings.truncatesLeft ?? definition.truncatesLeft
    if try settings.omitsSegments(template) { template = template.withoutSegments }
    switch definition.model {
    case .wordPiece(let model):
      return WordPieceTokenizer(
        vocabulary: model.vocabulary, specialTokens: specialTokens,
        normalization: settings.apply(to: model.normalization), addedTokens: added,
        readAsText: readAsText, template: template,
        continuationPrefix: model.continuationPrefix, longestWord: model.longestWord)
    case .bytePair(var model):
      if settings.tokenizerClass?.isTheFileItself != true {
        model.addsPrefixSpace = settings.addsPrefixSpace ?? model.addsPrefixSpace
      }
      return BytePairTokenizer(
        model: model, specialTokens: specialTokens, addedTokens: added, readAsText: readAsText,
        template: template)
    case .unigram(let model):
      return UnigramTokenizer(
        model: settings.tokenizerClass?.isTheFileItself == true ? model : model.asXLMRoberta,
        specialTokens: specialTokens, addedTokens: added, readAsText: readAsText,
        template: template)
    }
  }

  /// True if the folder's model has segments, but its tokenizer does not give them.
  ///
  /// - Throws: as `load`.
  package static func omitsSegments(folder: String) throws -> Bool {
    let folder = try TransformerFolder.path(in: folder)
    let settings = try TokenizerSettings(folder: folder)
    let (definition, _) = try definition(folder: folder, settings)
    return try settings.omitsSegments(
      definition.template ?? definition.usualTemplate(cls: 0, sep: 0))
  }

  private static func definition(
    folder: String, _ settings: TokenizerSettings
  ) throws -> (TokenizerDefinition, isFile: Bool) {
    let (json, lines) = ("\(folder)/tokenizer.json", "\(folder)/vocab.txt")
    let (pairs, merges) = ("\(folder)/vocab.json", "\(folder)/merges.txt")
    if ByteFile.exists(json) { return (try TokenizerJSON(json).definition(), true) }
    let hasLines = ByteFile.exists(lines)
    if ByteFile.exists(pairs), !hasLines || settings.kind == .bytePair {
      guard ByteFile.exists(merges) else {
        throw FileError(
          file: folder,
          problem: "the folder has vocab.json but not merges.txt; give both, or tokenizer.json.")
      }
      let model = try BytePairModel(
        vocabularyFile: pairs, mergesFile: merges, added: settings.addedTokens)
      return (
        TokenizerDefinition(
          model: .bytePair(model), addedTokens: settings.addedTokens,
          names: TokenizerDefinition.namesOfRoBERTa, source: pairs), false
      )
    }
    if ByteFile.exists("\(folder)/sentencepiece.bpe.model"), !hasLines {
      throw FileError(
        file: folder,
        problem: "the folder has its tokenizer in sentencepiece.bpe.model only; write the "
          + "tokenizer.json beside it, with AutoTokenizer.from_pretrained(…).save_pretrained(…) of "
          + "transformers.")
    }
    guard hasLines else {
      throw FileError(
        file: folder,
        problem: "the folder has neither vocab.txt nor tokenizer.json nor vocab.json and "
          + "merges.txt; give a model folder with its tokenizer.")
    }
    let model = try WordPieceModel(vocabularyFile: lines, added: settings.addedTokens)
    return (
      TokenizerDefinition(
        model: .wordPiece(model), addedTokens: settings.addedTokens,
        names: TokenizerDefinition.namesOfBERT, source: lines), false
    )
  }
}
