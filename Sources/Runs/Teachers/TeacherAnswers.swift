import Data
import Inference
import Kernels
import Methods
import Models

/// What a teacher says about the training rows.
struct TeacherAnswers {
  let cache: TeacherCache
  /// The teacher's models.
  var models: [RunModel] = []
  /// Logits that are known for all rows, for teachers without models.
  var known: Matrix?
  /// Hashes of predictions, by role.
  var hashes: [(String, String)] = []
  /// What the training rows are known to be.
  var targets = Targets.none
  /// Sentences that the user should see.
  var notices: [String] = []
}

/// How good a teacher is.
struct TeacherMeasurement {
  /// Under the names that a run's results use.
  var metrics: [(name: String, value: Double)] = []
  var cautions: [String] = []
  /// What it says of the validation rows; nil if that is not known.
  var predictions: ValidationPredictions?
  /// What is wrong with it; nil if it has something to teach.
  var problem: String?

  /// Nothing is known.
  init() {}

  /// - Parameter prefix: what the names of its metrics begin with.
  init(_ found: EvaluationParts.Result, prefix: String = "teacher_", problem: String?) {
    metrics = found.metrics.map { (name: prefix + $0.name, value: $0.value) }
    cautions = found.cautions.map { "teacher: \($0)" }
    predictions = found.predictions
    self.problem = problem
  }
}

extension SequenceClassifier {
  static func answers(
    of teacher: OpenedTeacher<SequenceClassifier>, to rows: TrainingRows, source: TaskData,
    folder: String?, setup: RunSetup
  ) throws -> TeacherAnswers {
    var models: [RunModel] = []
    var hashes: [(String, String)] = []
    var notices: [String] = []
    let sources = try teacher.members.map { member -> LogitSource in
      switch member.kind {
      case .model(let opened) where member.readsStudentTokens:
        models.append(RunModel(role: member.role, model: opened.model))
        return .model(opened.model)
      case .model(let opened):
        let texts = rows.tokens(
          by: opened.tokenizer, maximumLength: member.length, source: source)
        models.append(RunModel(role: member.role, model: opened.model, texts: texts))
        return .reader(opened.model, of: texts)
      case .predictions(let predictions):
        let (logits, said) = try predictions.logits(for: rows, source: source)
        hashes.append((member.role, hash(of: logits, setup)))
        notices += said
        return .known(logits)
      }
    }
    let whole: LogitSource =
      sources.count == 1
      ? sources[0]
      : .ensemble(
        zip(sources, teacher.members).map { ($0, $1.weight) }, teacher.average,
        ModelOpener.labels(of: source.task).problem)
    return TeacherAnswers(
      cache: try TeacherCache(
        whole, data: rows.data, folder: folder, pool: setup.pool, precision: setup.precision),
      models: models, known: whole.known,
      hashes: hashes, targets: rows.data.targets, notices: notices)
  }

  private static func hash(of logits: Matrix, _ setup: RunSetup) -> String {
    var hash = ContentHash()
    hash.add(Kernel.hash(logits, pool: setup.pool))
    return hash.hexadecimal
  }

  static func measure(
    _ teacher: OpenedTeacher<SequenceClassifier>, answers: TeacherAnswers,
    learning: TaskLearning<SequenceClassifier>
  ) throws -> TeacherMeasurement {
    let evaluation = learning.evaluation
    let name = "the teacher (\(teacher.place))"
    var found: [[Matrix]] = []
    for member in teacher.members {
      guard let logits = try validationLogits(of: member, learning: learning) else {
        return measureOnTrainingRows(name, answers: answers, task: learning.task)
      }
      found.append(logits)
    }
    let parts = (0..<(found.map(\.count).min() ?? 0)).map { part in
      teacher.average.mean(
        found.map { $0[part] }, weights: teacher.members.map(\.weight),
        of: ModelOpener.labels(of: learning.task).problem)
    }
    let result = evaluation.measure(parts)
    return TeacherMeasurement(
      result, problem: weakness(result.metrics, in: evaluation, model: name))
  }

  /// A member's logits on each validation split, or on the first of them; nil if nothing is known
  /// of it.
  private static func validationLogits(
    of member: OpenedTeacher<SequenceClassifier>.Member, learning: TaskLearning<SequenceClassifier>
  ) throws -> [Matrix]? {
    switch member.kind {
    case .model(let opened) where member.readsStudentTokens:
      return try learning.evaluation.logits(opened.model)
    case .model(let opened):
      let rows = learning.validationRows(opened.tokenizer, length: member.length)
      return try evaluation(rows, setup: learning.setup).logits(opened.model)
    case .predictions(let predictions):
      let isHeldOut = learning.configuration.validationSplit != nil
      guard let path = isHeldOut ? predictions.path : predictions.validation else { return nil }
      let text = try learning.validationRows(
        learning.model.tokenizer, length: learning.configuration.maxSeqLength
      ).text(of: .validation)
      let file = try PredictedLogits(path, task: learning.task, floor: predictions.floor)
      let isWhole = learning.setup.arguments.maxEvalSamples == nil || isHeldOut
      return [
        try file.logits(
          of: text.indices, in: text.source, total: isWhole ? text.rowsOfFile : nil)
      ]
    }
  }

  /// Measures answers that are known for the training rows alone.
  private static func measureOnTrainingRows(
    _ name: String, answers: TeacherAnswers, task: TaskDescription
  ) -> TeacherMeasurement {
    guard let known = answers.known, answers.targets.count != nil else {
      var nothing = TeacherMeasurement()
      nothing.cautions = [
        "\(name) is not measured: there are no predictions for the validation rows"
      ]
      return nothing
    }
    let labelled = answers.targets.knownRows ?? Array(0..<known.rows)
    guard !labelled.isEmpty else { return TeacherMeasurement() }
    let logits = Matrix(zeros: labelled.count, known.columns)
    Kernel.gatherRows(known, labelled, into: logits)
    let targets = answers.targets.selecting(labelled)
    let metrics = TaskEvaluation(logits: logits, of: task).metrics(of: task, targets: targets)
    return TeacherMeasurement(
      EvaluationParts.Result(metrics: metrics), prefix: "teacher_train_",
      problem: WeakModel.problem(metrics, task: task, targets: targets, model: name))
  }
}

extension PredictionsSource {
  /// The logits of the training rows, and sentences for the user.
  ///
  /// - Throws: `FileError`.
  fileprivate func logits(
    for rows: TrainingRows, source: TaskData
  ) throws -> (Matrix, notices: [String]) {
    let paths = (source.transfer?.alone == true ? [] : [path]) + transfer
    let result = Matrix(
      zeros: rows.data.count, ModelOpener.labels(of: source.task).count)
    var start = 0
    var notices: [String] = []
    for (path, text) in zip(paths, rows.files) {
      let file = try PredictedLogits(path, task: source.task, floor: floor)
      notices += [file.notice].compactMap { $0 }
      let logits = try file.logits(
        of: text.indices, in: text.source, total: text.rowsOfFile)
      result.rows(start..<start + text.count).copy(from: logits)
      start += text.count
    }
    return (result, notices)
  }
}
