import Data
import TestSupport
import Testing

@Suite("WordPiece against the reference tokenizer")
struct WordPieceTests {
  static let options: [String: Normalization] = [
    "uncased": Normalization(lowersCase: true),
    "cased": Normalization(lowersCase: false),
    "lower": Normalization(lowersCase: true, stripsAccents: false),
    "strip": Normalization(lowersCase: false, stripsAccents: true),
    "bare": Normalization(lowersCase: false, cleansText: false, isolatesChinese: false),
    "unclean": Normalization(lowersCase: true, cleansText: false),
  ]

  static func tokenizer(_ name: String, parse: Bool = false) throws -> WordPieceTokenizer {
    let lines = try TestFiles.rows("unicode/vocab.txt")
    return WordPieceTokenizer(
      vocabulary: Vocabulary(tokens: lines.map { Array($0[0].utf8) }),
      specialTokens: SpecialTokens(pad: 0, unknown: 1, cls: 2, sep: 3, mask: 4),
      normalization: try #require(options[name]), parseSpecialTokens: parse)
  }

  static func digest(_ words: [[UInt8]], into hash: inout ContentHash) {
    for word in words {
      hash.add(word)
      hash.add(byte: 0xFF)
    }
    hash.add(byte: 0xFE)
  }

  @Test("every Unicode scalar, in blocks of 4096", arguments: options.keys.sorted())
  func everyScalar(_ name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    let expected = try TestFiles.rows("unicode/blocks.txt").filter { $0[0] == name }
    try expectDigests(expected) { scalar, hash in
      let text = [0x61] + scalar + [0x62]
      Self.digest(tokenizer.words(text[...]), into: &hash)
    }
  }

  @Test("scalars that act on each other", arguments: options.keys.sorted())
  func sequences(_ name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    let pool = try TestFiles.rows("unicode/pool.txt")[0].compactMap {
      UInt32($0, radix: 16).flatMap(Unicode.Scalar.init)
    }
    let expected = try TestFiles.rows("unicode/sequences.txt").filter { $0[0] == name }
    #expect(expected.count == 40)
    var texts = DrawnTexts(of: pool)
    for row in expected {
      var hash = ContentHash()
      for _ in 0..<500 {
        let text = String.UnicodeScalarView(texts.next())
        Self.digest(tokenizer.words(Array(String(text).utf8)[...]), into: &hash)
      }
      #expect(hash.hexadecimal == row[2], "block \(row[1])")
    }
  }

  @Test("ids of texts, special tokens as plain text and parsed")
  func pieces() throws {
    for row in try TestFiles.rows("unicode/pieces.txt") {
      let tokenizer = try Self.tokenizer(row[0], parse: row[1] == "1")
      let text = row[2] == "-" ? [] : bytes(hexadecimal: row[2])
      let ids = tokenizer.encode(text)
      let expected = row[3] == "-" ? [] : row[3].split(separator: ",").compactMap { Int32($0) }
      #expect(ids == expected, "\(String(decoding: text, as: UTF8.self))")
    }
  }

  @Test("a text cannot inject special tokens")
  func noInjection() throws {
    let tokenizer = try Self.tokenizer("cased")
    let ids = tokenizer.encode("[CLS] [MASK] [SEP] [PAD]")
    #expect(ids.allSatisfy { $0 == tokenizer.specialTokens.unknown || $0 > 4 })
  }

  @Test("longest-first truncation of texts and pairs")
  func truncation() throws {
    let tokenizer = try Self.tokenizer("uncased")
    for row in try TestFiles.rows("unicode/truncation.txt") {
      let numbers: [Int?] = row.map { Int($0) }
      let limit = try #require(numbers[0])
      let first = String(repeating: "a ", count: try #require(numbers[1]))
      let second = numbers[2].map { String(repeating: "b ", count: $0) }
      let encoding = tokenizer.encode(first, pair: second, maxLength: limit)
      #expect(encoding.ids.filter { $0 == 5 }.count == numbers[3], "\(row)")
      #expect(encoding.ids.filter { $0 == 6 }.count == (numbers[4] ?? 0), "\(row)")
      #expect(encoding.isSpecial.filter { $0 }.count == (second == nil ? 2 : 3))
      #expect(encoding.typeIDs.count == encoding.ids.count)
      let ofSecond = second == nil ? 0 : (numbers[4] ?? 0) + 1
      #expect(encoding.typeIDs.filter { $0 == 1 }.count == ofSecond)
    }
    #expect(tokenizer.encode("a a", maxLength: 0).ids == [2, 3])
  }

  @Test("bytes that are no UTF-8 are read as U+FFFD and do not trap")
  func malformed() throws {
    let tokenizer = try Self.tokenizer("uncased")
    #expect(tokenizer.words([0x61, 0xFF, 0x62, 0xE4, 0xB8]) == [[0x61, 0x62]])
    #expect(tokenizer.words([0xF0, 0x9F, 0x91, 0x20, 0xED, 0xA0, 0x80, 0x62]) == [[0x62]])
  }

  @Test("a long run of marks is put into canonical order like a short one")
  func manyMarks() throws {
    let tokenizer = try Self.tokenizer("uncased")
    for count in [1, 10, 40, 1000] {
      // Classes 224 and 216; neither mark is removed with the accents.
      let mixed = "a" + String(repeating: "\u{302E}\u{1D165}", count: count)
      let ordered =
        "a" + String(repeating: "\u{1D165}", count: count)
        + String(repeating: "\u{302E}", count: count)
      #expect(
        tokenizer.words(Array(mixed.utf8)[...]) == [Array(ordered.utf8)], "\(count) of each")
    }
  }
}
