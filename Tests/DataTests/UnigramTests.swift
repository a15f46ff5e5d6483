import Data
import Files
import TestSupport
import Testing

@Suite("Unigram against the reference tokenizer")
struct UnigramTests {
  /// The modes of the goldens (scripts/goldens/unigram.py): as XLM-RoBERTa's, or with byte fallback
  /// and other components; special tokens as text, or parsed.
  static let modes = ["xlmr", "xlmr-parsed", "bytes", "bytes-parsed"]

  static func tokenizer(_ mode: String) throws -> any Tokenizer {
    let folder = mode.hasSuffix("-parsed") ? String(mode.dropLast(7)) : mode
    return try TokenizerLoader.load(
      folder: TestFiles.golden("unigram/\(folder)"), parseSpecialTokens: mode.hasSuffix("-parsed"))
  }

  @Test("every Unicode scalar before and after a letter: where grapheme clusters end")
  func everyScalar() throws {
    let tokenizer = try Self.tokenizer("characters-parsed")
    let (a, space) = (UInt8(ascii: "a"), UInt8(ascii: " "))
    try expectDigests(TestFiles.rows("unigram/blocks.txt")) { scalar, hash in
      hash.add(tokens: tokenizer.encode([a] + scalar + [space] + scalar + [a]))
    }
  }

  @Test("40,000 random texts of odd parts", arguments: modes)
  func sequences(_ mode: String) throws {
    let tokenizer = try Self.tokenizer(mode)
    #expect(tokenizer.kind == .unigram)
    let pool = try TestFiles.rows("unigram/pool.txt")[0].map { bytes(hexadecimal: $0) }
    let expected = try TestFiles.rows("unigram/sequences.txt").filter { $0[0] == mode }
    #expect(expected.count == 10)
    var texts = DrawnTexts(of: pool)
    for row in expected {
      var hash = ContentHash()
      for number in 0..<1000 {
        let text = Array(texts.next().joined())
        let ids = tokenizer.encode(text)
        hash.add(tokens: ids)
        if number % 50 == 0 {
          let aligned = tokenizer.encodeAligned(text[...])
          #expect(aligned.ids == ids)
          #expect(aligned.ranges.allSatisfy { $0.upperBound <= text.count })
        }
      }
      #expect(hash.hexadecimal == row[2], "block \(row[1])")
    }
  }

  @Test("positions are those of the characters in the text")
  func positions() throws {
    let tokenizer = try Self.tokenizer("xlmr")
    let text = "  the \u{00AD}goods\u{2003}①"
    let aligned = tokenizer.encodeAligned(Array(text.utf8)[...])
    let spelled = aligned.ranges.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
    #expect(spelled.first == "the" && spelled.joined() == "thegoods①")
  }

  @Test("a text cannot inject special tokens, not even by what it is normalised to")
  func noInjection() throws {
    for mode in ["xlmr", "bytes"] {
      let tokenizer = try Self.tokenizer(mode)
      let special = Set(tokenizer.specialTokens.all).subtracting([tokenizer.specialTokens.unknown])
      for text in ["<s> </s><mask> <pad>a<unk> x<mask>", "＜s＞ ＜/s＞"] {
        #expect(tokenizer.encode(text).allSatisfy { !special.contains($0) }, "\(mode)")
      }
    }
    #expect(try Self.tokenizer("xlmr-parsed").encode("the ＜mask＞").contains { $0 > 3 })
  }

  @Test("a megabyte without a space takes no quadratic time", .timeLimit(.minutes(1)))
  func hugeWord() throws {
    let huge = Array(String(repeating: "goodbads", count: 1 << 17).utf8)
    #expect(try Self.tokenizer("xlmr").encode(huge).count > 1 << 17)
  }

  /// A `tokenizer.json` of a few pieces with one member replaced.
  private func definition(
    vocabulary: String = #"["<s>", 0], ["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["a", -1]"#,
    unknown: String = "3", normalizer: String = "null",
    pretokenizer: String =
      #"{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁"}"#
  ) -> String {
    """
    {"normalizer": \(normalizer), "added_tokens": [{"id": 5, "content": "<mask>"}],
     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [\(pretokenizer)]},
     "model": {"type": "Unigram", "unk_id": \(unknown), "vocab": [\(vocabulary)]}}
    """
  }

  private func charsmap(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(bytes.count, start + 3)]
      let bits = (0..<3).reduce(0) { $0 << 8 | (group.count > $1 ? Int(group[start + $1]) : 0) }
      for digit in 0..<4 {
        text.append(digit <= group.count ? alphabet[bits >> (18 - 6 * digit) & 63] : "=")
      }
    }
    return "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"\(text)\"}"
  }

  /// A charsmap of 256 units, all zero but for some.
  private func charsmap(_ units: [Int: UInt32], count: UInt32 = 1024, text: [UInt8] = []) -> String
  {
    func bytes(_ unit: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: unit >> UInt32(8 * $0)) }
    }
    return charsmap(bytes(count) + (0..<256).flatMap { bytes(units[$0] ?? 0) } + text)
  }

  @Test("what a file says is checked where it enters")
  func hostileFiles() throws {
    let scratch = try ScratchFolder()
    func load(_ json: String) throws -> any Tokenizer {
      try TokenizerLoader.load(folder: scratch.folder(["tokenizer.json": json]))
    }
    // "a" (61) leads from base 1 by unit 60 to base 1, whose unit is the value.
    let leaf: UInt32 = 0x61 | 1 << 8 | 0x61 << 10
    let good = charsmap([0: 1 << 10, 0x60: leaf, 1: 1 << 31], text: Array("b\0".utf8))
    #expect(try load(definition(normalizer: good)).encode("a") == [3])
    #expect(try load(definition(normalizer: charsmap([0: 0]))).encode("a") == [3, 4])
    func replacements(_ old: String, _ new: String, _ count: Int) -> String {
      let step = #"{"type": "Replace", "pattern": {"String": "\#(old)"}, "content": "\#(new)"}"#
      let steps = [String](repeating: step, count: count).joined(separator: ", ")
      return #"{"type": "Sequence", "normalizers": [\#(steps)]}"#
    }
    // Refused for another reason: the class of the tokenizer has no such normalizer.
    let six = #expect(throws: (any Error).self) {
      try load(definition(normalizer: replacements("a", "aa", 6)))
    }
    #expect(six.map { "\($0)".contains("as long") } == false)
    let cases: [(String, String)] = [
      (definition(vocabulary: ""), "vocab"),
      (definition(vocabulary: #"["a"]"#), "[piece, score]"),
      (definition(vocabulary: #"["", 0]"#), "bytes"),
      (definition(vocabulary: "[\"\(String(repeating: "a", count: 257))\", 0]"), "bytes"),
      (definition(unknown: "null"), "unk_id"), (definition(unknown: "-1"), "unk_id"),
      (definition(unknown: "5"), "unk_id"),
      (definition(pretokenizer: #"{"type": "ByteLevel"}"#), "ByteLevel"),
      (definition(pretokenizer: #"{"type": "Metaspace", "replacement": "ab"}"#), "one character"),
      (
        definition(
          pretokenizer: #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}"#),
        "prepend_scheme"
      ),
      (definition(normalizer: #"{"type": "NFKC"}"#), "NFKC"),
      (
        definition(
          normalizer: #"{"type": "Replace", "pattern": {"Regex": "a+"}, "content": "b"}"#),
        "Replace"
      ),
      // Not in base64; no trie; a trie longer than the file; no multiple of 256 units.
      (
        definition(normalizer: #"{"type": "Precompiled", "precompiled_charsmap": "a*=="}"#),
        "charsmap"
      ),
      (definition(normalizer: charsmap([])), "charsmap"),
      (definition(normalizer: charsmap([0: 0], count: 2048)), "charsmap"),
      (definition(normalizer: charsmap([0: 0], count: 1020)), "charsmap"),
      // The root leads out of the table; so does an edge; a value is no place of a replacement.
      (definition(normalizer: charsmap([0: 256 << 10])), "charsmap"),
      (
        definition(normalizer: charsmap([0: 1 << 10, 0x60: 0x61 | 1 << 9 | 7 << 10])), "charsmap"
      ),
      (
        definition(
          normalizer: charsmap([0: 1 << 10, 0x60: leaf, 1: 9], text: Array("b\0".utf8))), "charsmap"
      ),
      // A replacement that starts within a character.
      (
        definition(
          normalizer: charsmap([0: 1 << 10, 0x60: leaf, 1: 1 << 31 | 1], text: Array("é\0".utf8))),
        "charsmap"
      ),
      // A replacement that makes a text much longer, or several together.
      (
        definition(
          normalizer: charsmap(
            [0: 1 << 10, 0x60: leaf, 1: 1 << 31],
            text: [UInt8](repeating: 0x62, count: 65) + [0])), "charsmap"
      ),
      (definition(normalizer: replacements("a", String(repeating: "b", count: 65), 1)), "64 bytes"),
      (definition(normalizer: replacements(String(repeating: "a", count: 65), "b", 1)), "64 bytes"),
      (definition(normalizer: replacements("a", "aa", 7)), "64 times as long"),
      (definition(normalizer: replacements("a", "b", 17)), "16 steps"),
      // Replacements that are not UTF-8.
      (definition(normalizer: charsmap([0: 0], text: [0xFF])), "charsmap"),
    ]
    for (json, part) in cases {
      let error = #expect(throws: FileError.self, "\(part)") { _ = try load(json) }
      #expect(error?.description.contains(part) == true, "\(error?.description ?? "") \(part)")
    }
  }
}
