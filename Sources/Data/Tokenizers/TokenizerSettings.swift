import Files
import StrictJSON

/// What `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json` and `config.json`
/// say about a tokenizer. All of it is optional.
struct TokenizerSettings {
  /// `do_lower_case`.
  private(set) var lowersCase: Bool?
  /// `strip_accents`.
  private(set) var stripsAccents: Bool?
  /// `tokenize_chinese_chars`.
  private(set) var isolatesChinese: Bool?
  /// `add_prefix_space`.
  private(set) var addsPrefixSpace: Bool?
  /// The names of special tokens by role, such as `cls_token`.
  private(set) var names: [String: String] = [:]
  /// Whether the mask token includes the white space to its left.
  private(set) var maskStripsLeft: Bool?
  /// `tokenizer_class`; nil where the folder names none.
  private(set) var tokenizerClass: TokenizerClass?
  /// Tokens with ids (`added_tokens_decoder`, or else `added_tokens.json`).
  private(set) var addedTokens: [AddedToken] = []
  /// True if `added_tokens_decoder` is there.
  private(set) var listsAddedTokens = false
  /// Spellings of further special tokens, which may have no id yet, in the order in which
  /// transformers gives them ids.
  private(set) var furtherSpecialTokens: [AddedToken] = []
  /// Spellings that only some versions of transformers take as special tokens.
  private(set) var contestedTokens: [String] = []
  /// `truncation_side` is "left".
  private(set) var truncatesLeft: Bool?
  /// `special_tokens_in_text`, a key of mate-kd's; or else false if `split_special_tokens` is true.
  private(set) var specialTokensInText: Bool?
  /// The file that most settings come from, for messages.
  let file: String
  private var inputNames: [String]?
  /// Where the name of a special token is null.
  private var nulls: [String: (file: String, line: Int)] = [:]
  private var named: [NamedTokens] = []
  private let model: ModelFacts

  /// What config.json says that concerns tokens.
  private struct ModelFacts {
    var type: String?
    var tokenizerClass: String?
    /// True if the model tells segments apart.
    var hasSegments = false
  }

  /// The further special tokens that one key names.
  private struct NamedTokens {
    var key: String
    var tokens: [AddedToken]

    var isList: Bool { key.hasSuffix("_special_tokens") }
    /// transformers gives ids to one kind of key after the other.
    var rank: Int { key == "bos_token" ? 0 : key == "eos_token" ? 1 : isList ? 3 : 2 }
  }

  private static let roles = ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"]

  init(folder: String) throws {
    file = "\(folder)/tokenizer_config.json"
    model = try Self.modelFacts(folder)
    let settings = try Self.object("tokenizer_config.json", in: folder)
    for member in settings?.0["added_tokens_decoder"]?.object?.members ?? [] {
      listsAddedTokens = true
      addedTokens.append(
        try AddedToken(member.value, id: Int32(member.key), defaultsToNormalized: true, file: file))
    }
    // Where all tokens are listed, transformers looks at no other file for them. Otherwise what
    // special_tokens_map.json says counts before tokenizer_config.json.
    let map = listsAddedTokens ? nil : try Self.object("special_tokens_map.json", in: folder)
    for (json, path) in [settings, map].compactMap({ $0 }) {
      try readSpecialTokens(json, path)
      lowersCase = try Self.flag("do_lower_case", json, path) ?? lowersCase
      stripsAccents = try Self.flag("strip_accents", json, path) ?? stripsAccents
      isolatesChinese = try Self.flag("tokenize_chinese_chars", json, path) ?? isolatesChinese
      addsPrefixSpace = try Self.flag("add_prefix_space", json, path) ?? addsPrefixSpace
      try readKinds(json, path)
    }
    if let (json, path) = settings { try readClass(json, path) }
    if tokenizerClass == nil, let name = model.tokenizerClass {
      tokenizerClass = try Self.tokenizerClass(name, "\(folder)/config.json", line: nil)
    }
    // Files may list a million of them, so that they are looked up in sets.
    var seen: Set<String> = []
    for token in named.sorted(by: { $0.rank < $1.rank }).flatMap(\.tokens)
    where seen.insert(token.content).inserted {
      furtherSpecialTokens.append(token)
    }
    if !listsAddedTokens { try readAddedTokens(folder) }
    let added = Set(addedTokens.map(\.content))
    contestedTokens = contested(map?.0, besides: settings?.0, added: added)
    furtherSpecialTokens.removeAll { added.contains($0.content) }
  }

  /// What special_tokens_map.json alone lists as special. transformers 4 adds it to what
  /// tokenizer_config.json lists; 5 forgets it beside such a list, and in added_tokens.json takes it
  /// as a usual token.
  private func contested(
    _ map: JSONValue?, besides settings: JSONValue?, added: Set<String>
  ) -> [String] {
    let key = "additional_special_tokens"
    func contents(_ json: JSONValue?) -> [String] {
      (json?[key]?.array ?? []).compactMap { $0.string ?? $0["content"]?.string }
    }
    let (known, hasList) = (Set(contents(settings)), settings?[key] != nil)
    return contents(map).filter { token in
      !known.contains(token) && (hasList || added.contains(token))
    }
  }

  /// The first of the five special tokens whose name is null, and where.
  var nullName: (role: String, file: String, line: Int)? {
    for role in Self.roles {
      if let place = nulls[role] { return (role, place.file, place.line) }
    }
    return nil
  }

  private mutating func readClass(_ json: JSONValue, _ path: String) throws {
    guard let value = json["tokenizer_class"], !value.isNull else { return }
    guard let name = value.string else {
      throw FileError(
        file: path, line: value.position.line, problem: "\"tokenizer_class\" must be a string.")
    }
    tokenizerClass = try Self.tokenizerClass(name, path, line: value.position.line)
  }

  private mutating func readKinds(_ json: JSONValue, _ path: String) throws {
    if let value = json["model_input_names"], !value.isNull {
      guard let names = value.array?.map(\.string), !names.contains(nil) else {
        throw FileError(
          file: path, line: value.position.line,
          problem: "\"model_input_names\" must be an array of strings.")
      }
      inputNames = names.compactMap { $0 }
    }
    if let value = json["truncation_side"], !value.isNull {
      guard let side = value.string, side == "left" || side == "right" else {
        throw FileError(
          file: path, line: value.position.line,
          problem: "\"truncation_side\" must be \"left\" or \"right\".")
      }
      truncatesLeft = side == "left"
    }
    if try Self.flag("split_special_tokens", json, path) == true { specialTokensInText = false }
    specialTokensInText =
      try Self.flag("special_tokens_in_text", json, path) ?? specialTokensInText
  }

  private static func tokenizerClass(
    _ name: String, _ path: String, line: Int?
  ) throws -> TokenizerClass {
    guard let known = TokenizerClass(name: name) else {
      throw FileError(
        file: path, line: line,
        problem: "tokenizer_class \"\(name)\" is not supported; it must be one of "
          + "\(TokenizerClass.names), with or without Fast.")
    }
    return known
  }

  /// The five special tokens that every model needs, and whatever else is called a special token.
  private mutating func readSpecialTokens(_ json: JSONValue, _ path: String) throws {
    for member in json.object?.members ?? [] {
      let (key, value) = (member.key, member.value)
      if Self.roles.contains(key) {
        nulls[key] = value.isNull ? (path, value.position.line) : nil
        guard !value.isNull else { continue }
        guard let name = value.string ?? value["content"]?.string else {
          throw FileError(
            file: path, line: value.position.line,
            problem: "\"\(key)\" must be a string or an object with \"content\".")
        }
        names[key] = name
        if key == "mask_token" { maskStripsLeft = value["lstrip"]?.bool }
      } else if key == "additional_special_tokens" || key == "extra_special_tokens" {
        let tokens = value.array ?? value.object?.members.map(\.value) ?? []
        named.append(
          NamedTokens(key: key, tokens: try tokens.compactMap { try special($0, key, path) }))
      } else if key.hasSuffix("_token") {
        let isName = value.string != nil || value["content"] != nil
        let token = isName ? try special(value, key, path) : nil
        // Only the last file's counts.
        named.removeAll { $0.key == key }
        named.append(NamedTokens(key: key, tokens: [token].compactMap { $0 }))
      }
    }
  }

  /// A further special token; nil for an empty one.
  private func special(_ value: JSONValue, _ key: String, _ path: String) throws -> AddedToken? {
    guard let content = value.string ?? value["content"]?.string,
      content.utf8.count <= AddedToken.longest
    else {
      throw FileError(
        file: path, line: value.position.line,
        problem: "\"\(key)\" must hold strings or objects with \"content\", of at most "
          + "\(AddedToken.longest) bytes.")
    }
    var token = AddedToken(id: 0, content: content)
    if value.string == nil { token = try AddedToken(value, id: 0, file: path) }
    token.isSpecial = true
    return content.isEmpty ? nil : token
  }

  private mutating func readAddedTokens(_ folder: String) throws {
    guard let (json, path) = try Self.object("added_tokens.json", in: folder) else { return }
    let special = Set(names.values).union(furtherSpecialTokens.map(\.content))
    for member in json.object?.members ?? [] {
      guard let id = member.value.int.flatMap(Int32.init(exactly:)), id >= 0 else {
        throw FileError(
          file: path, line: member.value.position.line,
          problem: "the id of token \"\(member.key)\" must be a whole number from 0.")
      }
      guard member.key.utf8.count <= AddedToken.longest else {
        throw FileError(
          file: path, line: member.value.position.line,
          problem: "an added token must have at most \(AddedToken.longest) bytes.")
      }
      let isSpecial = special.contains(member.key)
      addedTokens.append(
        AddedToken(id: id, content: member.key, isNormalized: !isSpecial, isSpecial: isSpecial))
    }
    addedTokens.sort { $0.id < $1.id }
  }

  /// How the folder's class or family splits words; nil if unknown.
  var kind: TokenizerKind? {
    if let tokenizerClass { return tokenizerClass.kind }
    guard let name = model.type?.lowercased() else { return nil }
    if name.contains("roberta") { return name.contains("xlm") ? .unigram : .bytePair }
    return name.contains("bert") ? .wordPiece : nil
  }

  /// The class that the folder names, or else that of its family, as in transformers; nil if
  /// unknown.
  var classOrUsual: TokenizerClass? {
    if let tokenizerClass { return tokenizerClass }
    return switch model.type {
    case "bert": .bert
    case "distilbert": .distilBERT
    case "electra": .electra
    case "roberta": .roberta
    case "xlm-roberta": .xlmRoberta
    default: nil
    }
  }

  /// True if the folder's model has segments, but its tokenizer gives it none: all tokens are then
  /// segment 0. A model without segments says nothing about them.
  ///
  /// - Throws: `FileError` where versions of transformers disagree.
  func omitsSegments(_ template: EncodingTemplate) throws -> Bool {
    guard model.hasSegments, template != template.withoutSegments else { return false }
    if let inputNames { return !inputNames.contains("token_type_ids") }
    guard let tokenizerClass else { return false }
    guard let gives = tokenizerClass.givesSegments else {
      throw FileError(
        file: file,
        problem: "\"model_input_names\" is missing; versions of transformers disagree whether a "
          + "\(tokenizerClass.rawValue) gives segments (token_type_ids), so name them or leave "
          + "them out.")
    }
    return !gives
  }

  private static func modelFacts(_ folder: String) throws -> ModelFacts {
    guard let json = try object("config.json", in: folder)?.0 else { return ModelFacts() }
    let type = json["model_type"]?.string
    // What a config.json leaves out is 2, as in transformers.
    let segments = json["type_vocab_size"]?.int ?? 2
    return ModelFacts(
      type: type, tokenizerClass: json["tokenizer_class"]?.string,
      hasSegments: type != nil && type != "distilbert" && segments > 1)
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
    if tokenizerClass?.isTheFileItself == true { return given }
    var result = given
    result.lowersCase = lowersCase ?? given.lowersCase
    result.stripsAccents = stripsAccents ?? (lowersCase ?? given.stripsAccents)
    result.isolatesChinese = isolatesChinese ?? given.isolatesChinese
    return result
  }
}

extension AddedToken {
  /// The longest spelling in bytes.
  static let longest = 256

  /// An entry of `added_tokens` or `added_tokens_decoder`.
  ///
  /// - Throws: `FileError` for an entry without id or content.
  init(
    _ json: JSONValue, id: Int32?, defaultsToNormalized: Bool = false, file: String
  ) throws {
    guard let id, id >= 0, let content = json["content"]?.string else {
      throw FileError(
        file: file, line: json.position.line,
        problem: "an added token must have an \"id\" from 0 and a \"content\".")
    }
    // Each place of a text is compared with as many bytes.
    guard content.utf8.count <= Self.longest else {
      throw FileError(
        file: file, line: json.position.line,
        problem: "an added token must have at most \(Self.longest) bytes.")
    }
    let isSpecial = json["special"]?.bool ?? false
    self.init(
      id: id, content: content, stripsLeft: json["lstrip"]?.bool ?? false,
      stripsRight: json["rstrip"]?.bool ?? false,
      isSingleWord: json["single_word"]?.bool ?? false,
      isNormalized: json["normalized"]?.bool ?? (defaultsToNormalized && !isSpecial),
      isSpecial: isSpecial)
  }
}
