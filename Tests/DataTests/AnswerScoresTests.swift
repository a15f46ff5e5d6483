import Data
import StrictJSON
import TestSupport
import Testing

@Suite("Answers against the official scripts of SQuAD")
struct AnswerScoresTests {
  static func dataset() throws -> QuestionDataset {
    try SQuADReader.read(path: TestFiles.golden("squad/dev.json"))
  }

  /// Only the questions that have an answer, as in version 1.1.
  static func answerable(_ dataset: QuestionDataset) -> QuestionDataset {
    var copy = dataset
    copy.questions.removeAll { $0.answers.isEmpty }
    return copy
  }

  static func digest(_ text: String, into hash: inout ContentHash) {
    hash.add(AnswerText.words(text).joined(separator: [0x20]))
    hash.add(byte: 0xFF)
  }

  static func expect(
    _ found: [(name: String, value: Double)], _ expected: JSONValue?,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let members = try #require(expected?.object).members.filter { !$0.key.hasPrefix("best_") }
    #expect(found.map(\.name) == members.map(\.key), sourceLocation: location)
    for (metric, member) in zip(found, members) {
      let value = try #require(member.value.double)
      #expect(
        Roundings.agree(metric.value, value, roundings: 1000, of: 100), "\(metric.name)",
        sourceLocation: location)
    }
  }

  static func expectBest(
    _ scores: AnswerScores, margins: [Double], _ expected: JSONValue?
  ) throws {
    let best = scores.bestThresholds(margins: margins)
    for (name, found) in [("exact", best.exact), ("f1", best.f1)] {
      let score = try #require(expected?["best_\(name)"]?.double)
      #expect(Roundings.agree(found.score, score, roundings: 1000, of: 100))
      #expect(found.threshold ?? 0 == expected?["best_\(name)_thresh"]?.double)
    }
  }

  @Test("normalisation around every Unicode scalar and in random texts")
  func words() throws {
    let rows = try TestFiles.rows("squad/words.txt")
    let version = rows[0][0].split(separator: ".").compactMap { Int($0) }
    let blocks = 0x110000 / 4096
    for row in rows[1...blocks] {
      let block = try #require(UInt32(row[0]))
      var hash = ContentHash()
      for value in (block * 4096)..<((block + 1) * 4096) {
        guard let scalar = Unicode.Scalar(value),
          scalar.properties.generalCategory != .unassigned,
          let age = scalar.properties.age, (age.major, age.minor) <= (version[0], version[1])
        else { continue }
        let s = String(Character(scalar))
        Self.digest("A" + s + "the" + s + " " + s + "an x" + s + "a The_" + s + ".", into: &hash)
      }
      #expect(hash.hexadecimal == row[1], "scalars from U+\(String(block * 4096, radix: 16))")
    }
    let parts = rows[blocks + 1].map { bytes(hexadecimal: $0) }
    let expected = rows[(blocks + 2)...]
    #expect(expected.count == 20)
    var draws = LinearDraws(3)
    for row in expected {
      var hash = ContentHash()
      for _ in 0..<500 {
        let text = (0..<9).flatMap { _ in parts[draws.below(parts.count)] }
        Self.digest(String(decoding: text, as: UTF8.self), into: &hash)
      }
      #expect(hash.hexadecimal == row[0])
    }
  }

  @Test("metrics of both versions and best thresholds")
  func scores() throws {
    let dataset = try Self.dataset()
    let cases = try #require(
      StrictJSON.parse(TestFiles.bytes(TestFiles.golden("squad/scores.json")), file: "scores")
        .array)
    #expect(cases.count == 40)
    for entry in cases {
      let answers = (entry["answers"]?.array ?? []).compactMap(\.string)
      let margins = (entry["margins"]?.array ?? []).compactMap(\.double)
      let scores = AnswerScores(dataset, answers: answers, version: .v2_0)
      try Self.expect(scores.metrics, entry["v2.0"])
      try Self.expectBest(scores, margins: margins, entry["v2.0"])
      let kept = zip(dataset.questions, answers).filter { !$0.0.answers.isEmpty }.map(\.1)
      try Self.expect(
        AnswerScores(Self.answerable(dataset), answers: kept, version: .v1_1).metrics,
        entry["v1.1"])
    }
  }

  @Test("answers without words: equal in version 2.0, without F1 in version 1.1")
  func withoutWords() {
    let dataset = QuestionDataset(
      source: "test", contexts: [Array("The the".utf8)],
      questions: [
        Question(
          id: "a", text: "?", context: 0, answers: [.init(text: "The the", bytes: 0..<7)])
      ])
    let old = AnswerScores(dataset, answers: ["the."], version: .v1_1)
    #expect(old.exact == [1] && old.f1 == [0])
    let new = AnswerScores(dataset, answers: [""], version: .v2_0)
    #expect(new.exact == [1] && new.f1 == [1] && new.hasAnswer == [true])
  }

  @Test("made-up answers to the sample of SQuAD 2.0")
  func sample() throws {
    guard let path = TestFiles.shared("data/squad2/dev-subset-v2.0.json") else { return }
    let dataset = try SQuADReader.read(path: path)
    #expect(dataset.count == 1407 && dataset.isLabelled)
    #expect(dataset.questions.filter { $0.isImpossible == true }.count == 702)
    #expect(dataset.misplacedAnswers.isEmpty)
    let contexts = dataset.contexts.map {
      Array(String(decoding: $0, as: UTF8.self).unicodeScalars)
    }
    var draws = LinearDraws(11)
    var (answers, margins): ([String], [Double]) = ([], [])
    for question in dataset.questions {
      let kind = draws.below(4)
      var answer = ""
      if kind == 1, !question.answers.isEmpty {
        answer = question.answers[draws.below(question.answers.count)].text
      } else if kind != 0 {
        let context = contexts[question.context]
        let start = draws.below(context.count)
        var view = String.UnicodeScalarView()
        view.append(contentsOf: context[start..<min(context.count, start + 1 + draws.below(30))])
        answer = String(view)
      }
      answers.append(answer)
      margins.append(Double(draws.below(2001) - 1000) / 64)
    }
    let golden = try StrictJSON.parse(
      TestFiles.bytes(TestFiles.golden("squad/subset.json")), file: "subset")
    let scores = AnswerScores(dataset, answers: answers, version: .v2_0)
    try Self.expect(scores.metrics, golden["metrics"])
    try Self.expectBest(scores, margins: margins, golden["metrics"])
  }
}
