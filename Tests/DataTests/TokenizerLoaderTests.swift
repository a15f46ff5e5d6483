import Data
import Files
import StrictJSON
import TestSupport
import Testing

@Suite("Tokenizers of model folders")
struct TokenizerLoaderTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  static let vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nHello\nworld\n##s\n東\n"

  @Test("every text of the golden beside the repository")
  func golden() throws {
    guard let model = TestFiles.shared("models/paraphrase-MiniLM-L3-v2"),
      let path = TestFiles.shared("models/tokenizer_golden.json")
    else { return }
    try GoldenTexts.check(
      path, family: "bert", special: ["[MASK]"],
      parsed: TokenizerLoader.load(folder: model, parseSpecialTokens: true),
      plain: TokenizerLoader.load(folder: model))
  }

  @Test("settings of tokenizer_config.json")
  func settings() throws {
    let plain = try TokenizerLoader.load(folder: scratch.folder(["vocab.txt": Self.vocabulary]))
    #expect(plain.encode("Hello worlds 東x") == [5, 7, 8, 9, 1])
    #expect(plain.vocabularySize == 10)
    #expect(plain.token(for: 6) == "Hello")
    #expect(plain.token(for: 10) == nil)
    let cased = try TokenizerLoader.load(
      folder: scratch.folder([
        "vocab.txt": Self.vocabulary,
        "tokenizer_config.json": "{\"do_lower_case\": false, \"tokenize_chinese_chars\": false}",
      ]))
    #expect(cased.encode("Hello hello 東s") == [6, 5, 9, 8])
    #expect(cased.encode("h\u{301}ello") == [1])
    #expect(cased.vocabularyHash == plain.vocabularyHash)
    let windows = try TokenizerLoader.load(
      folder: scratch.folder(["vocab.txt": Self.vocabulary.replacing("\n", with: "\r\n")]))
    #expect(windows.vocabularyHash == plain.vocabularyHash)
  }

  @Test("tokenizer.json where vocab.txt is absent")
  func tokenizerJSON() throws {
    let json = """
      {"added_tokens": [{"id": 0, "content": "[PAD]"}],
       "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
         "strip_accents": null, "lowercase": false},
       "pre_tokenizer": {"type": "BertPreTokenizer"},
       "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
         "max_input_chars_per_word": 6, "vocab": {"[UNK]": 1, "[CLS]": 2, "[SEP]": 3,
         "[MASK]": 4, "Hello": 5, "##s": 6, "[PAD]": 0}}}
      """
    let tokenizer = try TokenizerLoader.load(folder: scratch.folder(["tokenizer.json": json]))
    #expect(tokenizer.encode("Hellos hello Helloss") == [5, 6, 1, 1])
    let holes = try TokenizerLoader.load(
      folder: scratch.folder([
        "tokenizer.json": json.replacing("\"##s\": 6", with: "\"##s\": 8")
      ]))
    #expect(holes.encode("Hellos") == [5, 8] && holes.vocabularySize == 9)
    #expect(holes.token(for: 7) == nil && holes.vocabularyHash != tokenizer.vocabularyHash)
    for (id, part) in [("5", "which another token has already"), ("9999999", "correct the id")] {
      let wrong = json.replacing("\"##s\": 6", with: "\"##s\": \(id)")
      let error = #expect(throws: FileError.self) {
        try TokenizerLoader.load(folder: scratch.folder(["tokenizer.json": wrong]))
      }
      #expect(error?.problem.contains(part) == true)
    }
    let other = json.replacing("WordPiece", with: "WordLevel").replacing("\"##\"", with: "\"\"")
    let unsupported = #expect(throws: FileError.self) {
      try TokenizerLoader.load(folder: scratch.folder(["tokenizer.json": other]))
    }
    #expect(unsupported?.problem.contains("\"WordLevel\"") == true)
  }

  @Test("folders that cannot be used")
  func mistakes() throws {
    func problem(_ files: [String: String]) throws -> String {
      let folder = try scratch.folder(files)
      return
        (#expect(throws: FileError.self) {
          _ = try TokenizerLoader.load(folder: folder)
        })?
        .description ?? ""
    }
    #expect(try problem([:]).contains("neither vocab.txt nor tokenizer.json nor vocab.json"))
    #expect(try problem(["vocab.txt": ""]).contains("vocab.txt: the vocabulary is empty"))
    #expect(try problem(["vocab.txt": "a\nb\n"]).contains("lacks the special token \"[PAD]\""))
    let wrong = try problem([
      "vocab.txt": Self.vocabulary, "tokenizer_config.json": "{\n\"do_lower_case\": 1}",
    ])
    #expect(
      wrong.hasSuffix("tokenizer_config.json:2: \"do_lower_case\" must be true, false or null."))
    let broken = try scratch.folder(["vocab.txt": Self.vocabulary, "tokenizer_config.json": "{,}"])
    #expect(throws: JSONError.self) { try TokenizerLoader.load(folder: broken) }
  }
}
