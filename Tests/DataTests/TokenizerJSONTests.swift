import Data
import Files
import TestSupport
import Testing

@Suite("Components of tokenizer.json")
struct TokenizerJSONTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  static let bert = """
    {"added_tokens": [{"id": 0, "content": "[PAD]", "special": true},
       {"id": 9, "content": "[E1]", "special": false, "normalized": false}],
     "normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null},
     "pre_tokenizer": {"type": "BertPreTokenizer"},
     "post_processor": {"type": "TemplateProcessing",
       "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
         {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
       "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
         {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
         {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 2}}],
       "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2]},
         "[SEP]": {"id": "[SEP]", "ids": [3, 3]}}},
     "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
       "max_input_chars_per_word": 100, "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3,
       "[MASK]": 4, "a": 5, "b": 6, "[": 7, "##b": 8}}}
    """

  static let roberta = """
    {"added_tokens": [{"id": 4, "content": "<mask>", "special": true, "lstrip": true}],
     "normalizer": null,
     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
       {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}]},
     "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]},
     "model": {"dropout": null, "unk_token": null, "vocab": {"<s>": 0, "<pad>": 1, "</s>": 2,
       "<unk>": 3, "<mask>": 4, "a": 5, "b": 6, "Ġ": 7, "ab": 8, "Ġab": 9, "abab": 10},
       "merges": [["a", "b"], "Ġ ab"]}}
    """

  private func load(_ json: String, settings: String? = nil) throws -> any Tokenizer {
    let folder = try scratch.folder()
    try TestFiles.write(Array(json.utf8), to: "\(folder)/tokenizer.json")
    if let settings {
      try TestFiles.write(Array(settings.utf8), to: "\(folder)/tokenizer_config.json")
    }
    return try TokenizerLoader.load(folder: folder)
  }

  private func problem(_ json: String, _ old: String, _ new: String) throws -> String {
    #expect(json.contains(old))
    return
      (#expect(throws: FileError.self) { try load(json.replacing(old, with: new)) })?.description
      ?? ""
  }

  @Test("WordPiece with a template of its own and an added token")
  func wordPiece() throws {
    let tokenizer = try load(Self.bert)
    let pair = tokenizer.encode("A[E1]b", pair: "ab [MASK]")
    #expect(pair.ids == [2, 5, 9, 6, 3, 3, 5, 8, 7, 1, 1, 3, 3])
    #expect(pair.typeIDs == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2])
    #expect(pair.isSpecial.filter { $0 }.count == 5)
    #expect(tokenizer.encode("a b", pair: "b b", maxLength: 7).ids == [2, 5, 3, 3, 6, 3, 3])
    #expect(try load(Self.bert, settings: "{\"do_lower_case\": false}").encode("A a") == [1, 5])
  }

  @Test("byte-level BPE of an old file that does not name its model")
  func bytePair() throws {
    let tokenizer = try load(Self.roberta)
    #expect(tokenizer.encode("abab ab", pair: "b").ids == [0, 8, 8, 9, 2, 2, 6, 2])
    #expect(tokenizer.encode("xay") == [5])
    let prefixed = try load(Self.roberta, settings: "{\"add_prefix_space\": true}")
    #expect(prefixed.encode("ab") == [9])
    #expect(prefixed.encode("") == [])
    let whole = Self.roberta.replacing("\"dropout\"", with: "\"ignore_merges\": true, \"dropout\"")
    #expect(try load(whole).encode("abab") == [10])
    let bert = Self.roberta.replacing("RobertaProcessing", with: "BertProcessing")
    #expect(try load(bert).encode("a", pair: "b").ids == [0, 5, 2, 6, 2])
    #expect(try load(bert).encode("a", pair: "b").typeIDs == [0, 0, 0, 1, 1])
  }

  @Test("components that are not supported are named with their line")
  func unsupported() throws {
    let bert = Self.bert
    #expect(
      try problem(bert, "BertPreTokenizer", "Whitespace").hasSuffix(
        "tokenizer.json:4: the pre-tokenizer \"Whitespace\" is not supported; it must be "
          + "BertPreTokenizer."))
    #expect(try problem(bert, "BertNormalizer", "NFKC").contains("the normalizer \"NFKC\""))
    #expect(
      try problem(bert, "TemplateProcessing", "Mystery").contains("the post-processor \"Mystery\""))
    #expect(try problem(bert, "\"WordPiece\"", "\"WordLevel\"").contains("the model \"WordLevel\""))
    #expect(try problem(bert, "\"ids\": [2]", "\"ids\": [12]").contains("adds the token 12"))
    #expect(try problem(bert, "\"id\": \"B\"", "\"id\": \"A\"").contains("must hold A and B once"))
    #expect(
      try problem(bert, "{\"id\": 0, \"content\"", "{\"id\": 5, \"content\"").contains(
        "is listed with id 5, but the vocabulary has it as 0"))
    let roberta = Self.roberta
    #expect(
      try problem(roberta, "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}").contains(
        "the normalizer \"NFC\" is not supported; it must be null with BPE"))
    #expect(
      try problem(roberta, "\"ByteLevel\"", "\"Metaspace\"").contains("\"Metaspace\""))
    #expect(
      try problem(roberta, "\"use_regex\": true", "\"use_regex\": false").contains("use_regex"))
    #expect(try problem(roberta, "\"dropout\": null", "\"dropout\": 0.1").contains("dropout"))
    #expect(
      try problem(roberta, "\"dropout\": null", "\"byte_fallback\": true").contains("byte_fallback")
    )
    #expect(
      try problem(roberta, "\"dropout\": null", "\"end_of_word_suffix\": \"</w>\"").contains(
        "end_of_word_suffix"))
    #expect(
      try problem(roberta, "\"Ġ ab\"", "\"b c\"").contains("needs the token \"c\""))
    #expect(try problem(roberta, "\"Ġ ab\"", "\"Ġab\"").contains("a merge must be two tokens"))
  }

  @Test("which files count")
  func files() throws {
    let folder = try scratch.folder()
    func write(_ name: String, _ text: String) throws {
      try TestFiles.write(Array(text.utf8), to: "\(folder)/\(name)")
    }
    let vocabulary =
      "{\"<s>\": 0, \"<pad>\": 1, \"</s>\": 2, \"<unk>\": 3, \"<mask>\": 4, \"a\": 5, \"b\": 6}"
    try write("vocab.json", vocabulary)
    let lacking = #expect(throws: FileError.self) {
      _ = try TokenizerLoader.load(folder: folder)
    }
    #expect(lacking?.problem.contains("has vocab.json but not merges.txt") == true)
    try write("merges.txt", "#version: 0.2\r\n\r\na b\r\n")
    let merge = #expect(throws: FileError.self) {
      _ = try TokenizerLoader.load(folder: folder)
    }
    #expect(
      merge?.description.contains("merges.txt:3: the merge \"a b\" needs the token \"ab\"") == true)
    try write("vocab.json", vocabulary.replacing("}", with: ", \"ab\": 7}"))
    #expect(
      try TokenizerLoader.load(folder: folder).encode("ab", pair: "b").ids == [0, 7, 2, 2, 6, 2])
    try write("merges.txt", "a b c\n")
    let three = #expect(throws: FileError.self) {
      _ = try TokenizerLoader.load(folder: folder)
    }
    #expect(three?.line == 1)
    try write("merges.txt", "a b\n")
    // With a vocab.txt beside them the model's family decides.
    try write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nab\n")
    #expect(try TokenizerLoader.load(folder: folder).encode("ab") == [5])
    try write("config.json", "{\"model_type\": \"roberta\"}")
    #expect(try TokenizerLoader.load(folder: folder).encode("ab") == [7])
    try write("tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\"}")
    #expect(try TokenizerLoader.load(folder: folder).encode("ab") == [5])
    try write(
      "tokenizer_config.json",
      """
      {"tokenizer_class": "BertTokenizer", "added_tokens_decoder": {"6": {"content": "[E1]",
        "normalized": false, "special": false}, "7": {"content": "[E2]", "special": true}}}
      """)
    let added = try TokenizerLoader.load(folder: folder)
    #expect(added.encode("ab[E1][E2]") == [5, 6, 7])
    let text = try TokenizerLoader.load(folder: folder, parseSpecialTokens: false)
    #expect(text.encode("ab[E1][E2]") == [5, 6, 1, 1, 1])
    #expect(added.vocabularySize == 8)
    try write("tokenizer.json", Self.roberta)
    let other = #expect(throws: FileError.self) {
      _ = try TokenizerLoader.load(folder: folder)
    }
    #expect(other?.problem.contains("tokenizer_class BertTokenizer does not fit") == true)
    try write("tokenizer_config.json", "{}")
    #expect(try TokenizerLoader.load(folder: folder).encode("ab") == [8])
  }

  /// With a look at every token at every place, this would take hours.
  @Test("many added tokens with one beginning", .timeLimit(.minutes(1)))
  func manyAddedTokens() throws {
    let many = (1..<200).map { length in
      "{\"id\": \(9 + length), \"content\": \"\(String(repeating: "b", count: length))[E]\"}"
    }
    let tokenizer = try load(
      Self.bert.replacing(
        "{\"id\": 9, \"content\": \"[E1]\"",
        with: many.joined(separator: ", ")
          + ", {\"id\": 209, \"content\": \"bbb\"}, {\"id\": 9, \"content\": \"[E1]\""))
    #expect(tokenizer.encode("bb[E]") == [11])
    // The longest at the first place, not the longest of all.
    #expect(tokenizer.encode("bbbb[E]") == [13])
    #expect(tokenizer.encode("bbbb") == [209, 6])
    #expect(tokenizer.encode("bb[E1]") == [6, 8, 9])
    let text = Array((String(repeating: "b", count: 300_000) + "a").utf8)
    #expect(tokenizer.encode(text).count == 100_001)
    let long = String(repeating: "b", count: 257)
    #expect(
      try problem(Self.bert, "[E1]", long).contains("an added token must have at most 256 bytes"))
  }

  @Test("a template that adds more tokens than a text has is refused")
  func longTemplate() throws {
    let part = "{\"SpecialToken\": {\"id\": \"[CLS]\", \"type_id\": 0}}, "
    let many = String(repeating: part, count: 200)
    let found = try problem(
      Self.bert, "\"single\": [", "\"single\": [" + many)
    #expect(found.contains("adds") && found.contains("at most"), "\(found)")
  }

  @Test("words longer than the limit on limits are refused", arguments: ["-1", "0", "1001", "9e9"])
  func longestWord(_ limit: String) throws {
    let found = try problem(
      Self.bert, "\"max_input_chars_per_word\": 100", "\"max_input_chars_per_word\": \(limit)")
    #expect(found.contains("from 1 to 1000"), "\(found)")
  }
}
