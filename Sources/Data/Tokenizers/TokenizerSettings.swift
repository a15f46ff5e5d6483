import Files
import StrictJSON

/// What `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json` and `config.json`
/// say about a tokenizer. All of it is optional.
struct TokenizerSettings {
  private var lowersCase: Bool?
  private var stripsAccents: Bool?
  private var isolatesChinese: Bool?
  /// `add_prefix_space`.
  private(set) var addsPrefixSpace: Bool?
  /// The names of special tokens by role, such as `cls_token`.
  private(set) var names: [String: String] = [:]
  /// Whether the mask token includes the white space to its left.
  private(set) var maskStripsLeft: Bool?
  /// `tokenizer_class`, or else the `model_type` of config.json.
  private(set) var family: String?
  /// Tokens that a folder without tokenizer.json adds to its vocabulary.
  private(set) var addedTokens: [AddedToken] = []
  /// False if the tokenizer gives no `token_type_ids`, so that a model takes all tokens as segment
  /// 0: by `model_input_names`, else by `tokenizer_class`.
  private(set) var givesSegments = true

  init(folder: String) throws {
    for file in ["special_tokens_map.json", "tokenizer_config.json"] {
      guard let (json, path) = try Self.object(file, in: folder) else { continue }
      for role in ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"] {
        guard let value = json[role], !value.isNull else { continue }
        guard let name = value.string ?? value["content"]?.string else {
          throw FileError(
            file: path, line: value.position.line,
            problem: "\"\(role)\" must be a string or an object with \"content\".")
        }
        names[role] = name
        if role == "mask_token" { maskStripsLeft = value["lstrip"]?.bool ?? maskStripsLeft }
      }
      lowersCase = try Self.flag("do_lower_case", json, path) ?? lowersCase
      stripsAccents = try Self.flag("strip_accents", json, path) ?? stripsAccents
      isolatesChinese = try Self.flag("tokenize_chinese_chars", json, path) ?? isolatesChinese
      addsPrefixSpace = try Self.flag("add_prefix_space", json, path) ?? addsPrefixSpace
      family = json["tokenizer_class"]?.string ?? family
      if file == "tokenizer_config.json", let settings = json.object {
        givesSegments = Self.givesSegments(settings)
      }
      for member in json["added_tokens_decoder"]?.object?.members ?? [] {
        addedTokens.append(
          try AddedToken(
            member.value, id: Int32(member.key), defaultsToNormalized: true, file: path))
      }
    }
    if let (json, path) = try Self.object("added_tokens.json", in: folder), addedTokens.isEmpty {
      for member in json.object?.members ?? [] {
        guard let id = member.value.int.flatMap(Int32.init(exactly:)) else {
          throw FileError(
            file: path, line: member.value.position.line,
            problem: "the id of token \"\(member.key)\" must be a whole number.")
        }
        let isSpecial = names.values.contains(member.key)
        addedTokens.append(
          AddedToken(id: id, content: member.key, isNormalized: !isSpecial, isSpecial: isSpecial))
      }
    }
    if family == nil {
      family = try Self.object("config.json", in: folder)?.0["model_type"]?.string
    }
  }

  /// Whether `tokenizer_config.json` asks for `token_type_ids`, as transformers reads it.
  private static func givesSegments(_ settings: JSONObject) -> Bool {
    if let names = settings["model_input_names"]?.array {
      return names.contains { $0.string == "token_type_ids" }
    }
    let type = settings["tokenizer_class"]?.string ?? ""
    return !type.hasPrefix("DistilBert") && !type.hasPrefix("Roberta")
  }

  /// True for a byte-level byte-pair family, false for a WordPiece family, nil if unknown.
  var isBytePair: Bool? {
    guard let name = family?.lowercased() else { return nil }
    if name.contains("roberta") { return name.contains("xlm") ? nil : true }
    return name.contains("bert") ? false : nil
  }

  private static func object(
    _ file: String, in folder: String
  ) throws -> (JSONValue, path: String)? {
    let path = "\(folder)/\(file)"
    guard ByteFile.exists(path) else { return nil }
    let json = try StrictJSON.read(path)
    guard json.object != nil else {
      throw FileError(file: path, line: 1, problem: "the file must hold a JSON object.")
    }
    return (json, path)
  }

  private static func flag(_ key: String, _ json: JSONValue, _ path: String) throws -> Bool? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let flag = value.bool else {
      throw FileError(
        file: path, line: value.position.line, problem: "\"\(key)\" must be true, false or null.")
    }
    return flag
  }

  /// The normalisation of the model, overridden by these settings.
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
}

extension AddedToken {
  /// An entry of `added_tokens` or `added_tokens_decoder`.
  ///
  /// - Throws: `FileError` for an entry without id or content, and for one that is matched only as
  ///   a single word.
  init(
    _ json: JSONValue, id: Int32?, defaultsToNormalized: Bool = false, file: String
  ) throws {
    guard let id, id >= 0, let content = json["content"]?.string else {
      throw FileError(
        file: file, line: json.position.line,
        problem: "an added token must have an \"id\" from 0 and a \"content\".")
    }
    guard json["single_word"]?.bool != true else {
      throw FileError(
        file: file, line: json.position.line,
        problem: "the added token \"\(content)\" has \"single_word\": true, which is not "
          + "supported; set it to false.")
    }
    let isSpecial = json["special"]?.bool ?? false
    self.init(
      id: id, content: content, stripsLeft: json["lstrip"]?.bool ?? false,
      stripsRight: json["rstrip"]?.bool ?? false,
      isNormalized: json["normalized"]?.bool ?? (defaultsToNormalized && !isSpecial),
      isSpecial: isSpecial)
  }
}
