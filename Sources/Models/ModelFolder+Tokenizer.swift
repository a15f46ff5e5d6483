import Configuration
import Files
import StrictJSON

extension ModelFolder {
  /// The files that describe a tokenizer. They are copied from model to model byte for byte, except
  /// for the one key that `inputNames(for:given:)` has to correct.
  public static let tokenizerFiles = [
    "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "merges.txt",
  ]

  /// The content of a tokenizer's files. A run keeps it, so that what becomes of their folder in
  /// the meantime does not matter to the models that it writes.
  public struct TokenizerContent: Sendable {
    fileprivate let contents: [String: [UInt8]]
    fileprivate let omitsSegments: Bool
    fileprivate let specialTokensInText: Bool?

    /// A hash of the names and bytes of the files.
    package var contentHash: String {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
      for (name, content) in contents.sorted(by: { $0.key < $1.key }) {
        name.utf8.forEach(add)
        add(0)
        content.forEach(add)
        add(0)
      }
      return String(hash, radix: 16)
    }

    /// Reads the files that a folder has.
    ///
    /// - Parameter specialTokensInText: whether texts may spell special tokens, if a model was
    ///   trained so whatever the files say.
    /// - Throws: `FileError` if one cannot be read.
    public init(folder: String, specialTokensInText: Bool? = nil) throws {
      self.specialTokensInText = specialTokensInText
      let folder = try TransformerFolder.path(in: folder)
      // A model with segments whose tokenizer leaves them out was trained without them.
      omitsSegments =
        (try? ModelFolder(folder)).map { $0.configuration.encoder.typeVocabularySize > 1 } ?? false
      contents = Dictionary(
        uniqueKeysWithValues: try tokenizerFiles.compactMap { name in
          try ByteFile.readIfThere("\(folder)/\(name)").map { (name, $0) }
        })
    }
  }

  static func write(
    _ tokenizer: TokenizerContent, to path: String, for configuration: EncoderConfiguration
  ) throws {
    for name in tokenizerFiles {
      if let content = tokenizer.contents[name] {
        try ByteFile.write(content, to: "\(path)/\(name)")
      } else if ByteFile.exists("\(path)/\(name)") {
        // An older model's, such as a tokenizer.json, which transformers prefers to vocab.txt.
        ByteFile.remove("\(path)/\(name)")
      }
    }
    // transformers prefers tokenizer.json to the other files, and its settings to those of
    // tokenizer.json.
    let definitionFile = "\(path)/tokenizer.json"
    let definition = try ByteFile.readIfThere(definitionFile).map {
      try StrictJSON.parse($0, file: definitionFile)
    }
    let isUnigram = definition?["model"]?["vocab"]?.array != nil
    let isWordPiece =
      definition.map { $0["model"]?["merges"] == nil && !isUnigram }
      ?? ByteFile.exists("\(path)/vocab.txt")
    let settingsFile = "\(path)/tokenizer_config.json"
    var settings: JSONObject?
    if let text = try ByteFile.readIfThere(settingsFile) {
      settings = try StrictJSON.parse(text, file: settingsFile).object
    } else {
      var usual = JSONObject()
      if isWordPiece {
        usual["do_lower_case"] = .bool(definition?["normalizer"]?["lowercase"]?.bool ?? true)
      } else if isUnigram {
        let pretokenizer = definition?["pre_tokenizer"]
        let parts = pretokenizer?["pretokenizers"]?.array ?? [pretokenizer].compactMap { $0 }
        usual["add_prefix_space"] = .bool(
          !parts.contains { $0["prepend_scheme"]?.string == "never" })
      } else if let prefix = definition?["pre_tokenizer"]?["add_prefix_space"]?.bool {
        usual["add_prefix_space"] = .bool(prefix)
      }
      usual["model_max_length"] = .int(configuration.maximumLength)
      usual["tokenizer_class"] = .string(
        isWordPiece ? "BertTokenizer" : isUnigram ? "XLMRobertaTokenizer" : "RobertaTokenizer")
      try write(JSONValue(.object(usual)), to: settingsFile)
      settings = usual
    }
    if var changed = settings,
      let names = inputNames(
        for: configuration, given: changed, isWordPiece: isWordPiece,
        omitsSegments: tokenizer.omitsSegments)
    {
      changed["model_input_names"] = .array(names.map { .string($0) })
      try write(JSONValue(.object(changed)), to: settingsFile)
    }
    if let inText = tokenizer.specialTokensInText { try write(inText, to: settingsFile) }
    let mapFile = "\(path)/special_tokens_map.json"
    if definition == nil, !ByteFile.exists(mapFile) {
      try write(isWordPiece ? wordPieceTokens : bytePairTokens, to: mapFile)
    }
  }

  /// The value that `model_input_names` must have if a tokenizer, as transformers would load it,
  /// gives segments to a model that has none, or none to a model that was trained with them; nil if
  /// it fits as it is. This happens when teacher and student belong to different families.
  private static func inputNames(
    for configuration: EncoderConfiguration, given settings: JSONObject, isWordPiece: Bool,
    omitsSegments: Bool
  ) -> [String]? {
    let type = settings["tokenizer_class"]?.string ?? ""
    let givesSegments: Bool
    if let names = settings["model_input_names"]?.array {
      givesSegments = names.contains { $0.string == "token_type_ids" }
    } else {
      givesSegments = !["DistilBert", "Roberta", "XLMRoberta"].contains { type.hasPrefix($0) }
    }
    if configuration.typeVocabularySize < 2 {
      return givesSegments ? ["input_ids", "attention_mask"] : nil
    }
    return givesSegments || !isWordPiece || omitsSegments
      ? nil : ["input_ids", "token_type_ids", "attention_mask"]
  }

  /// Keeps in tokenizer_config.json whether texts may spell special tokens, under mate-kd's key and
  /// under transformers' own, which is the opposite.
  private static func write(_ specialTokensInText: Bool, to file: String) throws {
    var settings = try StrictJSON.parse(try ByteFile.read(file), file: file).object ?? JSONObject()
    settings["special_tokens_in_text"] = .bool(specialTokensInText)
    settings["split_special_tokens"] = .bool(!specialTokensInText)
    try write(JSONValue(.object(settings)), to: file)
  }

  private static let wordPieceTokens: JSONValue = [
    "cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]",
    "unk_token": "[UNK]",
  ]

  private static let bytePairTokens: JSONValue = [
    "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "mask_token": "<mask>",
    "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>",
  ]

  private static func write(_ value: JSONValue, to path: String) throws {
    try JSONWriter().write(value, to: path)
  }
}
