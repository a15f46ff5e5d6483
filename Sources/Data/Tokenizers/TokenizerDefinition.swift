import Files

/// A tokenizer as files describe it, before the settings of `tokenizer_config.json`.
struct TokenizerDefinition {
  /// How words become tokens.
  enum Model {
    case wordPiece(WordPieceModel)
    case bytePair(BytePairModel)
  }

  var model: Model
  /// The tokens listed in the files that are matched as a whole.
  var addedTokens: [AddedToken] = []
  /// Where special tokens go, if the files say so.
  var template: EncodingTemplate?
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
    }
  }

  /// The ids of the special tokens, with the names from the settings or else from the definition.
  func specialTokens(_ settings: TokenizerSettings) throws -> SpecialTokens {
    func id(_ role: String) throws -> Int32 {
      let name = settings.names[role] ?? names[role] ?? role
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

  /// The added tokens, including the special ones that the files do not list.
  func addedTokens(_ special: SpecialTokens, _ settings: TokenizerSettings) -> [AddedToken] {
    var tokens = addedTokens
    for id in special.all where !tokens.contains(where: { $0.id == id }) {
      guard let bytes = vocabulary.bytes(of: id) else { continue }
      var token = AddedToken(id: id, content: String(decoding: bytes, as: UTF8.self))
      if id == special.mask {
        if case .bytePair = model { token.stripsLeft = true }
        token.stripsLeft = settings.maskStripsLeft ?? token.stripsLeft
      }
      tokens.append(token)
    }
    return tokens
  }
}
