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
    _ source: ModelSource, role: String, task: TaskDescription, opener: ModelOpener
  ) throws -> (model: OpenedModel<SpanClassifier>, notices: [String]) {
    let opened = try opener.spanClassifier(source, role: role)
    try opened.requireWholeCheckpoint()
    return (opened, opened.notices)
  }

  static func trainingRows(_ source: TaskData) throws -> TrainingRows {
    let windows = try source.windows(of: .train)
    let examples = windows.examples
    guard examples.count > 0 else {
      throw FileError(
        file: windows.dataset.source, problem: "no question has an answer that is in its text.")
    }
    return TrainingRows(data: examples)
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

  /// Texts have many questions each; `inspect` tells which are also in another split.
  static func leak(of data: TokenizedDataset, into evaluation: QuestionEvaluation) -> String? {
    nil
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

  static func answers(
    of teacher: OpenedTeacher<SpanClassifier>, to rows: TrainingRows, source: TaskData,
    folder: String?, setup: RunSetup
  ) throws -> TeacherAnswers {
    guard let model = teacher.sharedModel else {
      throw MismatchError(.method, "task \(source.task.name) needs a teacher that is one model")
    }
    return TeacherAnswers(
      cache: try TeacherCache(
        teacher: model.model, data: rows.data, folder: folder, pool: setup.pool,
        precision: setup.precision),
      models: [RunModel(role: model.role, model: model.model)])
  }

  static func measure(
    _ teacher: OpenedTeacher<SpanClassifier>, answers: TeacherAnswers,
    learning: TaskLearning<SpanClassifier>
  ) throws -> TeacherMeasurement {
    guard let model = teacher.sharedModel?.model else { return TeacherMeasurement() }
    let found = try learning.evaluation.measure(model, batchSize: 32)
    return TeacherMeasurement(
      found,
      problem: weakness(
        found.metrics, in: learning.evaluation, model: "the teacher (\(teacher.place))"))
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
