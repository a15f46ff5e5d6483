import Data
import Files
import TestSupport
import Testing

@Suite("Statistics of data sets with questions")
struct QuestionStatisticsTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// The JSON of contexts with their questions: id, question, what follows in the object.
  private static func squad(_ paragraphs: [(String, [(String, String, String)])]) -> String {
    let texts = paragraphs.map { context, questions in
      let entries = questions.map {
        "{\"id\": \"\($0.0)\", \"question\": \"\($0.1)\", \($0.2)}"
      }
      return "{\"context\": \"\(context)\", \"qas\": [\n\(entries.joined(separator: ",\n"))]}"
    }
    return "{\"data\": [{\"paragraphs\": [\(texts.joined(separator: ",\n"))]}]}"
  }

  /// What follows for an answer at a place.
  private static func answer(_ text: String, _ start: Int) -> String {
    "\"is_impossible\": false, \"answers\": [{\"text\": \"\(text)\", \"answer_start\": \(start)}]"
  }

  private static let none = "\"is_impossible\": true, \"answers\": []"
  private static let open = "\"answers\": []"

  /// Words are a token each, whether the vocabulary knows them or not.
  private static func folder(in scratch: ScratchFolder) throws -> String {
    let train = squad([
      (
        "good film",
        [
          ("1", "what film", answer("good", 0)), ("2", "what film", answer("film", 5)),
          ("3", "what film", answer("good", 0)), ("4", "who", none), ("5", "who", open),
          // Not at its place.
          ("6", "where", answer("bad", 0)),
        ]
      ),
      ("bad film", [("7", "what film", answer("bad", 0))]),
      (
        "t1 t2 t3 t4 t5 t6 t7 t8 t9 ta tb tc",
        [
          // In a window with six tokens of the text there is no room for seven.
          ("8", "who", answer("t1 t2 t3 t4 t5 t6 t7", 0)),
          // Cut to two tokens. The second window of five begins with the fourth token.
          ("9", "who is it", answer("t5 t6", 12)),
        ]
      ),
      ("bad film", [("10", "what film", answer("bad", 0))]),
    ])
    let validation = squad([
      ("good film", [("1", "what film", none), ("2", "What film", answer("good", 0))]),
      ("good film ", [("3", "what film", answer("good", 0))]),
      ("bad film", [("4", "what film", answer("bad", 0))]),
    ])
    let folder = try scratch.folder()
    for (name, text) in [("train", train), ("dev", validation)] {
      try TestFiles.write(Array(text.utf8), to: "\(folder)/\(name)-v2.0.json")
    }
    try SyntheticSentiment.writeVocabulary(to: "\(folder)/vocab.txt")
    return folder
  }

  @Test("questions, answers, and questions that occur more than once")
  func counts() throws {
    let found = try QuestionStatistics(version: .v2_0, directory: try Self.folder(in: scratch))
    #expect(found.parts.map(\.split) == [.train, .validation])
    #expect(found.parts.map(\.questions) == [10, 4])
    #expect(found.parts.map(\.contexts) == [4, 3])
    #expect(found.parts.map(\.answerable) == [8, 3])
    #expect(found.parts.map(\.impossible) == [1, 1])
    #expect(found.parts.map(\.unlabelled) == [1, 0])
    #expect(found.parts.map(\.misplacedAnswers.count) == [1, 0])
    #expect(found.parts[0].misplacedAnswers.first?.problem.contains("of question 6") == true)
    // 2, 3 and 5; and 10, whose context stands in the file twice. What has no label contradicts
    // nothing.
    #expect(found.parts.map(\.repeats.rows) == [4, 0])
    #expect(found.parts.map(\.repeats.contradictions) == [1, 0])
    #expect(found.parts.allSatisfy { $0.windows == nil })
    let overlap = try #require(found.overlaps.first)
    #expect(found.overlaps.count == 1)
    #expect(overlap.split == .validation && overlap.earlier == .train)
    #expect(overlap.questions.rows == 2 && overlap.questions.contradictions == 1)
    #expect(overlap.contexts == 2)
  }

  @Test("lengths in tokens and windows")
  func windows() throws {
    let folder = try Self.folder(in: scratch)
    let settings = WindowSettings(maximumLength: 10, overlap: 2, maximumQuestionLength: 2)
    let found = try QuestionStatistics(
      version: .v2_0, directory: folder, tokenizer: TokenizerLoader.load(folder: folder),
      settings: settings)
    let train = try #require(found.parts[0].windows)
    // Three special tokens, the question, the context.
    #expect(
      train.lengths
        == LengthStatistics(lengths: [7, 7, 7, 6, 6, 6, 7, 16, 17, 7], limit: 10))
    #expect(train.lengths.truncatedRows == 2)
    // 0..<6, 4..<10, 8..<12 and 0..<5, 3..<8, 6..<11, 9..<12.
    #expect(train.windows == 8 + 3 + 4 && train.meanWindows == 1.5)
    // All with an answer but the one that is misplaced; the long one fits nowhere.
    #expect(train.learnable == 7 && train.outsideWindows == 1 && train.outsideShare == 1.0 / 7)
    #expect(train.settings == settings)
    let validation = try #require(found.parts[1].windows)
    #expect(validation.windows == 4 && validation.meanWindows == 1)
    #expect(validation.learnable == 3 && validation.outsideWindows == 0)
    // Question 8 leaves room for six tokens, all of which windows would share.
    let narrow = #expect(throws: FileError.self) {
      try QuestionStatistics(
        version: .v2_0, directory: folder, tokenizer: TokenizerLoader.load(folder: folder),
        settings: WindowSettings(maximumLength: 10, overlap: 6))
    }
    #expect(narrow?.problem.contains("raise max_seq_length or lower doc_stride") == true)
  }

  @Test("a file alone, and none at all")
  func files() throws {
    let folder = try scratch.folder()
    let error = #expect(throws: FileError.self) {
      try QuestionStatistics(version: .v1_1, directory: folder)
    }
    #expect(error?.problem.hasPrefix("the train file of task squad is not here") == true)
    try SyntheticSentiment.writeVocabulary(to: "\(folder)/vocab.txt")
    let text = Self.squad([("a", [("1", "a", Self.answer("a", 0))])])
    try TestFiles.write(Array(text.utf8), to: "\(folder)/dev-v1.1.json")
    let found = try QuestionStatistics(
      version: .v1_1, directory: folder, tokenizer: TokenizerLoader.load(folder: folder))
    #expect(found.parts.map(\.split) == [.validation] && found.overlaps.isEmpty)
    let windows = try #require(found.parts.first?.windows)
    #expect(windows.windows == 1 && windows.meanWindows == 1 && windows.outsideShare == 0)
  }

  @Test("the sample of SQuAD 2.0 under a real vocabulary, against transformers")
  func sample() throws {
    guard let data = TestFiles.shared("data/squad2"),
      let model = TestFiles.shared("models/paraphrase-MiniLM-L3-v2")
    else { return }
    let tokenizer = try TokenizerLoader.load(folder: model)
    for (length, overlap, windows, several, outside) in [
      (384, 128, 1414, 7, 0), (96, 24, 3251, 1104, 0), (64, 4, 4635, 1339, 3),
    ] {
      let found = try QuestionStatistics(
        version: .v2_0, directory: data, tokenizer: tokenizer,
        settings: WindowSettings(maximumLength: length, overlap: overlap))
      let part = try #require(found.parts.first)
      #expect(part.questions == 1407 && part.contexts == 173)
      #expect(part.answerable == 705 && part.impossible == 702 && part.unlabelled == 0)
      #expect(part.misplacedAnswers.isEmpty && part.repeats.rows == 0)
      let measured = try #require(part.windows)
      #expect(measured.windows == windows && measured.lengths.truncatedRows == several)
      #expect(measured.learnable == 705 && measured.outsideWindows == outside)
      #expect(measured.lengths.minimum == 41 && measured.lengths.maximum == 394)
      #expect(measured.lengths.median == 133 && measured.lengths.percentile95 == 236)
      #expect(abs(measured.lengths.mean - 198_856.0 / 1407) < 1e-9)
    }
  }
}
