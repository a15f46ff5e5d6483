import Files
import StrictJSON

/// Reads a `tokenizer.json` of Hugging Face's `tokenizers`. It supports the components of BERT's,
/// RoBERTa's and XLM-RoBERTa's tokenizers; an error names any other component.
struct TokenizerJSON {
  let path: String
  private let json: JSONValue

  /// Reads and parses the file.
  init(_ path: String) throws {
    self.path = path
    json = try StrictJSON.read(path)
    guard json.object != nil else {
      throw FileError(file: path, line: 1, problem: "the file must hold a JSON object.")
    }
  }

  func wrong(_ value: JSONValue?, _ problem: String) -> FileError {
    FileError(file: path, line: (value ?? json).position.line, problem: problem)
  }

  /// The tokenizer that the file describes. Of truncation the side counts; texts are cut to the
  /// length that is asked for and never padded. The decoder is not needed.
  func definition() throws -> TokenizerDefinition {
    guard let model = json["model"], model.object != nil else {
      throw wrong(json["model"], "\"model\" must be an object that describes the tokenizer.")
    }
    let added = try (json["added_tokens"]?.array ?? []).map {
      try AddedToken($0, id: $0["id"]?.int.flatMap(Int32.init(exactly:)), file: path)
    }
    // Files from before 2020 do not name the type. Only WordPiece limits words, only BPE has
    // merges, and only Unigram lists its pieces.
    let type =
      model["type"]?.string ?? (model["merges"] != nil ? "BPE" : nil)
      ?? (model["vocab"]?.array != nil ? "Unigram" : nil)
      ?? (model["max_input_chars_per_word"] != nil ? "WordPiece" : "unknown")
    guard ["WordPiece", "BPE", "Unigram"].contains(type) else {
      throw wrong(
        model,
        "the model \"\(type)\" is not supported; it must be WordPiece, byte-level BPE or Unigram.")
    }
    if type == "Unigram" {
      var definition = try unigramDefinition(model, added)
      definition.truncatesLeft = json["truncation"]?["direction"]?.string == "Left"
      try readPostProcessor(into: &definition)
      return definition
    }
    guard let members = model["vocab"]?.object?.members, !members.isEmpty else {
      throw wrong(model, "\"model.vocab\" must be an object of tokens and their ids.")
    }
    let vocabulary = try Vocabulary(members: members, added: added, file: path)
    var definition =
      type == "BPE"
      ? TokenizerDefinition(
        model: .bytePair(try bytePair(model, vocabulary)), addedTokens: added,
        names: TokenizerDefinition.namesOfRoBERTa, source: path)
      : TokenizerDefinition(
        model: .wordPiece(try wordPiece(model, vocabulary)), addedTokens: added,
        names: TokenizerDefinition.namesOfBERT, source: path)
    definition.names["unk_token"] = model["unk_token"]?.string ?? definition.names["unk_token"]
    definition.truncatesLeft = json["truncation"]?["direction"]?.string == "Left"
    try readPostProcessor(into: &definition)
    return definition
  }

  // MARK: - Models

  private func wordPiece(_ model: JSONValue, _ vocabulary: Vocabulary) throws -> WordPieceModel {
    var result = WordPieceModel(vocabulary: vocabulary)
    result.unknown = model["unk_token"]?.string ?? result.unknown
    result.continuationPrefix =
      model["continuing_subword_prefix"]?.string ?? result.continuationPrefix
    if let value = model["max_input_chars_per_word"] {
      // The time that a word takes grows with the square of its length.
      guard let limit = value.int, (1...1000).contains(limit) else {
        throw wrong(value, "\"max_input_chars_per_word\" must be a whole number from 1 to 1000.")
      }
      result.longestWord = limit
    }
    try require("pre_tokenizer", "pretokenizers", is: "BertPreTokenizer")
    let normalizer = try require("normalizer", "normalizers", is: "BertNormalizer")
    result.normalization = Normalization(
      lowersCase: normalizer["lowercase"]?.bool ?? true,
      stripsAccents: normalizer["strip_accents"]?.bool,
      cleansText: normalizer["clean_text"]?.bool ?? true,
      isolatesChinese: normalizer["handle_chinese_chars"]?.bool ?? true)
    return result
  }

  private func bytePair(_ model: JSONValue, _ vocabulary: Vocabulary) throws -> BytePairModel {
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      guard model[key]?.string?.isEmpty ?? true else {
        throw wrong(model[key], "a \"\(key)\" is not supported; only byte-level BPE without it is.")
      }
    }
    guard model["byte_fallback"]?.bool != true else {
      throw wrong(model["byte_fallback"], "\"byte_fallback\" is not supported.")
    }
    guard (model["dropout"]?.double ?? 0) == 0 else {
      throw wrong(
        model["dropout"], "\"dropout\" makes tokens random and is not supported; set it to null.")
    }
    if let normalizer = try components("normalizer", "normalizers").first {
      throw unsupported("normalizer", normalizer, "null with BPE")
    }
    let splitter = try require("pre_tokenizer", "pretokenizers", is: "ByteLevel")
    guard splitter["use_regex"]?.bool ?? true else {
      throw wrong(splitter, "the pre-tokenizer ByteLevel must have \"use_regex\": true.")
    }
    var result = try BytePairModel(
      vocabulary: vocabulary, merges: try merges(model), file: path)
    if let unknown = model["unk_token"]?.string {
      guard let id = vocabulary.id(of: Array(unknown.utf8)[...]) else {
        throw wrong(
          model["unk_token"], "the unknown token \"\(unknown)\" is not in the vocabulary.")
      }
      result.unknown = id
    }
    result.fusesUnknown = model["fuse_unk"]?.bool ?? false
    result.ignoresMerges = model["ignore_merges"]?.bool ?? false
    result.addsPrefixSpace = splitter["add_prefix_space"]?.bool ?? true
    return result
  }

  /// Merges as `"a b"` or, in newer files, as `["a", "b"]`.
  private func merges(
    _ model: JSONValue
  ) throws -> [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>, line: Int)] {
    guard let list = model["merges"]?.array else {
      throw wrong(model["merges"], "\"model.merges\" must be an array.")
    }
    return try list.map { merge in
      var parts: [ArraySlice<UInt8>] = []
      if let text = merge.string {
        parts = Array(text.utf8).split(separator: 0x20, omittingEmptySubsequences: false)
      } else if let pair = merge.array {
        parts = pair.compactMap { part in part.string.map { Array($0.utf8)[...] } }
      }
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
        throw wrong(merge, "a merge must be two tokens, as \"a b\" or as [\"a\", \"b\"].")
      }
      return (parts[0], parts[1], merge.position.line)
    }
  }

  // MARK: - Components

  /// The components of a kind, those of a `Sequence` in order; empty for null.
  func components(_ key: String, _ listKey: String) throws -> [JSONValue] {
    guard let value = json[key], !value.isNull else { return [] }
    return try flattened(value, key, listKey)
  }

  private func flattened(_ value: JSONValue, _ key: String, _ listKey: String) throws -> [JSONValue]
  {
    guard let type = value["type"]?.string else {
      throw wrong(value, "\"\(key)\" must be null or an object with a \"type\".")
    }
    guard type == "Sequence" else { return [value] }
    guard let list = value[listKey]?.array else {
      throw wrong(value, "the Sequence of \"\(key)\" must have the array \"\(listKey)\".")
    }
    return try list.flatMap { try flattened($0, key, listKey) }
  }

  func unsupported(_ key: String, _ value: JSONValue?, _ wanted: String) -> FileError {
    let kind = key.replacing("_", with: "-")
    return wrong(
      value,
      "the \(kind) \"\(value?["type"]?.string ?? "null")\" is not supported; it must be \(wanted).")
  }

  /// The only component of a kind, which must have a certain type.
  @discardableResult
  private func require(
    _ key: String, _ listKey: String, is type: String
  ) throws -> JSONValue {
    let found = try components(key, listKey)
    for component in found where component["type"]?.string != type {
      throw unsupported(key, component, type)
    }
    guard found.count == 1, let component = found.first else {
      throw unsupported(key, json[key], type)
    }
    return component
  }

  // MARK: - Post-processors

  private func readPostProcessor(into definition: inout TokenizerDefinition) throws {
    for value in try components("post_processor", "processors") {
      switch value["type"]?.string {
      case "ByteLevel": break  // It trims offsets, which we do not have.
      case "BertProcessing", "RobertaProcessing":
        let (cls, sep) = (try named("cls", value), try named("sep", value))
        definition.names["cls_token"] = cls.name
        definition.names["sep_token"] = sep.name
        definition.template =
          value["type"]?.string == "BertProcessing"
          ? .bert(cls: cls.id, sep: sep.id) : .roberta(cls: cls.id, sep: sep.id)
      case "TemplateProcessing":
        definition.template = EncodingTemplate(
          single: try parts("single", value, texts: ["A"]),
          pair: try parts("pair", value, texts: ["A", "B"]))
      default:
        throw unsupported(
          "post_processor", value, "BertProcessing, RobertaProcessing or TemplateProcessing")
      }
    }
    for case .special(let id, _) in (definition.template?.single ?? [])
      + (definition.template?.pair ?? []) where definition.vocabulary.bytes(of: id) == nil
    {
      throw wrong(
        json["post_processor"],
        "the post-processor adds the token \(id), which is not in the vocabulary.")
    }
  }

  /// The most parts of a template: what it adds to a text must not outweigh the text.
  private static let mostParts = 64

  /// A member such as `"cls": ["<s>", 0]`.
  private func named(_ key: String, _ value: JSONValue) throws -> (name: String, id: Int32) {
    guard let pair = value[key]?.array, pair.count == 2, let name = pair[0].string,
      let id = pair[1].int.flatMap(Int32.init(exactly:))
    else { throw wrong(value, "\"\(key)\" of the post-processor must be [token, id].") }
    return (name, id)
  }

  private func parts(
    _ key: String, _ value: JSONValue, texts: [String]
  ) throws -> [EncodingTemplate.Part] {
    var parts: [EncodingTemplate.Part] = []
    var found: [String] = []
    for part in value[key]?.array ?? [] {
      if let special = part["SpecialToken"], let name = special["id"]?.string {
        guard let ids = value["special_tokens"]?[name]?["ids"]?.array else {
          throw wrong(part, "\"special_tokens\" of the post-processor lacks \"\(name)\".")
        }
        for id in ids {
          guard let number = id.int.flatMap(Int32.init(exactly:)) else {
            throw wrong(id, "the id of a special token must be a whole number.")
          }
          parts.append(.special(number, typeID: try segment(special)))
        }
      } else if let text = part["Sequence"], let name = text["id"]?.string {
        found.append(name)
        let typeID = try segment(text)
        parts.append(name == "A" ? .first(typeID: typeID) : .second(typeID: typeID))
      } else {
        throw wrong(part, "a part of a template must be a SpecialToken or a Sequence.")
      }
    }
    guard parts.count <= Self.mostParts else {
      throw wrong(
        value[key],
        "\"\(key)\" of the post-processor adds \(parts.count - texts.count) tokens to every text; "
          + "at most \(Self.mostParts - texts.count) are supported.")
    }
    guard found.sorted() == texts else {
      throw wrong(
        value[key] ?? value,
        "\"\(key)\" of the post-processor must hold \(texts.joined(separator: " and ")) once.")
    }
    return parts
  }

  private func segment(_ part: JSONValue) throws -> UInt8 {
    guard let id = part["type_id"]?.int.flatMap(UInt8.init(exactly:)) else {
      throw wrong(part, "\"type_id\" must be a whole number from 0 to 255.")
    }
    return id
  }
}
