import Configuration
import Data
import Inference
import Methods
import Models
import Trainers

extension PreparedRun {
  /// `mate-kd distill`: trains a student with one of the methods.
  ///
  /// - Throws: errors of the configuration, the data and the models, each one sentence. Among them
  ///   are models whose vocabularies or labels differ.
  public static func distill(_ c: DistillConfiguration) throws -> PreparedRun {
    let task = try c.task.taskDescription()
    return task.questions == nil
      ? try distill(c, task: task, head: SequenceClassifier.self)
      : try distill(c, task: task, head: SpanClassifier.self)
  }

  private static func distill<Head: TaskHead>(
    _ c: DistillConfiguration, task: TaskDescription, head: Head.Type
  ) throws -> PreparedRun {
    let method = try namedMethod(c)
    let makeObjective = try Head.configure(method, section: c.method, task: task)
    try ModelOpener.checkGenerator(of: method, c)
    try checkBudget(of: method, c.train)
    let setup = try RunSetup(
      command: "distill", common: c.common, arguments: c.train, resolved: { c.resolved })
    try MethodRegistry.check(method, fits: task)
    for source in [c.teacher, c.student] {
      try ModelOpener.checkLabelOrder(of: source, for: task)
    }
    let models = try DistillationModels<Head>(c, method: method, task: task)
    let (data, notices) = try trainingRows(of: method, c, task: task, models: models, setup: setup)
    let learning = try TaskLearning(
      model: models.student, data: data, configuration: c.task, task: task, setup: setup)
    let teacher = models.teacher
    let cache = try Head.teacherCache(
      teacher.model, data: data, folder: c.teacherCacheDir, setup: setup)
    let objective = try makeObjective(
      MethodSetup(
        student: models.student.model, teacher: teacher.model,
        generator: models.generator?.model, maskID: teacher.tokenizer.specialTokens.mask,
        teacherCache: cache,
        studentTraining: setup.trainedModel(models.student.model, rows: data.count),
        totalSteps: Trainer.plannedSteps(c.train, rows: data.count),
        labelSmoothing: Float(c.train.labelSmoothingFactor), trainingRows: data.count,
        trainingClasses: data.targets.classes,
        batchesPerEpoch: Trainer.stepsPerEpoch(c.train, rows: data.count), seed: c.common.seed,
        tokenizer: teacher.tokenizer))
    var plan = learning.plan(objective: objective, others: models.others)
    plan.facts.insert(("method", method.name), at: 0)
    let outputs = try learning.outputs(
      others: models.others,
      references: {
        try teacher.references(in: learning.evaluation, allowsWeak: c.allowWeakTeacher)
      },
      memory: [cache],
      finish: { folder in
        try cache.save()
        if let method = objective as? any PseudoTextMethod {
          try PseudoSamples(method, vocabulary: teacher).write(to: folder)
        }
        if let method = objective as? any AdversarialTextMethod,
          let student = models.student.model as? SequenceClassifier,
          let teacher = teacher as? OpenedModel<SequenceClassifier>
        {
          try AdversarialExamples(
            method, student: student, teacher: teacher, data: data, setup: setup
          ).write(to: folder)
        }
      })
    return try PreparedRun(
      setup: setup, objective: objective, data: data, outputs: outputs, plan: plan,
      notices: c.notes + models.notices + notices + learning.notices
        + cache.notices(rows: data.count))
  }

  /// The method that a configuration names.
  ///
  /// - Throws: `ConfigError` if there is no method of that name.
  private static func namedMethod(_ c: DistillConfiguration) throws -> MethodDescription {
    guard let method = MethodRegistry.named(c.methodName) else {
      throw c.method.unknownName("name", c.methodName, among: MethodRegistry.all.map(\.name))
    }
    return method
  }

  /// Lets the method that a configuration names read its section.
  ///
  /// - Throws: `ConfigError`. Whether a method has a form for questions is checked by the run
  ///   itself.
  package static func checkMethod(_ c: DistillConfiguration) throws {
    let method = try namedMethod(c)
    guard try c.task.taskDescription().questions != nil else {
      _ = try method.configure(c.method)
      return try ModelOpener.checkGenerator(of: method, c)
    }
    if let configure = method.configureSpans { _ = try configure(c.method) }
  }

  /// Checks that a run without training data has its length given in updates.
  ///
  /// - Throws: `ConfigError`.
  private static func checkBudget(
    of method: MethodDescription, _ train: TrainingArguments
  ) throws {
    guard !method.needsTrainingData, train.maxSteps <= 0 else { return }
    throw train.origin.error(
      "max_steps",
      "method \(method.name) makes its own texts without end: give the number of "
        + "updates as train.max_steps; num_train_epochs means nothing here")
  }

  /// The rows that a method trains on: those of the task, or the method's own, in which case no
  /// file of the task is opened.
  private static func trainingRows<Head: TaskHead>(
    of method: MethodDescription, _ c: DistillConfiguration, task: TaskDescription,
    models: DistillationModels<Head>, setup: RunSetup
  ) throws -> (data: TokenizedDataset, notices: [String]) {
    let tokenizer = models.teacher.tokenizer
    guard let texts = method.texts else {
      let source = TaskData(
        c.task, task: task, tokenizer: tokenizer, pool: setup.pool,
        maximumRows: c.train.maxTrainSamples, seed: c.common.seed)
      return (try Head.trainingData(source), source.notices)
    }
    let data = try texts(c.method).dataset(
      for: task, tokenizer: tokenizer, maximumLength: c.task.maxSeqLength, seed: c.common.seed,
      pool: setup.pool)
    return (
      data,
      c.train.maxTrainSamples == nil
        ? []
        : [
          "train.max_train_samples is ignored: method \(method.name) makes its own texts "
            + "(method.texts.rows)"
        ]
    )
  }
}

/// The models of a distillation, opened and checked against each other.
struct DistillationModels<Head: TaskHead> {
  let teacher, student: OpenedModel<Head>
  let generator: OpenedModel<MaskedLanguageModel>?
  /// Sentences that the user should see.
  let notices: [String]

  /// All models but the student.
  var others: [(role: String, model: any Model)] {
    [("teacher", teacher.model)] + (generator.map { [("generator", $0.model)] } ?? [])
  }

  /// - Throws: errors of the folders; `MismatchError` if the models do not fit.
  init(_ c: DistillConfiguration, method: MethodDescription, task: TaskDescription) throws {
    let opener = ModelOpener(c.common)
    let (teacher, found) = try Head.openTeacher(c.teacher, task: task, opener: opener)
    let student = try Head.openLearner(
      c.student, role: "student", task: task, opener: opener, teacher: teacher)
    try ModelOpener.checkVocabularies(
      ("teacher", teacher.tokenizer), ("student", student.tokenizer),
      segments: teacher.model.hasSegments && student.model.hasSegments)
    var notices = found + student.notices
    generator = try opener.generator(
      of: method, c, teacher: teacher, student: student, notices: &notices)
    self.teacher = teacher
    self.student = student
    self.notices = notices
    let models = others + [("student", student.model)]
    try ModelOpener.checkLength(c.task.maxSeqLength, of: models)
    // All of them read the texts as the teacher's tokenizer gives them.
    for (role, model) in models {
      try ModelOpener.checkTemplate(of: teacher.tokenizer, fits: model, role: role)
    }
  }
}

extension OpenedModel where M: TaskHead {
  /// A teacher's metrics, under the names that a run's results use.
  ///
  /// - Parameter allowsWeak: true turns the error about a teacher that knows nothing into a
  ///   caution.
  /// - Throws: `MismatchError` for such a teacher otherwise.
  fileprivate func references(
    in evaluation: M.Evaluation, allowsWeak: Bool
  ) throws -> EvaluationParts.Result {
    let start = ContinuousClock.now
    let found = try evaluation.measure(model, batchSize: 32)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let size: [(name: String, value: Double)] = [
      ("num_parameters", Double(model.parameters.count)),
      ("samples_per_second", Double(evaluation.count) / max(1e-9, seconds)),
    ]
    var result = EvaluationParts.Result(
      metrics: (found.metrics + size).map { (name: "teacher_\($0.name)", value: $0.value) },
      cautions: found.cautions.map { "teacher: \($0)" })
    if let problem = M.weakness(
      found.metrics, in: evaluation, model: "the teacher (\(tokenizerSource))")
    {
      guard allowsWeak else {
        throw MismatchError(
          .training,
          "\(problem); check its task and the order of its labels, or set "
            + "\"allow_weak_teacher\": true")
      }
      result.cautions.append(problem)
    }
    return result
  }
}

extension TeacherCache {
  /// Says where the teacher's logits come from if some are already known.
  fileprivate func notices(rows: Int) -> [String] {
    guard let path else { return [] }
    return ["the teacher's logits on \(rowsRead) of \(rows) training rows come from \(path)"]
  }
}
