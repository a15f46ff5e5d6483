import StrictJSON

/// Finds and builds the tokenizer of a Hugging Face model folder.
public enum TokenizerLoader {
  /// The tokenizer of `vocab.txt` or, when there is none, of a WordPiece `tokenizer.json`, with the
  /// settings of `tokenizer_config.json` (`do_lower_case`, `strip_accents`,
  /// `tokenize_chinese_chars`, names of the special tokens) where it exists.
  ///
  /// - Parameter parseSpecialTokens: special tokens spelled in a text give their ids; see
  ///   `WordPieceTokenizer`.
  /// - Throws: `DataError` or `JSONError`, naming file and key.
  public static func load(
    folder: String, parseSpecialTokens: Bool = false
  ) throws -> any Tokenizer {
    let settings = try TokenizerSettings(folder: folder)
    let vocabularyFile = "\(folder)/vocab.txt"
    let jsonFile = "\(folder)/tokenizer.json"
    let model: WordPieceModel
    let source: String
    if ByteFile.exists(vocabularyFile) {
      model = try WordPieceModel(vocabularyFile: vocabularyFile)
      source = vocabularyFile
    } else if ByteFile.exists(jsonFile) {
      model = try WordPieceModel(tokenizerJSON: jsonFile)
      source = jsonFile
    } else {
      throw DataError(
        file: folder,
        problem: "the folder has neither vocab.txt nor tokenizer.json; "
          + "give a model folder with its tokenizer.")
    }
    return WordPieceTokenizer(
      vocabulary: model.vocabulary,
      specialTokens: try settings.specialTokens(in: model, source: source),
      normalization: settings.apply(to: model.normalization),
      parseSpecialTokens: parseSpecialTokens, continuationPrefix: model.continuationPrefix,
      longestWord: model.longestWord)
  }
}

/// What `tokenizer_config.json` and `special_tokens_map.json` say; all of it is optional.
struct TokenizerSettings {
  private var lowersCase: Bool?
  private var stripsAccents: Bool?
  private var isolatesChinese: Bool?
  private var names: [String: String] = [:]

  init(folder: String) throws {
    for file in ["special_tokens_map.json", "tokenizer_config.json"] {
      let path = "\(folder)/\(file)"
      guard ByteFile.exists(path) else { continue }
      let json = try StrictJSON.parse(try ByteFile.read(path), file: path)
      guard json.object != nil else {
        throw DataError(file: path, line: 1, problem: "the file must hold a JSON object.")
      }
      for role in ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"] {
        guard let value = json[role], !value.isNull else { continue }
        guard let name = value.string ?? value["content"]?.string else {
          throw DataError(
            file: path, line: value.position.line,
            problem: "\"\(role)\" must be a string or an object with \"content\".")
        }
        names[role] = name
      }
      lowersCase = try Self.flag("do_lower_case", json, path) ?? lowersCase
      stripsAccents = try Self.flag("strip_accents", json, path) ?? stripsAccents
      isolatesChinese = try Self.flag("tokenize_chinese_chars", json, path) ?? isolatesChinese
    }
  }

  private static func flag(_ key: String, _ json: JSONValue, _ path: String) throws -> Bool? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let flag = value.bool else {
      throw DataError(
        file: path, line: value.position.line, problem: "\"\(key)\" must be true, false or null.")
    }
    return flag
  }

  /// The normalisation of the model with what was set here put over it.
  func apply(to given: Normalization?) -> Normalization {
    guard let given else {
      return Normalization(
        lowersCase: lowersCase ?? true, stripsAccents: stripsAccents,
        isolatesChinese: isolatesChinese ?? true)
    }
    var result = given
    result.lowersCase = lowersCase ?? given.lowersCase
    result.stripsAccents = stripsAccents ?? (lowersCase ?? given.stripsAccents)
    result.isolatesChinese = isolatesChinese ?? given.isolatesChinese
    return result
  }

  func specialTokens(in model: WordPieceModel, source: String) throws -> SpecialTokens {
    func id(_ role: String, _ usual: String) throws -> Int32 {
      let name = names[role] ?? usual
      guard let id = model.vocabulary.id(of: Array(name.utf8)[...]) else {
        throw DataError(
          file: source,
          problem: "the vocabulary lacks the special token \"\(name)\" (\(role)); "
            + "give the vocabulary that the model was trained with.")
      }
      return id
    }
    return try SpecialTokens(
      pad: id("pad_token", "[PAD]"), unknown: id("unk_token", model.unknown),
      cls: id("cls_token", "[CLS]"), sep: id("sep_token", "[SEP]"),
      mask: id("mask_token", "[MASK]"))
  }
}
