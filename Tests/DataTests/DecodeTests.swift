import Data
import StrictJSON
import TestSupport
import Testing

/// Texts that tokens spell, against `decode` of transformers and tokenizers
/// (scripts/goldens/decoded_text.py).
@Suite struct DecodeTests {
  @Test func randomIdsOfEveryKindOfTokenizer() throws {
    let path = TestFiles.golden("decoded-text/decode.json")
    let json = try StrictJSON.parse(String(contentsOfFile: path, encoding: .utf8), file: path)
    let tokenizers = try #require(json["tokenizers"]?.array)
    #expect(tokenizers.count == 5)
    for entry in tokenizers {
      let folder = try #require(entry["folder"]?.string)
      let tokenizer = try TokenizerLoader.load(folder: TestFiles.golden(folder))
      let cases = try #require(entry["cases"]?.array)
      #expect(cases.count >= 60)
      for test in cases {
        let ids = test.integers("ids").map { Int32($0) }
        #expect(tokenizer.decode(ids) == test["text"]?.string, "\(folder) \(ids)")
      }
    }
  }

  /// A WordPiece tokenizer with a marker, which texts may spell.
  private func tokenizer() throws -> any Tokenizer {
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b", "n't", ".", "[E1]"]
    let scratch = try ScratchFolder()
    return try TokenizerLoader.load(
      folder: scratch.folder([
        "vocab.txt": words.joined(separator: "\n") + "\n",
        "tokenizer_config.json":
          #"{"tokenizer_class": "BertTokenizer", "additional_special_tokens": ["[E1]"]}"#,
      ]))
  }

  @Test func markersStayAndOtherSpecialTokensDoNot() throws {
    let tokenizer = try tokenizer()
    #expect(tokenizer.decode([2, 9, 5, 6, 1, 8, 4, 9, 3, 0]) == "[E1] ab. [E1]")
    #expect(tokenizer.decode([5, 7, 6, 5]) == "an'tb a")
    // An id without a token, as a generator with spare rows may draw.
    #expect(tokenizer.decode([5, 99, 5]) == "a a")
    #expect(tokenizer.decode([]) == "")
  }

  @Test func theTextsOfAnEncodingAreFound() throws {
    let tokenizer = try tokenizer()
    for (first, second) in [("a", "aa a"), ("", "a"), ("a a", ""), ("", "")] {
      let pair = tokenizer.encode(first, pair: second)
      let found = tokenizer.template.texts(isSpecial: pair.isSpecial[...], isPair: true)
      #expect(Array(pair.ids[found.first]) == tokenizer.encode(first))
      #expect(found.second.map { Array(pair.ids[$0]) } == tokenizer.encode(second))
      let single: [Int32] = tokenizer.encode(first)
      let alone = tokenizer.encode(first, maxLength: 100)
      let range = tokenizer.template.texts(isSpecial: alone.isSpecial[...], isPair: false)
      #expect(Array(alone.ids[range.first]) == single && range.second == nil)
    }
    #expect(tokenizer.template.separatesTexts)
    let unclear = EncodingTemplate(
      single: [.first(typeID: 0)], pair: [.first(typeID: 0), .second(typeID: 1)])
    #expect(!unclear.separatesTexts)
  }
}
