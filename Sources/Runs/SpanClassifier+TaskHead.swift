import Configuration
import Data
import Files
import Inference
import Methods
import Models
import Trainers

extension SpanClassifier: TaskHead {
  static func openLearner(
    _ source: ModelSource, role: String, task: TaskDescription, opener: ModelOpener,
    teacher: OpenedModel<SpanClassifier>?, texts: StudentTexts?
  ) throws -> OpenedModel<SpanClassifier> {
    try opener.spanClassifier(source, role: role, teacher: teacher, texts: texts)
  }

  static func openTeacher(
    _ source: ModelSource, task: TaskDescription, opener: ModelOpener
  ) throws -> (model: OpenedModel<SpanClassifier>, notices: [String]) {
    let opened = try opener.spanClassifier(source, role: "teacher")
    try opened.requireWholeCheckpoint()
    return (opened, opened.notices)
  }

  static func trainingData(_ source: TaskData) throws -> TokenizedDataset {
    let windows = try source.windows(of: .train)
    let examples = windows.examples
    guard examples.count > 0 else {
      throw FileError(
        file: windows.dataset.source, problem: "no question has an answer that is in its text.")
    }
    return examples
  }

  static func evaluation(_ source: TaskData, setup: RunSetup) throws -> QuestionEvaluation {
    let questions = source.configuration.questions
    let version = try source.version()
    return QuestionEvaluation(
      version: version, windows: try source.windows(of: .validation),
      decoder: AnswerDecoder(
        candidateCount: questions.nBestSize, maximumAnswerLength: questions.maxAnswerLength,
        allowsNoAnswer: version == .v2_0, threshold: questions.nullScoreDiffThreshold),
      pool: setup.pool, precision: setup.precision, shouldStop: setup.stop.isMade)
  }

  static func weakness(
    _ metrics: [(name: String, value: Double)], in evaluation: QuestionEvaluation, model: String
  ) -> String? {
    evaluation.weakness(metrics, model: model)
  }

  static func configure(
    _ method: MethodDescription, section: ConfigSection, task: TaskDescription
  ) throws -> @Sendable (SpanDistillationSetup) throws -> any Objective {
    guard let configure = method.configureSpans else {
      let known = MethodRegistry.all.filter { $0.configureSpans != nil }.map(\.name)
      throw section.fail(
        "name",
        "method \(method.name) has no form for task \(task.name); take "
          + "\(known.joined(separator: " or ")).")
    }
    return try configure(section)
  }

  static func teacherCache(
    _ teacher: SpanClassifier, data: TokenizedDataset, folder: String?, setup: RunSetup
  ) throws -> TeacherCache {
    try TeacherCache(
      teacher: teacher, data: data, folder: folder, pool: setup.pool, precision: setup.precision)
  }

  var writtenLabels: LabelSet? { nil }
}

extension TaskData {
  /// Which version's rules of SQuAD apply.
  ///
  /// - Throws: `MismatchError` for a task without questions.
  fileprivate func version() throws -> SQuADVersion {
    guard let version = task.questions else {
      throw MismatchError(.method, "task \(task.name) has no questions")
    }
    return version
  }

  /// The questions of a split, with their texts cut into windows.
  fileprivate func windows(of split: Split) throws -> QuestionWindows {
    let dataset = try SQuADReader.read(
      version(), split: split, directory: configuration.dataDir, maximumQuestions: maximumRows)
    try dataset.requireAnswers()
    if let first = dataset.misplacedAnswers.first {
      let count = dataset.misplacedAnswers.count
      notice([
        "\(dataset.source): \(count) answer\(count == 1 ? " is" : "s are") not where the file "
          + "says; the first: \(first)"
      ])
    }
    return try QuestionWindows(
      dataset, tokenizer: tokenizer, settings: WindowSettings(configuration))
  }
}
