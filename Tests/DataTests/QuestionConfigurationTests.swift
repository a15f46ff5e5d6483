import Configuration
import Data
import Runs
import StrictJSON
import TestSupport
import Testing

@Suite struct QuestionConfigurationTests {
  private func read(_ task: String) throws -> TeacherFinetuneConfiguration {
    try Draft.read(try Draft.changed(Draft.teacher, "\"name\": \"sst-2\"", task))
  }

  @Test(arguments: ["squad", "squad2", "SQuAD-2"])
  func defaultsOfTasksWithQuestions(_ name: String) throws {
    let run = try read("\"name\": \"\(name)\"")
    #expect(run.task.maxSeqLength == 384)
    #expect(run.task.questions == QuestionConfiguration())
    #expect(run.resolved["task"]?["doc_stride"] == 128)
    #expect(run.resolved["task"]?["null_score_diff_threshold"] == 0.0)
  }

  @Test func everyKeyReachesItsField() throws {
    let run = try read(
      """
      "name": "squad2", "doc_stride": 1, "max_query_length": 2, "n_best_size": 3,
      "max_answer_length": 4, "null_score_diff_threshold": -5.5, "max_seq_length": 6
      """)
    #expect(
      run.task.questions
        == QuestionConfiguration(
          docStride: 1, maxQueryLength: 2, nBestSize: 3, maxAnswerLength: 4,
          nullScoreDiffThreshold: -5.5))
    #expect(run.task.maxSeqLength == 6)
  }

  @Test func otherTasksHaveNoneOfThem() throws {
    let run = try read("\"name\": \"sst-2\"")
    #expect(run.task.maxSeqLength == 128 && run.resolved["task"]?["doc_stride"] == nil)
    let error = #expect(throws: ConfigError.self) {
      try read("\"name\": \"sst-2\", \"doc_stride\": 64")
    }
    #expect(
      error?.message
        == "unknown key \"doc_stride\"; only the tasks squad and squad2 have it.")
    #expect(throws: ConfigError.self) { try read("\"name\": \"squad\", \"doc_stride\": -1") }
    #expect(throws: ConfigError.self) { try read("\"name\": \"squad\", \"n_best_size\": 0") }
  }
}
