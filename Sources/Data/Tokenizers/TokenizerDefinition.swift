import Files

/// A tokenizer as files describe it, before the settings of `tokenizer_config.json`.
struct TokenizerDefinition {
  /// How words become tokens.
  enum Model {
    case wordPiece(WordPieceModel)
    case bytePair(BytePairModel)
    case unigram(UnigramModel)
  }

  var model: Model
  /// The tokens listed in the files that are matched as a whole.
  var addedTokens: [AddedToken] = []
  /// Where special tokens go, if the files say so.
  var template: EncodingTemplate?
  /// True if texts that are too long lose tokens at their beginning.
  var truncatesLeft = false
  /// The names of special tokens by role, such as `cls_token`: from the files, or the usual ones.
  var names: [String: String]
  /// The file that errors about the vocabulary name.
  var source: String

  /// The names of special tokens in BERT's tokenizers.
  static let namesOfBERT = [
    "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
    "mask_token": "[MASK]",
  ]
  /// The names of special tokens in RoBERTa's tokenizers.
  static let namesOfRoBERTa = [
    "pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>",
    "mask_token": "<mask>",
  ]

  var vocabulary: Vocabulary {
    switch model {
    case .wordPiece(let model): model.vocabulary
    case .bytePair(let model): model.vocabulary
    case .unigram(let model): model.vocabulary
    }
  }

  /// How words become tokens.
  var kind: TokenizerKind {
    switch model {
    case .wordPiece: .wordPiece
    case .bytePair: .bytePair
    case .unigram: .unigram
    }
  }

  /// Where special tokens go if the files do not say so.
  func usualTemplate(cls: Int32, sep: Int32) -> EncodingTemplate {
    kind == .wordPiece ? .bert(cls: cls, sep: sep) : .roberta(cls: cls, sep: sep)
  }

  /// The ids of the special tokens, with the names from the settings or else from the definition.
  func specialTokens(_ settings: TokenizerSettings) throws -> SpecialTokens {
    func id(_ role: String) throws -> Int32 {
      let ofFile = role == "unk_token" && unknownIsOfFile(settings)
      let name = (ofFile ? nil : settings.names[role]) ?? names[role] ?? role
      guard let id = vocabulary.id(of: Array(name.utf8)[...]) else {
        throw FileError(
          file: source,
          problem: "the vocabulary lacks the special token \"\(name)\" (\(role)); "
            + "give the vocabulary that the model was trained with.")
      }
      return id
    }
    return try SpecialTokens(
      pad: id("pad_token"), unknown: id("unk_token"), cls: id("cls_token"), sep: id("sep_token"),
      mask: id("mask_token"))
  }

  /// True if words without pieces become the `unk_token` of tokenizer.json, whatever
  /// tokenizer_config.json calls so.
  private func unknownIsOfFile(_ settings: TokenizerSettings) -> Bool {
    settings.tokenizerClass?.isTheFileItself == true && kind == .wordPiece
  }

  /// Lists the special tokens that the files name without listing them. Those that the vocabulary
  /// lacks get the next ids, as in transformers.
  ///
  /// - Throws: `FileError` for files that contradict each other.
  mutating func complete(_ settings: TokenizerSettings) throws {
    // There may be a million of them.
    var known = Dictionary(
      addedTokens.map { ($0.content, $0) }, uniquingKeysWith: { first, _ in first })
    var fresh: [AddedToken] = []
    func append(_ token: AddedToken) throws {
      try check(token, beyond: fresh, settings)
      if Int(token.id) == vocabulary.count + fresh.count { fresh.append(token) }
      addedTokens.append(token)
      known[token.content] = known[token.content] ?? token
    }
    for token in settings.addedTokens {
      if let listed = known[token.content] {
        guard
          listed == token || listed.id == token.id && names.values.contains(token.content)
        else {
          throw FileError(
            file: settings.file,
            problem: "the added token \"\(token.content)\" is described in another way than in "
              + "\(source); transformers goes by either, depending on its version, so correct one.")
        }
      } else {
        try append(token)
      }
    }
    if settings.listsAddedTokens, settings.tokenizerClass?.isTheFileItself == false {
      let named = Set(settings.addedTokens.map(\.content)).union(names.values)
        .union(settings.names.values).union(settings.furtherSpecialTokens.map(\.content))
      if let token = addedTokens.first(where: { !named.contains($0.content) }) {
        throw FileError(
          file: settings.file,
          problem: "\"added_tokens_decoder\" lacks the added token \"\(token.content)\" of "
            + "\(source); list it in both or in neither.")
      }
    }
    // What tokenizer_config.json alone calls unk_token is only another special token.
    let other = unknownIsOfFile(settings) ? settings.names["unk_token"] : nil
    for token in [other].compactMap({ $0.map { AddedToken(id: 0, content: $0) } })
      + settings.furtherSpecialTokens
    where known[token.content] == nil {
      var token = token
      token.id =
        vocabulary.id(of: Array(token.content.utf8)[...])
        ?? Int32(vocabulary.count + fresh.count)
      try append(token)
    }
    guard !fresh.isEmpty else { return }
    let longer = try vocabulary.appending(fresh, file: source)
    switch model {
    case .wordPiece(var model):
      model.vocabulary = longer
      self.model = .wordPiece(model)
    case .bytePair(var model):
      model.vocabulary = longer
      self.model = .bytePair(model)
    case .unigram(var model):
      model.vocabulary = longer
      self.model = .unigram(model)
    }
  }

  /// Makes sure that an added token has the next free id, or that of its own spelling.
  ///
  /// - Parameter fresh: the added tokens before it that are to follow the vocabulary.
  private func check(
    _ token: AddedToken, beyond fresh: [AddedToken], _ settings: TokenizerSettings
  ) throws {
    let next = vocabulary.count + fresh.count
    let place = Int(token.id) - vocabulary.count
    let spelling =
      fresh.indices.contains(place)
      ? Array(fresh[place].content.utf8)[...] : vocabulary.bytes(of: token.id)
    guard let spelling else {
      guard Int(token.id) == next else {
        throw FileError(
          file: settings.file,
          problem: "the added token \"\(token.content)\" has id \(token.id), but the next free id "
            + "is \(next); transformers would give it that one, so correct it.")
      }
      return
    }
    guard spelling.elementsEqual(token.content.utf8) else {
      throw FileError(
        file: settings.file,
        problem: "the added token \"\(token.content)\" has the id \(token.id) of another token; "
          + "give the files of one model.")
    }
  }

  /// The added tokens, including the special ones that the files do not list.
  func addedTokens(_ special: SpecialTokens, _ settings: TokenizerSettings) -> [AddedToken] {
    var tokens = addedTokens
    for id in special.all where !tokens.contains(where: { $0.id == id }) {
      guard let bytes = vocabulary.bytes(of: id) else { continue }
      var token = AddedToken(id: id, content: String(decoding: bytes, as: UTF8.self))
      if id == special.mask {
        if kind == .bytePair { token.stripsLeft = true }
        token.stripsLeft = settings.maskStripsLeft ?? token.stripsLeft
      }
      tokens.append(token)
    }
    return tokens
  }

  /// Refuses what `tokenizer_class` would read in another way.
  ///
  /// - Parameter isFile: whether the definition comes from a tokenizer.json.
  /// - Throws: `FileError` that names both files and the key.
  func check(_ settings: TokenizerSettings, isFile: Bool) throws {
    let listed = isFile ? Set(addedTokens.map(\.content)) : []
    if let token = settings.contestedTokens.first(where: { !listed.contains($0) }) {
      throw FileError(
        file: settings.file,
        problem: "\"additional_special_tokens\" lacks \"\(token)\", which special_tokens_map.json "
          + "lists; versions of transformers disagree whether it is special, so list it here, too.")
    }
    // Where files name no class, transformers takes the family's.
    let usual = settings.classOrUsual ?? (self.kind == .unigram ? .xlmRoberta : nil)
    if usual?.isTheFileItself != true, let null = settings.nullName {
      throw FileError(
        file: null.file, line: null.line,
        problem: "\"\(null.role)\" is null; name the token that the model was trained with, or "
          + "remove the key if it is the usual one.")
    }
    guard let kind = usual else { return }
    func refuse(_ problem: String) -> FileError { FileError(file: settings.file, problem: problem) }
    let name =
      settings.tokenizerClass == nil
      ? "the family's \(kind.rawValue), as no other tokenizer_class is named,"
      : "tokenizer_class \(kind.rawValue)"
    guard !kind.isTheFileItself || isFile else {
      throw refuse("\(name) needs a tokenizer.json, which the folder lacks.")
    }
    if let wanted = kind.kind, wanted != self.kind {
      throw refuse("\(name) does not fit \(source), which holds \(self.kind.rawValue).")
    }
    guard isFile else { return }
    guard !kind.isTheFileItself else {
      if template == nil {
        throw refuse(
          "\(name) would add no special tokens to texts, because tokenizer.json has no "
            + "post_processor; name the class that the model was trained with.")
      }
      if settings.addsPrefixSpace == true, case .bytePair(let model) = model,
        !model.addsPrefixSpace
      {
        throw refuse("\"add_prefix_space\" is true, but false in tokenizer.json; correct one.")
      }
      if let adds = settings.addsPrefixSpace, case .unigram(let model) = model,
        adds != model.metaspace.addsPrefix
      {
        throw refuse(
          "\"add_prefix_space\" is \(adds), but the prepend_scheme in tokenizer.json says "
            + "otherwise; correct one.")
      }
      return
    }
    // These classes build the tokenizer anew from the vocabulary and their own settings.
    func require(_ key: String, _ agrees: Bool, _ setting: String) throws {
      guard !agrees else { return }
      throw refuse(
        "\(key) in tokenizer.json is not what \(name) makes of this file, whose \(setting); "
          + "transformers goes by the class, so correct one of the two files.")
    }
    switch model {
    case .wordPiece(let model):
      let usual = WordPieceModel(vocabulary: model.vocabulary)
      if let given = model.normalization {
        if settings.lowersCase == nil {
          try require("\"lowercase\"", given.lowersCase, "do_lower_case is absent")
        }
        if settings.stripsAccents == nil {
          try require(
            "\"strip_accents\"",
            settings.apply(to: given).stripsAccents == (settings.lowersCase ?? true),
            "strip_accents is absent")
        }
        if settings.isolatesChinese == nil {
          try require(
            "\"handle_chinese_chars\"", given.isolatesChinese, "tokenize_chinese_chars is absent")
        }
        try require("\"clean_text\"", given.cleansText, "class always cleans texts")
      }
      try require(
        "\"unk_token\"", model.unknown == settings.names["unk_token"] ?? usual.unknown,
        settings.names["unk_token"] == nil ? "unk_token is absent" : "unk_token says otherwise")
      try require(
        "\"continuing_subword_prefix\"", model.continuationPrefix == usual.continuationPrefix,
        "class always has ##")
      try require(
        "\"max_input_chars_per_word\"", model.longestWord == usual.longestWord,
        "class always has \(usual.longestWord)")
    case .bytePair(let model):
      if settings.addsPrefixSpace == nil {
        try require("\"add_prefix_space\"", !model.addsPrefixSpace, "add_prefix_space is absent")
      }
      try require("\"ignore_merges\"", !model.ignoresMerges, "class never ignores merges")
    case .unigram(let model):
      try require("\"unk_id\"", model.unknown == 3, "class always has 3")
      try require("\"byte_fallback\"", !model.fallsBackToBytes, "class never falls back to bytes")
      let (usual, metaspace) = (Metaspace(), model.metaspace)
      // With SentencePiece's charsmap, what else files of this kind have makes no difference but
      // for texts with the mark itself and a few control characters.
      try require(
        "\"normalizer\"",
        model.normalizer.steps.isEmpty
          || model.normalizer.startsWithCharsmap
            && model.normalizer.steps.dropFirst().allSatisfy(\.onlyRemovesSpaces),
        "class has a Precompiled and no other")
      try require(
        "\"pre_tokenizer\"",
        metaspace.mark == usual.mark && metaspace.splitsAtMarks
          && (metaspace.splitsAtWhiteSpace || model.normalizer.charsmap != nil),
        "class has WhitespaceSplit and Metaspace")
      try require(
        "\"prepend_scheme\"", metaspace.addsPrefix == settings.addsPrefixSpace ?? true,
        settings.addsPrefixSpace == nil
          ? "add_prefix_space is absent" : "add_prefix_space says otherwise")
    }
    if let template {
      let special = try specialTokens(settings)
      let built = usualTemplate(cls: special.cls, sep: special.sep)
      try require("\"post_processor\"", template == built, "class has its own template")
    }
  }
}
