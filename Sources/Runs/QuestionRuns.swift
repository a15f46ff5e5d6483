import Configuration
import Data
import Files
import Inference
import Kernels
import Methods
import Models
import Trainers

extension PreparedRun {
  /// `mate-kd teacher-finetune` for a task with questions.
  static func questionFinetune(
    _ c: TeacherFinetuneConfiguration, task: TaskDescription, version: SQuADVersion
  ) throws -> PreparedRun {
    try ModelOpener.checkLabelOrder(of: c.model, for: task)
    let pool = try RunParts.pool(c.common)
    let precision = try c.common.supportedPrecision()
    var notices = c.notes
    let model = try ModelOpener(seed: c.common.seed).spanClassifier(c.model, role: "model")
    notices += RunParts.notices(model.report, role: "model")
    try ModelOpener.checkLength(c.task.maxSeqLength, of: [("model", model.model)])
    let run = try TaskRun(
      command: "teacher-finetune", common: c.common, arguments: c.train,
      taskConfiguration: c.task, task: task,
      train: RunParts.examples(
        c.task, version: version, maximumQuestions: c.train.maxTrainSamples,
        tokenizer: model.tokenizer, notices: &notices),
      evaluation: RunParts.questions(
        c.task, version: version, maximumQuestions: c.train.maxEvalSamples,
        tokenizer: model.tokenizer, pool: pool, precision: precision, notices: &notices),
      model: model, labels: nil, pool: pool, precision: precision, resolved: { c.resolved },
      references: { EvaluationParts.Result() })
    try run.check()
    let objective = SpanDistillation(
      model.model, training: run.trainedModel, labelSmoothing: Float(c.train.labelSmoothingFactor))
    return PreparedRun(
      plan: run.plan(others: [], objective: objective), notices: notices,
      training: run.parts(objective)
    ) { try run.execute(objective, display: $0) }
  }

  /// `mate-kd distill` for a task with questions.
  static func questionDistill(
    _ c: DistillConfiguration, method: MethodDescription, task: TaskDescription,
    version: SQuADVersion
  ) throws -> PreparedRun {
    guard let configure = method.configureSpans else {
      let known = MethodRegistry.all.filter { $0.configureSpans != nil }.map(\.name)
      throw c.method.fail(
        "name",
        "method \(method.name) has no form for task \(task.name); take "
          + "\(known.joined(separator: " or ")).")
    }
    let makeObjective = try configure(c.method)
    try ModelOpener.checkGenerator(of: method, c)
    for source in [c.teacher, c.student] {
      try ModelOpener.checkLabelOrder(of: source, for: task)
    }
    try RunFolder.check(c.common.outputDir, overwrite: c.common.overwriteOutputDir)
    let pool = try RunParts.pool(c.common)
    let precision = try c.common.supportedPrecision()
    var notices = c.notes
    let opener = ModelOpener(seed: c.common.seed)
    let teacher = try opener.spanClassifier(c.teacher, role: "teacher")
    notices += RunParts.notices(teacher.report, role: "teacher")
    try RunParts.checkFineTuned(teacher)
    let student = try opener.spanClassifier(c.student, role: "student", teacher: teacher)
    notices += RunParts.notices(student.report, role: "student")
    try ModelOpener.checkVocabularies(
      ("teacher", teacher.tokenizer), ("student", student.tokenizer))
    var others: [(role: String, model: any Model)] = [("teacher", teacher.model)]
    let generator = try opener.generator(
      of: method, c, teacher: teacher, student: student, notices: &notices)
    if let generator { others.append(("generator", generator.model)) }
    try ModelOpener.checkLength(
      c.task.maxSeqLength, of: others + [("student", student.model)])
    let train = try RunParts.examples(
      c.task, version: version, maximumQuestions: c.train.maxTrainSamples,
      tokenizer: teacher.tokenizer, notices: &notices)
    let evaluation = try RunParts.questions(
      c.task, version: version, maximumQuestions: c.train.maxEvalSamples,
      tokenizer: teacher.tokenizer, pool: pool, precision: precision, notices: &notices)
    let run = TaskRun(
      command: "distill", common: c.common, arguments: c.train, taskConfiguration: c.task,
      task: task, train: train, evaluation: evaluation, model: student, labels: nil, pool: pool,
      precision: precision,
      resolved: { c.resolved },
      references: {
        let found = try evaluation.measure(teacher.model)
        return try RunParts.references(
          found,
          problem: evaluation.weakness(
            found.metrics, model: "the teacher (\(teacher.tokenizerSource))"),
          allowsWeak: c.allowWeakTeacher)
      })
    try run.check()
    let cache = try TeacherCache(
      teacher: teacher.model, data: train, folder: c.teacherCacheDir, pool: pool,
      precision: precision)
    notices += RunParts.notices(cache, rows: train.count)
    let objective = try makeObjective(
      SpanDistillationSetup(
        student: student.model, teacher: teacher.model, generator: generator?.model,
        teacherCache: cache, studentTraining: run.trainedModel,
        labelSmoothing: Float(c.train.labelSmoothingFactor)))
    return PreparedRun(
      plan: [("method", method.name)] + run.plan(others: others, objective: objective),
      notices: notices, training: run.parts(objective)
    ) {
      let outcome = try run.execute(objective, display: $0)
      try cache.save()
      return outcome
    }
  }
}

extension RunParts {
  /// The windows of the training questions, with the places of their answers.
  static func examples(
    _ c: TaskConfiguration, version: SQuADVersion, maximumQuestions: Int?,
    tokenizer: any Tokenizer, notices: inout [String]
  ) throws -> TokenizedDataset {
    let windows = try windows(
      c, version: version, split: .train, maximumQuestions: maximumQuestions,
      tokenizer: tokenizer, notices: &notices)
    let examples = windows.examples
    guard examples.count > 0 else {
      throw FileError(
        file: windows.dataset.source, problem: "no question has an answer that is in its text.")
    }
    return examples
  }

  /// The validation questions.
  static func questions(
    _ c: TaskConfiguration, version: SQuADVersion, maximumQuestions: Int?,
    tokenizer: any Tokenizer, pool: ThreadPool, precision: Precision, notices: inout [String]
  ) throws -> QuestionEvaluation {
    let decoder = AnswerDecoder(
      candidateCount: c.questions.nBestSize, maximumAnswerLength: c.questions.maxAnswerLength,
      allowsNoAnswer: version == .v2_0, threshold: c.questions.nullScoreDiffThreshold)
    return QuestionEvaluation(
      version: version,
      windows: try windows(
        c, version: version, split: .validation, maximumQuestions: maximumQuestions,
        tokenizer: tokenizer, notices: &notices),
      decoder: decoder, pool: pool, precision: precision)
  }

  private static func windows(
    _ c: TaskConfiguration, version: SQuADVersion, split: Split, maximumQuestions: Int?,
    tokenizer: any Tokenizer, notices: inout [String]
  ) throws -> QuestionWindows {
    let dataset = try SQuADReader.read(
      version, split: split, directory: c.dataDir, maximumQuestions: maximumQuestions)
    try dataset.requireAnswers()
    if let first = dataset.misplacedAnswers.first {
      let count = dataset.misplacedAnswers.count
      notices.append(
        "\(dataset.source): \(count) answer\(count == 1 ? " is" : "s are") not where the file says; "
          + "the first: \(first)")
    }
    return try QuestionWindows(dataset, tokenizer: tokenizer, settings: WindowSettings(c))
  }
}
