/// How the questions of a file and their texts fit into the windows of a model.
public struct WindowStatistics: Sendable, Equatable {
  /// Tokens of question and text, as in `QuestionWindows.length(of:)`. The limit is that of a
  /// window, so the truncated rows are the questions that need more than one.
  public let lengths: LengthStatistics
  /// How texts were cut.
  public let settings: WindowSettings
  /// Number of windows of all questions.
  public let windows: Int
  /// Mean number of windows per question; NaN without questions.
  public let meanWindows: Double
  /// Number of questions with an answer that can be learnt, that is, one that is where the file
  /// says.
  public let learnable: Int
  /// How many of these have no window that contains all of the answer (the first such one).
  public let outsideWindows: Int
  /// Share of these among the learnable questions, from 0 to 1; NaN without learnable ones.
  public let outsideShare: Double

  /// The statistics of windows that were made with these settings.
  init(_ windows: QuestionWindows, settings: WindowSettings) {
    let questions = windows.dataset.questions
    lengths = LengthStatistics(
      lengths: questions.indices.map(windows.length), limit: settings.maximumLength)
    self.settings = settings
    self.windows = windows.count
    meanWindows = Double(windows.count) / Double(questions.count)
    let learnable = questions.indices.filter { question in
      questions[question].answers.contains { $0.bytes != nil }
    }
    self.learnable = learnable.count
    outsideWindows = learnable.count { question in
      windows.windows(of: question).allSatisfy { windows.target($0) == .noAnswer }
    }
    outsideShare = Double(outsideWindows) / Double(learnable.count)
  }
}
