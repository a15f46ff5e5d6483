import Data
import Files
import StrictJSON
import TestSupport
import Testing

@Suite("Windows of texts and the answers found in them, against transformers")
struct QuestionWindowsTests {
  static func tokenizer(_ name: String) throws -> any Tokenizer {
    name == "wordpiece"
      ? try WordPieceTests.tokenizer("uncased") : try BytePairTests.tokenizer("plain")
  }

  @Test(
    "tokens of random texts with the bytes they stand for", arguments: ["wordpiece", "byte-level"])
  func offsets(_ name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    let rows = try TestFiles.rows("squad/offsets.txt")
    let parts = rows[0].map { bytes(hexadecimal: $0) }
    let expected = rows.dropFirst().filter { $0[0] == name }
    #expect(expected.count == 20)
    var draws = LinearDraws(13)
    for row in expected {
      var hash = ContentHash()
      for _ in 0..<500 {
        let text = (0..<8).flatMap { _ in parts[draws.below(parts.count)] }
        let found = tokenizer.encodeAligned(text[...])
        #expect(found.ids == tokenizer.encode(text[...]))
        for (id, range) in zip(found.ids, found.ranges) {
          add([Int(id), range.lowerBound, range.upperBound], to: &hash)
        }
      }
      #expect(hash.hexadecimal == row[1])
    }
  }

  /// A window's context tokens as the golden has them: characters from and to.
  static func offsets(_ window: Int, of windows: QuestionWindows) -> [[Int]] {
    let place = windows.windows[window]
    let context = windows.dataset.contexts[windows.dataset.questions[place.question].context]
    func scalars(_ bytes: Int) -> Int { context[..<bytes].count { $0 & 0xC0 != 0x80 } }
    return place.tokens.indices.map { token in
      let bytes = windows.bytes(window, at: place.contextStart + token - place.tokens.lowerBound)
      return [scalars(bytes?.lowerBound ?? 0), scalars(bytes?.upperBound ?? 0)]
    }
  }

  @Test("windows, targets and decoded answers of made-up questions")
  func decoding() throws {
    let dataset = try AnswerScoresTests.dataset()
    let cases = try #require(
      StrictJSON.parse(TestFiles.bytes(TestFiles.golden("squad/decoding.json")), file: "decoding")
        .array)
    #expect(cases.count == 6)
    var draws = LinearDraws(5)
    for entry in cases {
      func number(_ key: String) throws -> Int { try #require(entry[key]?.int) }
      let windows = try QuestionWindows(
        dataset, tokenizer: Self.tokenizer(try #require(entry["tokenizer"]?.string)),
        settings: WindowSettings(
          maximumLength: number("max_seq_length"), overlap: number("doc_stride")))
      var decoder = AnswerDecoder(
        candidateCount: try number("n_best_size"),
        maximumAnswerLength: try number("max_answer_length"), allowsNoAnswer: true,
        threshold: try #require(entry["threshold"]?.double))
      let questions = try #require(entry["questions"]?.array)
      #expect(questions.count == dataset.count)
      for (question, golden) in questions.enumerated() {
        let expected = try #require(golden["windows"]?.array)
        let range = windows.windows(of: question)
        #expect(range.count == expected.count)
        var logits: [Int: (starts: [Float], ends: [Float])] = [:]
        for (window, golden) in zip(range, expected) {
          func numbers(_ value: JSONValue?) -> [Int] { (value?.array ?? []).compactMap(\.int) }
          let encoding = windows.encoding(window)
          #expect(encoding.ids.map(Int.init) == numbers(golden["ids"]))
          #expect(encoding.typeIDs.map(Int.init) == numbers(golden["types"]))
          #expect(
            Self.offsets(window, of: windows) == (golden["offsets"]?.array ?? []).map(numbers))
          let target = try #require(windows.target(window))
          #expect(
            [target.start, target.end] == numbers(golden["target"]),
            "\(dataset.questions[question].text)")
          logits[window] = Self.logits(encoding.ids.count, &draws)
        }
        for (key, allowsNoAnswer) in [("v1.1", false), ("v2.0", true)] {
          decoder.allowsNoAnswer = allowsNoAnswer
          let found = decoder.answer(question, in: windows) { logits[$0] ?? ([], []) }
          #expect(found.text == golden[key]?["answer"]?.string)
          // Logits are multiples of 2^-14 below 2^5, whose sums have no roundings.
          #expect(found.noAnswerMargin == golden[key]?["margin"]?.double)
          let candidates = golden[key]?["candidates"]?.array ?? []
          #expect(found.candidates.map(\.text) == candidates.compactMap { $0.array?[0].string })
          for (candidate, golden) in zip(found.candidates, candidates) {
            let probability = try #require(golden.array?[1].double)
            // The golden has seven digits.
            let bound = (5e-7 + Roundings.gamma(32)) * probability
            #expect(abs(candidate.probability - probability) <= bound)
          }
        }
      }
    }
  }

  /// A word without pieces is one token however long it is, and an answer as a whole.
  @Test func aLongWordIsAWholeAnswer() throws {
    let word = String(repeating: "é", count: 5000)
    let dataset = QuestionDataset(
      source: "test", contexts: [Array("a \(word) b".utf8)],
      questions: [Question(id: "1", text: "a", context: 0, answers: [])])
    let windows = try QuestionWindows(
      dataset, tokenizer: Self.tokenizer("wordpiece"),
      settings: WindowSettings(maximumLength: 16, overlap: 2))
    let place = windows.windows[0].contextStart + 1
    let decoder = AnswerDecoder(
      candidateCount: 1, maximumAnswerLength: 3, allowsNoAnswer: false)
    let found = decoder.answer(0, in: windows) { window in
      let likely = windows.encoding(window).ids.indices.map { Float($0 == place ? 1 : 0) }
      return (likely, likely)
    }
    #expect(found.candidates[0].bytes == 2..<10_002)
    #expect(found.text == word)
  }

  /// Shuffled steps of one sixteenth with some noise, as in the script of the golden.
  private static func logits(_ count: Int, _ draws: inout LinearDraws) -> ([Float], [Float]) {
    func one(_ draws: inout LinearDraws) -> [Float] {
      var steps = Array(0..<count)
      for i in stride(from: count - 1, to: 0, by: -1) { steps.swapAt(i, draws.below(i + 1)) }
      return steps.map { Float($0 * 1000 + draws.below(999)) / 16384 }
    }
    let starts = one(&draws)
    return (starts, one(&draws))
  }

  @Test(
    "windows of the sample of SQuAD 2.0 under real vocabularies",
    arguments: ["paraphrase-MiniLM-L3-v2", "roberta-base-tokenizer"], [(96, 24), (384, 128)])
  func sample(_ name: String, _ sizes: (length: Int, overlap: Int)) throws {
    guard let path = TestFiles.shared("data/squad2/dev-subset-v2.0.json"),
      let folder = TestFiles.shared("models/\(name)")
    else { return }
    let json = try StrictJSON.parse(
      TestFiles.bytes(TestFiles.golden("squad/subset.json")), file: "subset")
    let golden = try #require(json["windows"]?["\(name) \(sizes.length) \(sizes.overlap)"])
    let windows = try QuestionWindows(
      SQuADReader.read(path: path), tokenizer: TokenizerLoader.load(folder: folder),
      settings: WindowSettings(maximumLength: sizes.length, overlap: sizes.overlap))
    #expect(windows.count == golden["count"]?.int)
    var hash = ContentHash()
    var hashes: [String] = []
    for question in 0..<windows.dataset.count {
      for window in windows.windows(of: question) {
        let encoding = windows.encoding(window)
        add(encoding.ids.map(Int.init), to: &hash)
        let place = windows.windows[window]
        for token in place.tokens.indices {
          let offset = place.contextStart + token - place.tokens.lowerBound
          let bytes = try #require(windows.bytes(window, at: offset))
          add([bytes.lowerBound, bytes.upperBound], to: &hash)
        }
        let target = try #require(windows.target(window))
        add([target.start, target.end], to: &hash)
      }
      if question % 100 == 99 || question == windows.dataset.count - 1 {
        hashes.append(hash.hexadecimal)
      }
    }
    #expect(hashes == (golden["hashes"]?.array ?? []).compactMap(\.string))
    #expect(windows.examples.count == windows.count && windows.examples.isLabelled)
    #expect(windows.inputs.count == windows.count && !windows.inputs.isLabelled)
  }

  @Test("a window must have room for more than it shares")
  func tooNarrow() throws {
    let dataset = try AnswerScoresTests.dataset()
    let tokenizer = try Self.tokenizer("wordpiece")
    let error = #expect(throws: FileError.self) {
      try QuestionWindows(
        dataset, tokenizer: tokenizer, settings: WindowSettings(maximumLength: 24, overlap: 20))
    }
    #expect(error?.line == dataset.questions[0].line)
    #expect(error?.problem.contains("raise max_seq_length or lower doc_stride") == true)
  }

  @Test("long questions are cut, answers that are elsewhere are not learnt from")
  func oddQuestions() throws {
    let context = Array("the cafe the".utf8)
    let dataset = QuestionDataset(
      source: "test", contexts: [context],
      questions: [
        Question(
          id: "a", text: String(repeating: "the ", count: 9), context: 0,
          answers: [.init(text: "un", bytes: nil), .init(text: "cafe", bytes: 4..<8)]),
        Question(id: "b", text: "the", context: 0, answers: [.init(text: "un", bytes: nil)]),
        Question(id: "c", text: "the", context: 0, answers: []),
      ])
    let windows = try QuestionWindows(
      dataset, tokenizer: Self.tokenizer("wordpiece"),
      settings: WindowSettings(maximumLength: 20, overlap: 4, maximumQuestionLength: 5))
    #expect(windows.count == 3)
    #expect(windows.encoding(0).ids.count == 1 + 5 + 1 + 3 + 1)
    #expect(windows.target(0) == TokenSpan(start: 8, end: 8))
    #expect(windows.target(1) == nil && windows.target(2) == nil)
    #expect(windows.examples.count == 1)
    #expect(windows.examples.batch([0]).targets.spans == [TokenSpan(start: 8, end: 8)])
  }
}
