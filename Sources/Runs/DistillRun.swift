import Configuration
import Data
import Files
import Inference
import Methods
import Models
import Processes
import Trainers

extension PreparedRun {
  /// `mate-kd distill`: trains a student with one of the methods.
  ///
  /// - Parameter group: the processes that share the run; all of them prepare and execute it.
  /// - Throws: errors of the configuration, the data and the models, each one sentence. Among them
  ///   are models whose vocabularies or labels differ.
  public static func distill(
    _ c: DistillConfiguration,
    sharedBy group: any ProcessGroup = SingleProcess()
  ) throws -> PreparedRun {
    let task = try c.task.taskDescription()
    return task.questions == nil
      ? try distill(c, task: task, head: SequenceClassifier.self, group: group)
      : try distill(c, task: task, head: SpanClassifier.self, group: group)
  }

  private static func distill<Head: TaskHead>(
    _ c: DistillConfiguration, task: TaskDescription, head: Head.Type,
    group: any ProcessGroup
  ) throws -> PreparedRun {
    let method = try namedMethod(c)
    let makeObjective = try Head.configure(method, section: c.method, task: task)
    try ModelOpener.checkGenerator(of: method, c)
    try OpenedTeacher<Head>.check(method, c, task: task)
    try checkBudget(of: method, c.train)
    let setup = try RunSetup(
      command: "distill", common: c.common, arguments: c.train, group: group,
      resolved: { c.resolved })
    try MethodRegistry.check(method, fits: task)
    for source in c.teacher.members.compactMap(\.source.model) + [c.student] {
      try ModelOpener.checkLabelOrder(of: source, for: task)
    }
    // Read once: by a student that is cut from its teacher, or when all models fit.
    var read: (rows: TrainingRows, source: TaskData, notices: [String])?
    func readRows(
      _ tokenizer: any Tokenizer
    ) throws -> (rows: TrainingRows, source: TaskData, notices: [String]) {
      let found =
        try read
        ?? trainingRows(of: method, c, task: task, head: head, tokenizer: tokenizer, setup: setup)
      read = found
      return found
    }
    let models = try DistillationModels<Head>(c, method: method, task: task) {
      try readRows($0).rows.data
    }
    let (rows, source, notices) = try readRows(models.tokenizer)
    let data = rows.data
    let learning = try TaskLearning(
      model: models.student, data: data, configuration: c.task, task: task, setup: setup)
    let (teacher, seed) = (models.teacher, c.common.seed)
    let answers = try Head.answers(
      of: teacher, to: rows, source: source, folder: c.teacherCacheDir, setup: setup)
    let cache = answers.cache
    let isDecoded = models.use == .decodedTexts
    let objective = try makeObjective(
      MethodSetup(
        student: models.student.model,
        teacher: (isDecoded ? teacher.model : teacher.sharedModel)?.model,
        generator: models.generator?.model, maskID: models.tokenizer.specialTokens.mask,
        teacherCache: cache,
        studentTraining: setup.trainedModel(models.student.model, rows: data.count),
        totalSteps: Trainer.plannedSteps(c.train, rows: data.count),
        labelSmoothing: Float(c.train.labelSmoothingFactor), trainingRows: data.count,
        trainingClasses: data.targets.knownRows == nil ? data.targets.classes : [],
        batchesPerEpoch: Trainer.stepsPerEpoch(c.train, rows: data.count), seed: c.common.seed,
        tokenizer: models.tokenizer,
        decodedTexts: isDecoded
          ? teacher.decodedTexts(of: models.tokenizer, task: task, rows: data, answers: answers)
          : nil, trainingTexts: data,
        probe: ProbeTexts(
          data, isDetailed: c.diagnostics, seed: seed, shards: setup.shards,
          pool: setup.pool, precision: setup.precision),
        sampleTexts: { ModelOpener.sample($0, of: data, seed: seed) }))
    let generator = models.generator.map { RunModel(role: "generator", model: $0.model) }
    let others = answers.models + [generator].compactMap { $0 }
    var plan = learning.plan(objective: objective, others: others)
    plan.facts.insert(("method", method.name), at: 0)
    var adversary: AdversaryOutputs?
    if let method = objective as? any AdversarialMethod, let teacher = teacher.model {
      adversary = try AdversaryOutputs(
        method, generator: models.generator, tokenizer: models.tokenizer,
        labels: teacher.model.writtenLabels, data: data,
        specialTokensInText: c.common.specialTokensInText)
    }
    let agreement = TeacherAgreement()
    var outputs = try learning.outputs(
      others: others, hashes: answers.hashes,
      references: {
        let start = ContinuousClock.now
        var measured: TeacherMeasurement
        do {
          measured = try Head.measure(teacher, answers: answers, learning: learning)
        } catch is OutputsNotFinite {
          throw FileError(
            file: "the teacher (\(teacher.place))", problem: OutputsNotFinite.problem)
        }
        measured.addSize(of: teacher, rows: learning.evaluation.count, since: start)
        let found = try measured.references(allowsWeak: c.allowWeakTeacher)
        agreement.keep(found.predictions)
        return found
      },
      diagnostics: { agreement.measured($0.predictions) }, memory: [cache],
      finish: { folder in
        try cache.save()
        if let method = objective as? any PseudoTextMethod, let teacher = teacher.sharedModel {
          try PseudoSamples(method, vocabulary: teacher).write(to: folder)
        }
        try adversary?.write(to: folder)
      })
    if let method = objective as? any AdversarialMethod, method.adversary.trainsGenerator {
      outputs.generatorEntropies = { try method.adversary.entropies() }
    }
    return try PreparedRun(
      setup: setup, objective: objective, data: data, outputs: outputs, plan: plan,
      notices: c.notes + models.notices + notices + learning.notices
        + TeacherHeldOutRows.notices(c) + answers.notices + cache.notices(rows: data.count))
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
    let task = try c.task.taskDescription()
    guard task.questions != nil else {
      _ = try method.configure(c.method)
      try ModelOpener.checkGenerator(of: method, c)
      return try OpenedTeacher<SequenceClassifier>.check(method, c, task: task)
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
    head: Head.Type, tokenizer: any Tokenizer, setup: RunSetup
  ) throws -> (rows: TrainingRows, source: TaskData, notices: [String]) {
    let source = TaskData(
      c.task, task: task, tokenizer: tokenizer, pool: setup.pool,
      maximumRows: c.train.maxTrainSamples, seed: c.common.seed, transfer: c.transfer)
    guard let texts = method.texts else {
      return (try Head.trainingRows(source), source, source.notices)
    }
    let data = try texts(c.method).dataset(
      for: task, tokenizer: tokenizer, maximumLength: c.task.maxSeqLength,
      seed: c.common.seed, pool: setup.pool)
    return (
      TrainingRows(data: data), source,
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
  let teacher: OpenedTeacher<Head>
  let student: OpenedModel<Head>
  let generator: OpenedModel<MaskedLanguageModel>?
  /// What the method asks of the teacher.
  let use: TeacherUse
  /// What cuts the texts into the student's tokens.
  let tokenizer: any Tokenizer
  /// Sentences that the user should see.
  let notices: [String]

  /// - Parameter trainingRows: reads the training data for a tokenizer.
  /// - Throws: errors of the folders; `MismatchError` if the models do not fit.
  init(
    _ c: DistillConfiguration, method: MethodDescription, task: TaskDescription,
    trainingRows: @escaping (any Tokenizer) throws -> TokenizedDataset
  ) throws {
    let opener = ModelOpener(c.common)
    let length = c.task.maxSeqLength
    var teacher = try OpenedTeacher<Head>(c.teacher, task: task, length: length, opener: opener)
    let model = teacher.model
    student = try Head.openLearner(
      c.student, role: "student", task: task, opener: opener, teacher: model,
      texts: model.map { model in { try trainingRows(model.tokenizer) } })
    use = method.teacherUse(c.method)
    try teacher.meet(student, method: method, use: use, task: task, length: length)
    var notices = teacher.notices + student.notices
    // A generator writes for every model that reads its tokens.
    generator = try opener.generator(
      of: method, c, beside: use == .decodedTexts ? student : teacher.sharedModel,
      student: student, notices: &notices)
    // Models with the same vocabulary read the texts as the teacher's tokenizer gives them.
    let shared = teacher.members.filter(\.readsStudentTokens).compactMap(\.model)
    tokenizer = shared.first?.tokenizer ?? student.tokenizer
    self.teacher = teacher
    self.notices = notices
    let readers: [(role: String, model: any Model)] =
      shared.map { ($0.role, $0.model) } + (generator.map { [("generator", $0.model)] } ?? [])
      + [("student", student.model)]
    try ModelOpener.checkLength(length, of: readers)
    for (role, model) in readers {
      try ModelOpener.checkTemplate(of: tokenizer, fits: model, role: role)
    }
    for member in teacher.members where !member.readsStudentTokens {
      guard let model = member.model else { continue }
      try ModelOpener.checkLength(
        member.length, of: [(member.role, model.model)], key: "max_seq_length of the \(member.role)"
      )
    }
  }
}

extension TeacherMeasurement {
  /// Adds the size and the speed of the teacher's models.
  fileprivate mutating func addSize<Head: TaskHead>(
    of teacher: OpenedTeacher<Head>, rows: Int, since start: ContinuousClock.Instant
  ) {
    let parameters = teacher.members.reduce(0) { $0 + ($1.model?.model.parameters.count ?? 0) }
    guard parameters > 0 else { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    metrics += [
      ("teacher_num_parameters", Double(parameters)),
      ("teacher_samples_per_second", Double(rows) / max(1e-9, seconds)),
    ]
  }

  /// The metrics for a run's results.
  ///
  /// - Parameter allowsWeak: true turns the error about a teacher that knows nothing into a
  ///   caution.
  /// - Throws: `MismatchError` for such a teacher otherwise.
  fileprivate func references(allowsWeak: Bool) throws -> EvaluationParts.Result {
    var result = EvaluationParts.Result(
      metrics: metrics, cautions: cautions, predictions: predictions)
    guard let problem else { return result }
    guard allowsWeak else {
      throw MismatchError(
        .training,
        "\(problem); check its task and the order of its labels, or set "
          + "\"allow_weak_teacher\": true")
    }
    result.cautions.append(problem)
    return result
  }
}

extension TeacherCache {
  /// Says where the teacher's logits come from if some are already known.
  fileprivate func notices(rows: Int) -> [String] {
    if let notice { return [notice] }
    guard let path, rowsRead > 0 else { return [] }
    return ["the teacher's logits on \(rowsRead) of \(rows) training rows come from \(path)"]
  }
}
