import Configuration

/// The keys of the section `task` that only tasks with questions have, `squad` and `squad2`: how
/// texts that are too long are cut, and how answers are chosen. Names and defaults of transformers'
/// `run_qa.py`.
public struct QuestionConfiguration: Sendable, Equatable {
  /// `doc_stride`: tokens of the text that neighbouring windows share.
  public var docStride: Int
  /// `max_query_length`: tokens of a question; what is beyond them is cut off.
  public var maxQueryLength: Int
  /// `n_best_size`: first and last tokens that are tried with each other.
  public var nBestSize: Int
  /// `max_answer_length` in tokens.
  public var maxAnswerLength: Int
  /// `null_score_diff_threshold`: by how much the score of no answer must exceed that of the best
  /// answer.
  public var nullScoreDiffThreshold: Double

  /// Settings made by the program.
  public init(
    docStride: Int = 128, maxQueryLength: Int = 64, nBestSize: Int = 20, maxAnswerLength: Int = 30,
    nullScoreDiffThreshold: Double = 0
  ) {
    self.docStride = docStride
    self.maxQueryLength = maxQueryLength
    self.nBestSize = nBestSize
    self.maxAnswerLength = maxAnswerLength
    self.nullScoreDiffThreshold = nullScoreDiffThreshold
  }

  /// Whether a task of this name has questions.
  static func concerns(_ task: String) -> Bool {
    (try? TaskRegistry.named(task))?.questions != nil
  }

  /// Reads the keys for a task that has questions, and refuses them for others.
  /// - Throws: `ConfigError`.
  init(reading section: ConfigSection, task: String) throws {
    self.init()
    guard Self.concerns(task) else {
      let keys = [
        "doc_stride", "max_query_length", "n_best_size", "max_answer_length",
        "null_score_diff_threshold",
      ]
      let tasks = TaskRegistry.all.filter { $0.questions != nil }.map(\.name)
      for key in keys {
        try section.refuse(key, "only the tasks \(tasks.joined(separator: " and ")) have it.")
      }
      return
    }
    docStride = try section.int(
      "doc_stride", default: docStride, in: 0...TaskConfiguration.longestText,
      "Tokens of a text that neighbouring windows share.")
    maxQueryLength = try section.int(
      "max_query_length", default: maxQueryLength, in: 1...TaskConfiguration.longestText,
      "Questions are cut to so many tokens.")
    nBestSize = try section.int(
      "n_best_size", default: nBestSize, in: 1...1000,
      "First and last tokens of answers that are tried with each other.")
    maxAnswerLength = try section.int(
      "max_answer_length", default: maxAnswerLength, in: 1...TaskConfiguration.longestText,
      "Tokens of the longest answer.")
    nullScoreDiffThreshold = try section.number(
      "null_score_diff_threshold", default: nullScoreDiffThreshold,
      "`squad2`: by how much the score of no answer must exceed that of the best answer.")
  }
}

extension WindowSettings {
  /// The settings of a configuration.
  package init(_ c: TaskConfiguration) {
    self.init(
      maximumLength: c.maxSeqLength, overlap: c.questions.docStride,
      maximumQuestionLength: c.questions.maxQueryLength)
  }
}
