import Data
import Files
import StrictJSON
import TestSupport
import Testing

@Suite("The JSON of SQuAD")
struct SQuADReaderTests {
  /// A file with one question, its text as given.
  static func read(_ question: String, context: String = "\"Ä 😀 bc\"") throws -> QuestionDataset {
    let scratch = try ScratchFolder()
    let folder = scratch.path
    let text = """
      {"version": "v2.0", "data": [{"title": "t", "paragraphs": [
        {"context": \(context),
         "qas": [\(question)]}]}]}
      """
    try TestFiles.write(Array(text.utf8), to: "\(folder)/dev-v2.0.json")
    return try SQuADReader.read(.v2_0, split: .validation, directory: folder)
  }

  static func complaint(_ question: String, context: String = "\"Ä 😀 bc\"") -> String? {
    #expect(throws: JSONError.self) { try read(question, context: context) }.map {
      "\($0.line):\($0.column) \($0.message)"
    }
  }

  @Test("places count characters, not bytes")
  func places() throws {
    let dataset = try Self.read(
      #"""
      {"id": "1", "question": "?", "answers": [
        {"text": "\ud83d\ude00 b", "answer_start": 2}, {"text": "bc", "answer_start": 3},
        {"text": "bcd", "answer_start": 4}], "is_impossible": false, "extra": [1]},
      {"id": "2", "question": "?", "answers": [], "plausible_answers": [{}], "is_impossible": true},
      {"id": "3", "question": "?"}
      """#)
    #expect(dataset.count == 3 && dataset.contexts.count == 1)
    #expect(dataset.questions[0].answers.map(\.bytes) == [3..<9, nil, nil])
    #expect(dataset.text(3..<9, of: 0) == "😀 b")
    #expect(dataset.misplacedAnswers.map(\.line) == [4, 5])
    #expect(
      dataset.misplacedAnswers[0].problem
        == "answer 2 of question 1, \"bc\", is not at its answer_start; it counts in scores, but is "
        + "not learnt from.")
    #expect(dataset.questions.map(\.isLabelled) == [true, true, false])
    #expect(!dataset.isLabelled)
    #expect(dataset.questions.map(\.line) == [3, 6, 7])
  }

  @Test("errors name the place")
  func errors() {
    #expect(Self.complaint("{\"id\": \"1\"}") == "3:12 a question needs the key \"question\"")
    #expect(Self.complaint("7") == "3:12 a question must be an object, found a number")
    #expect(
      Self.complaint("{\"id\": 1, \"question\": \"?\"}")
        == "3:19 \"id\" must be a string, found a number")
    #expect(
      Self.complaint(
        "{\"id\": \"1\", \"question\": \"\", \"answers\": [{\"text\": \"b\", \"answer_start\": 4.5}]}"
      )?
      .hasSuffix("\"answer_start\" must be a whole number of characters, found 4.5") == true)
    #expect(
      Self.complaint("{\"id\": \"1\", \"question\": \"\", \"is_impossible\": \"no\"}")?
        .hasSuffix("\"is_impossible\" must be true or false, found a string") == true)
    #expect(
      Self.complaint(
        "{\"id\": \"1\", \"question\": \"\", \"is_impossible\": true, "
          + "\"answers\": [{\"text\": \"b\", \"answer_start\": 4}]}")?
        .hasSuffix("the question has answers though it says \"is_impossible\": true; remove either")
        == true)
    #expect(
      Self.complaint("{\"id\": \"1\", \"question\": \"\"}, {\"id\": \"1\", \"question\": \"\"}")?
        .hasSuffix("the id \"1\" is that of an earlier question, too") == true)
    #expect(Self.complaint("", context: "null") == "2:15 \"context\" must be a string, found null")
  }

  @Test("files by their usual names, in the folder or in the task's")
  func files() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.path
    let error = #expect(throws: FileError.self) {
      try SQuADReader.read(.v1_1, split: .train, directory: folder)
    }
    #expect(error?.file == "\(folder)/squad/train-v1.1.json")
    let none = #expect(throws: FileError.self) {
      try SQuADReader.read(.v1_1, split: .test, directory: folder)
    }
    #expect(none?.problem == "task squad has no test file.")
    let question = "{\"id\": \"1\", \"question\": \"?\"}"
    let text = "{\"data\": [{\"paragraphs\": [{\"context\": \"a\", \"qas\": [\(question)]}]}]}"
    try TestFiles.write(Array(text.utf8), to: "\(folder)/train-v1.1.json")
    #expect(try SQuADReader.read(.v1_1, split: .train, directory: folder).count == 1)
  }

  @Test("only the first questions")
  func first() throws {
    let path = TestFiles.golden("squad/dev.json")
    let all = try SQuADReader.read(path: path)
    let some = try SQuADReader.read(path: path, maximumQuestions: 8)
    #expect(all.count == 18 && some.count == 8 && some.contexts.count == 2)
    #expect(some.questions.map(\.id) == all.questions.prefix(8).map(\.id))
    #expect(some.contentHash != all.contentHash)
    #expect(all.misplacedAnswers.map(\.line).count == 1)
    let texts = all.texts(maximum: 2)
    #expect(texts.count == 2 && texts.first(1).elementsEqual(all.contexts[1]))
    #expect(all.texts().count == 3)
  }

  @Test("a file without questions is refused")
  func noQuestions() {
    let error = #expect(throws: FileError.self) { try Self.read("") }
    #expect(error?.problem.contains("no question") == true)
  }
}
