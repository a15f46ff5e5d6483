/// How the questions of a file and the texts that they are about fit into windows of a model.
public struct WindowStatistics: Sendable, Equatable {
  /// Tokens of question and text as `QuestionWindows.length(of:)` has them. The limit is that of a
  /// window, so the truncated rows are the questions that need more than one.
  public let lengths: LengthStatistics
  /// How texts were cut.
  public let settings: WindowSettings
  /// Windows of all questions.
  public let windows: Int
  /// Windows of a question on average; NaN without questions.
  public let meanWindows: Double
  /// Questions with an answer that can be learnt: one is where the file says.
  public let learnable: Int
  /// How many of these have no window that holds all of the answer, the first such one.
  public let outsideWindows: Int
  /// Share of the learnable questions that these are, from 0 to 1; NaN without learnable ones.
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
