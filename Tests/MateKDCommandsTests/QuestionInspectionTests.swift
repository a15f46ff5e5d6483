import ArgumentParser
import Data
import Files
import Foundation
import MateKDCommands
import StrictJSON
import TestSupport
import Testing

@Suite struct QuestionInspectionTests {
  /// A new folder with these files.
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static func squad(_ paragraphs: String) -> String {
    "{\"data\": [{\"paragraphs\": [\n\(paragraphs)\n]}]}"
  }

  @Test func tablesAndJSON() throws {
    let folder = try scratch.folder([
      "train-v2.0.json": Self.squad(
        #"""
        {"context": "good film", "qas": [
        {"id": "1", "question": "what film", "answers": [{"text": "good", "answer_start": 0}]},
        {"id": "2", "question": "what film", "answers": [], "is_impossible": true},
        {"id": "3", "question": "who", "answers": [{"text": "bad", "answer_start": 0}]},
        {"id": "4", "question": "where"}]}
        """#),
      "dev-v2.0.json": Self.squad(
        #"""
        {"context": "good film", "qas": [
        {"id": "1", "question": "what film", "answers": [{"text": "good", "answer_start": 0}]}]},
        {"context": "t1 t2 t3 t4 t5 t6 t7 t8 t9 ta tb tc td", "qas": [
        {"id": "2", "question": "who", "answers": [
        {"text": "t1 t2 t3 t4 t5 t6 t7", "answer_start": 0}]}]}
        """#),
    ])
    try SyntheticSentiment.writeVocabulary(to: "\(folder)/vocab.txt")
    let inspection = QuestionInspection(
      try QuestionStatistics(
        version: .v2_0, directory: folder, tokenizer: TokenizerLoader.load(folder: folder),
        settings: WindowSettings(maximumLength: 10, overlap: 2)))
    let captured = CapturedStream()
    inspection.print(on: captured.stream())
    #expect(
      captured.text.replacing(folder, with: "DIR") == """
        squad2      questions  contexts  repeated  with other answers  file
        ----------  ---------  --------  --------  ------------------  \
        \(String(repeating: "-", count: folder.count + 16))
        train               4         1         1                   1  DIR/train-v2.0.json
        validation          2         2         0                   0  DIR/dev-v2.0.json

        answers      answerable  impossible  unlabelled  misplaced
        ----------  -----------  ----------  ----------  ---------
        train        2 (50.0 %)  1 (25.0 %)  1 (25.0 %)          1
        validation  2 (100.0 %)   0 (0.0 %)   0 (0.0 %)          0

        tokens      shortest  mean  median  95 %  longest  questions over 10  \
        windows each  answer in no window
        ----------  --------  ----  ------  ----  -------  -----------------  \
        ------------  -------------------
        train              6   6.5     6.5   7.0        7          0 (0.0 %)  \
                1.00            0 (0.0 %)
        validation         7  12.0    12.0  16.5       17         1 (50.0 %)  \
                2.00           1 (50.0 %)

        questions of  also in   questions  with other answers    contexts
        ------------  -------  ----------  ------------------  ----------
        validation    train    1 (50.0 %)                   0  1 (50.0 %)

        """)
    #expect(inspection.notices.count == 1)
    let notice = "left out: \(folder)/train-v2.0.json:5: answer 1 of question 3, \"bad\", is not at"
    #expect(inspection.notices[0].hasPrefix(notice), "\(inspection.notices[0])")
    let json = inspection.json
    #expect(json["task"]?.string == "squad2")
    let train = json["splits"]?.array?.first
    #expect(train?["splits"]?.array?.map(\.string) == ["train"])
    for (key, value) in [
      ("questions", 4), ("contexts", 1), ("answerable", 2), ("impossible", 1), ("unlabelled", 1),
      ("misplaced_answers", 1), ("repeated", 1), ("repeated_with_other_answers", 1),
    ] {
      #expect(train?[key]?.int == value, "\(key)")
    }
    #expect(train?["answerable_share"]?.double == 0.5)
    #expect(train?["impossible_share"]?.double == 0.25)
    let tokens = json["splits"]?.array?.last?["tokens"]
    for (key, value) in [
      ("minimum", 7), ("maximum", 17), ("max_seq_length", 10), ("doc_stride", 2),
      ("max_query_length", 64), ("windows", 4), ("several_windows", 1), ("learnable", 2),
      ("answer_in_no_window", 1),
    ] {
      #expect(tokens?[key]?.int == value, "\(key)")
    }
    for (key, value) in [
      ("mean", 12), ("median", 12), ("percentile_95", 16.5), ("mean_windows", 2),
      ("several_windows_share", 0.5), ("answer_in_no_window_share", 0.5),
    ] {
      #expect(tokens?[key]?.double == value, "\(key)")
    }
    let overlap = json["overlaps"]?.array?.first
    #expect(overlap?["split"]?.string == "validation" && overlap?["also_in"]?.string == "train")
    #expect(overlap?["questions"]?.int == 1 && overlap?["with_other_answers"]?.int == 0)
    #expect(overlap?["contexts"]?.int == 1)
  }

  @Test func moreThanThreeMisplacedAnswersAreCounted() throws {
    let answer = #"{"text": "b", "answer_start": 0}"#
    let all = Array(repeating: answer, count: 5).joined(separator: ", ")
    let folder = try scratch.folder([
      "dev-v1.1.json": Self.squad(
        #"{"context": "a", "qas": [{"id": "1", "question": "a", "answers": [\#(all)]}]}"#)
    ])
    let inspection = QuestionInspection(
      try QuestionStatistics(version: .v1_1, directory: folder))
    #expect(inspection.notices.count == 4)
    #expect(inspection.notices.last == "left out: 2 more answers of \(folder)/dev-v1.1.json")
    let captured = CapturedStream()
    inspection.print(on: captured.stream())
    #expect(!captured.text.contains("tokens") && !captured.text.contains("also in"))
    #expect(inspection.json["splits"]?.array?.first?["tokens"] == nil)
    #expect(inspection.json["overlaps"]?.array?.isEmpty == true)
  }

  /// The window that the command asks for shows in the message about one that is too narrow.
  @Test func theCommandTakesTheWindowOfOptionConfigurationOrModel() throws {
    let context = Array(repeating: "a", count: 60).joined(separator: " ")
    let folder = try scratch.folder([
      "dev-v2.0.json": Self.squad(
        #"{"context": "\#(context)", "qas": [{"id": "1", "question": "a"}]}"#),
      "task.json": #"{"name": "squad2", "doc_stride": 50, "max_seq_length": 30}"#,
    ])
    // A model of 40 positions.
    let model = TestFiles.golden("bert-classifier")
    func complaint(_ arguments: [String]) throws -> String {
      var command = try MateKD.parseAsRoot(["inspect", "--data", folder] + arguments)
      return #expect(throws: FileError.self) { try command.run() }?.problem ?? ""
    }
    for (arguments, problem) in [
      (
        ["--task", "squad2"],
        "a window of 40 tokens leaves 36 for the text beside question 1, but "
          + "windows share 128;"
      ),
      (["--task", "squad2", "--max-seq-length", "20"], "a window of 20 tokens leaves 16 for"),
      (
        ["--task-config", "\(folder)/task.json"],
        "a window of 30 tokens leaves 26 for the text beside question 1, but windows share 50;"
      ),
    ] {
      let found = try complaint(["--model", model] + arguments)
      #expect(found.hasPrefix(problem), "\(found)")
    }
    let missing = try complaint(["--task", "squad"])
    #expect(missing.hasPrefix("the train file of task squad is not here"), "\(missing)")
  }
}
