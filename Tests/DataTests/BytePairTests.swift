import Data
import TestSupport
import Testing

@Suite("Byte-level BPE against the reference tokenizer")
struct BytePairTests {
  /// The modes of the goldens: vocab.json with merges.txt, or tokenizer.json with a prefix space;
  /// special tokens as text, or parsed.
  static let modes = ["plain", "parsed", "prefix", "prefix-parsed"]

  static func tokenizer(_ mode: String) throws -> any Tokenizer {
    try TokenizerLoader.load(
      folder: TestFiles.golden("byte-level/\(mode.hasPrefix("prefix") ? "json" : "files")"),
      parseSpecialTokens: mode.hasSuffix("parsed"))
  }

  static func ids(_ field: String) -> [Int32] {
    field.split(separator: ",").compactMap { Int32($0) }
  }

  @Test("the pieces around every Unicode scalar, in blocks of 4096")
  func everyScalar() throws {
    try expectDigests(TestFiles.rows("byte-level/blocks.txt")) { scalar, hash in
      let text = ["a", "1", "!", " ", "'"].flatMap { Array($0.utf8) + scalar }
      WordPieceTests.digest(BytePairTokenizer.pieces(text[...]), into: &hash)
    }
  }

  @Test("130,000 random texts of odd parts", arguments: modes)
  func sequences(_ mode: String) throws {
    let tokenizer = try Self.tokenizer(mode)
    let pool = try TestFiles.rows("byte-level/pool.txt")[0].map { bytes(hexadecimal: $0) }
    let expected = try TestFiles.rows("byte-level/sequences.txt").filter { $0[0] == mode }
    #expect(expected.count == (mode == "plain" ? 100 : 10))
    var texts = DrawnTexts(of: pool)
    for row in expected {
      var hash = ContentHash()
      for _ in 0..<1000 {
        let text = Array(texts.next().joined())
        hash.add(tokens: tokenizer.encode(text[...], pair: nil, maxLength: .max).ids)
      }
      #expect(hash.hexadecimal == row[2], "block \(row[1])")
    }
  }

  @Test("edge cases, pairs and truncation", arguments: modes)
  func cases(_ mode: String) throws {
    let tokenizer = try Self.tokenizer(mode)
    let rows = try TestFiles.rows("byte-level/cases.txt").filter { $0[0] == mode }
    #expect(rows.count == 74)
    for row in rows {
      let first = row[1] == "-" ? [] : bytes(hexadecimal: row[1])
      let second = row[2] == "none" ? nil : row[2] == "-" ? [] : bytes(hexadecimal: row[2])
      let limit = try #require(Int(row[3]))
      let found = tokenizer.encode(
        first[...], pair: second.map { $0[...] }, maxLength: limit == 0 ? .max : limit)
      #expect(found.ids == Self.ids(row[4]), "\(String(decoding: first, as: UTF8.self)) \(row)")
      #expect(found.typeIDs == [UInt8](repeating: 0, count: found.ids.count))
      #expect(found.isSpecial.filter { $0 }.count == (second == nil ? 2 : 4))
    }
  }

  @Test("bytes that are no UTF-8 become U+FFFD, one for each maximal ill-formed part")
  func malformed() throws {
    let tokenizer = try Self.tokenizer("plain")
    let rows = try TestFiles.rows("byte-level/malformed.txt")
    #expect(rows.count == 13)
    for row in rows {
      let found = tokenizer.encode(bytes(hexadecimal: row[0])[...], pair: nil, maxLength: .max)
      #expect(found.ids == Self.ids(row[1]), "\(row[0])")
    }
  }

  @Test("a text cannot inject special tokens, not even by its bytes merging to one")
  func noInjection() throws {
    let text = "<s> </s><mask> <pad>a<unk> x<mask>"
    for mode in ["plain", "prefix"] {
      let tokenizer = try Self.tokenizer(mode)
      let special = Set(tokenizer.specialTokens.all)
      #expect(tokenizer.encode(text).allSatisfy { !special.contains($0) }, "\(mode)")
    }
    let scratch = try ScratchFolder()
    let folder = scratch.path
    for (name, content) in [
      "vocab.json":
        "{\"<s>\": 0, \"<>\": 1, \"</s>\": 2, \"<unk>\": 3, \"<mask>\": 4, \"<\": 5, \">\": 6}",
      "merges.txt": "< >\n", "tokenizer_config.json": "{\"pad_token\": \"<>\"}",
    ] {
      try TestFiles.write(Array(content.utf8), to: "\(folder)/\(name)")
    }
    #expect(try TokenizerLoader.load(folder: folder).encode("<>") == [5, 6])
    #expect(try TokenizerLoader.load(folder: folder, parseSpecialTokens: true).encode("<>") == [1])
  }

  @Test("the queue of long words and the scan of short ones merge alike")
  func longWords() throws {
    var state: UInt64 = 7
    func draw(_ bound: Int) -> Int32 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int32(state >> 33) % Int32(bound)
    }
    for _ in 0..<200 {
      // Dense merges among eight tokens, in any order of ranks.
      let merges: [BytePairMerges.Merge] = (0..<40).map { _ in
        BytePairMerges.Merge(left: draw(8), right: draw(8), merged: draw(8))
      }
      let table = BytePairMerges(merges)
      for length in 0..<80 {
        var scan = BytePairMerges.Workspace()
        for _ in 0..<length { scan.tokens.append(draw(8)) }
        let word = scan.tokens
        var queue = scan
        table.applyByScan(to: &scan)
        table.applyByQueue(to: &queue)
        #expect(scan.tokens == queue.tokens, "\(word) by \(merges)")
      }
    }
  }

  @Test("a megabyte without a space takes no quadratic time", .timeLimit(.minutes(1)))
  func hugeWord() throws {
    let tokenizer = try Self.tokenizer("plain")
    let huge = Array(String(repeating: "mississippimovie", count: 1 << 16).utf8)
    let ids = tokenizer.encode(huge)
    #expect(ids.compactMap { tokenizer.token(for: $0)?.utf8.count }.reduce(0, +) == huge.count)
  }

  @Test("tokens are spelled as in the vocabulary")
  func spelling() throws {
    let tokenizer = try Self.tokenizer("plain")
    #expect(tokenizer.vocabularySize == 1201)
    #expect(tokenizer.id(for: "<mask>") == tokenizer.specialTokens.mask)
    let the = try #require(tokenizer.id(for: "Ġthe"))
    #expect(tokenizer.encode(" the") == [the])
    #expect(tokenizer.token(for: the) == "Ġthe")
    #expect(tokenizer.token(for: 1201) == nil)
    #expect(tokenizer.vocabularyHash != (try Self.tokenizer("prefix")).vocabularyHash)
  }

  @Test("every text of the golden beside the repository")
  func golden() throws {
    guard let model = TestFiles.shared("models/roberta-base-tokenizer"),
      let path = TestFiles.shared("models/tokenizer_golden.json")
    else { return }
    let scratch = try ScratchFolder()
    let files = scratch.path
    for name in ["vocab.json", "merges.txt"] {
      try TestFiles.write(try TestFiles.bytes("\(model)/\(name)"), to: "\(files)/\(name)")
    }
    for folder in [model, files] {
      try GoldenTexts.check(
        path, family: "roberta", special: ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        parsed: TokenizerLoader.load(folder: folder, parseSpecialTokens: true),
        plain: TokenizerLoader.load(folder: folder))
    }
  }
}
