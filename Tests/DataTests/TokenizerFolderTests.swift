import Data
import Files
import StrictJSON
import TestSupport
import Testing

/// What the files and keys of a tokenizer's folder do to token ids, against transformers
/// (scripts/goldens/tokenizer_folders.py). Each case is obeyed to the id or refused by name.
@Suite("Folders of tokenizers")
struct TokenizerFolderTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let json: JSONValue
    let texts: [String]
    let pair: [String]
    var testDescription: String { json["name"]?.string ?? "" }

    /// The folder of the case.
    func folder(in scratch: ScratchFolder) throws -> String {
      var files: [String: String] = [:]
      for member in json["files"]?.object?.members ?? [] {
        files[member.key] = member.value.string ?? ""
      }
      return try scratch.folder(files)
    }
  }

  static let cases: [Case] = {
    let path = TestFiles.golden("tokenizer-folders.json")
    guard let bytes = try? TestFiles.bytes(path),
      let json = try? StrictJSON.parse(bytes, file: path)
    else { return [] }
    func strings(_ key: String) -> [String] { (json[key]?.array ?? []).compactMap(\.string) }
    return (json["cases"]?.array ?? []).map {
      Case(json: $0, texts: strings("texts"), pair: strings("pair"))
    }
  }()

  @Test("there are cases of both kinds")
  func kinds() {
    let refused = Self.cases.count { $0.json["refused"] != nil }
    #expect(refused > 10 && Self.cases.count - refused > 30)
  }

  @Test("ids, segments and cutting", arguments: cases.filter { $0.json["refused"] == nil })
  func obeyed(_ test: Case) throws {
    let scratch = try ScratchFolder()
    let folder = try test.folder(in: scratch)
    let all = try TokenizerLoader.load(folder: folder, parseSpecialTokens: true)
    let usual = try TokenizerLoader.load(folder: folder)
    let none = try TokenizerLoader.load(folder: folder, parseSpecialTokens: false)
    let expected = (test.json["ids"]?.array ?? []).map { ($0.array ?? []).compactMap(\.int) }
    try #require(expected.count == test.texts.count)
    let core = usual.specialTokens.all.compactMap { usual.token(for: $0) }
    for (text, ids) in zip(test.texts, expected) {
      #expect(all.encode(text).ids.map(Int.init) == ids, "\(text)")
      let aligned = all.encodeAligned(Array(text.utf8)[...])
      #expect(aligned.ids == all.encode(text), "aligned \(text)")
      #expect(aligned.ranges.allSatisfy { $0.upperBound <= text.utf8.count }, "\(text)")
      // By default only what every model has is text.
      if !core.contains(where: { text.contains($0) }) {
        #expect(usual.encode(text) == all.encode(text), "\(text)")
      }
      let special = Set(usual.specialTokens.all).subtracting([usual.specialTokens.unknown])
      #expect(usual.encode(text).allSatisfy { !special.contains($0) }, "\(text)")
      let markers = Set(usual.markers.compactMap { none.id(for: $0) })
      #expect(none.encode(text).allSatisfy { !markers.contains($0) }, "\(text)")
    }
    let pair = usual.encode(test.pair[0], pair: test.pair[1])
    #expect(pair.ids.map(Int.init) == test.json.integers("pair"))
    #expect(pair.typeIDs.map(Int.init) == test.json.integers("segments"))
    let short = usual.encode(test.pair[0], pair: test.pair[1], maxLength: 8)
    #expect(short.ids.map(Int.init) == test.json.integers("short"))
  }

  @Test("what is refused", arguments: cases.filter { $0.json["refused"] != nil })
  func refused(_ test: Case) throws {
    let scratch = try ScratchFolder()
    let folder = try test.folder(in: scratch)
    let error = #expect(throws: FileError.self) {
      _ = try TokenizerLoader.load(folder: folder)
    }
    let part = test.json["refused"]?.string ?? "?"
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  @Test("tokenizers are compared as a whole")
  func traits() throws {
    let scratch = try ScratchFolder()
    func tokenizer(_ settings: String) throws -> any Tokenizer {
      try TokenizerLoader.load(
        folder: scratch.folder([
          "vocab.txt": TokenizerLoaderTests.vocabulary, "tokenizer_config.json": settings,
          "config.json": #"{"model_type": "bert"}"#,
        ]))
    }
    let plain = try tokenizer("{}")
    #expect(plain.traits == (try tokenizer(#"{"do_lower_case": true}"#)).traits)
    let differences: [(String, String)] = [
      (#"{"do_lower_case": false}"#, "do_lower_case"),
      (#"{"strip_accents": false}"#, "strip_accents"),
      (#"{"tokenize_chinese_chars": false}"#, "tokenize_chinese_chars"),
      (#"{"truncation_side": "left"}"#, "truncation_side"),
      (#"{"model_input_names": ["input_ids"]}"#, TokenizerTraits.segments),
      (#"{"additional_special_tokens": ["world"]}"#, "added token \"world\""),
      (#"{"cls_token": "hello"}"#, "cls_token"),
    ]
    for (settings, name) in differences {
      let other = try tokenizer(settings)
      let found = plain.traits.difference(from: other.traits)?.name
      #expect(found == name || other.traits.difference(from: plain.traits)?.name == name, "\(name)")
      #expect(plain.vocabularyHash == other.vocabularyHash)
    }
    let bare = try tokenizer(#"{"model_input_names": ["input_ids"]}"#)
    #expect(
      plain.traits.difference(from: bare.traits, ignoring: [TokenizerTraits.segments]) == nil)
  }

  @Test("markers are honoured by default, and the folder may say otherwise")
  func markers() throws {
    let scratch = try ScratchFolder()
    func ids(_ more: String, _ parse: Bool? = nil) throws -> [Int32] {
      let folder = try scratch.folder([
        "vocab.txt": TokenizerLoaderTests.vocabulary,
        "tokenizer_config.json": "{\"additional_special_tokens\": [\"[E1]\"]\(more)}",
      ])
      return try TokenizerLoader.load(folder: folder, parseSpecialTokens: parse)
        .encode("hello [E1][SEP]")
    }
    #expect(try ids("") == [5, 10, 1, 1, 1])
    #expect(try ids(", \"special_tokens_in_text\": true") == [5, 10, 3])
    for no in ["\"special_tokens_in_text\": false", "\"split_special_tokens\": true"] {
      #expect(try ids(", " + no) == [5, 1, 1, 1, 1, 1, 1])
      #expect(try ids(", " + no, true) == [5, 10, 3])
    }
    #expect(try ids(", \"special_tokens_in_text\": true", false) == [5, 1, 1, 1, 1, 1, 1])
  }
}
