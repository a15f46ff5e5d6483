import Configuration
import Data
import Inference
import Kernels
import Methods
import Models
import Trainers

extension PreparedRun {
  /// `mate-kd distill`: trains a student by one of the methods.
  ///
  /// - Throws: errors of the configuration, the data and the models, each one sentence; models whose
  ///   vocabularies or labels differ are among them.
  public static func distill(_ c: DistillConfiguration) throws -> PreparedRun {
    let task = try c.task.taskDescription()
    if let version = task.questions {
      return try questionDistill(c, method: namedMethod(c), task: task, version: version)
    }
    let (method, makeObjective) = try configuredMethod(c)
    try RunParts.checkBudget(of: method, c.train)
    try RunFolder.check(c.common.outputDir, overwrite: c.common.overwriteOutputDir)
    try MethodRegistry.check(method, fits: task)
    for source in [c.teacher, c.student] {
      try ModelOpener.checkLabelOrder(of: source, for: task)
    }
    let pool = try RunParts.pool(c.common)
    let precision = try c.common.supportedPrecision()
    var notices = c.notes
    let opener = ModelOpener(seed: c.common.seed)

    let opened = try opener.classifier(c.teacher, role: "teacher", labels: nil)
    notices += RunParts.notices(opened)
    try RunParts.checkFineTuned(opened)
    let (teacher, notice) = try ModelOpener.align(opened, with: task)
    if let notice { notices.append(notice) }
    let student = try opener.classifier(
      c.student, role: "student", labels: ModelOpener.labels(of: task), teacher: teacher)
    notices += RunParts.notices(student)
    try ModelOpener.checkVocabularies(
      ("teacher", teacher.tokenizer), ("student", student.tokenizer))
    var others: [(role: String, model: any Model)] = [("teacher", teacher.model)]
    let generator = try opener.generator(
      of: method, c, teacher: teacher, student: student, notices: &notices)
    if let generator { others.append(("generator", generator.model)) }
    try ModelOpener.checkLength(
      c.task.maxSeqLength, of: others + [("student", student.model)])

    let train = try RunParts.trainingRows(
      of: method, c, task: task, tokenizer: teacher.tokenizer, pool: pool, notices: &notices)
    let evaluation = try RunParts.evaluation(
      c.task, task: task, maximumRows: c.train.maxEvalSamples, tokenizer: teacher.tokenizer,
      pool: pool, precision: precision, notices: &notices)
    let run = TaskRun(
      command: "distill", common: c.common, arguments: c.train, taskConfiguration: c.task,
      task: task, train: train, evaluation: evaluation, model: student,
      labels: student.model.labels, pool: pool,
      precision: precision,
      resolved: { c.resolved },
      references: {
        let found = try evaluation.measure(teacher.model)
        return try RunParts.references(
          found,
          problem: WeakModel.problem(
            found.metrics, task: task, data: evaluation.data,
            model: "the teacher (\(opened.tokenizerSource))"), allowsWeak: c.allowWeakTeacher)
      })
    try run.check()
    var cache = TeacherCache(teacher: teacher.model, rows: train.count)
    if let folder = c.teacherCacheDir {
      cache = try TeacherCache(
        teacher: teacher.model, data: train, folder: folder, pool: pool, precision: precision)
      notices += RunParts.notices(cache, rows: train.count)
    }
    let logits = cache
    let objective = try makeObjective(
      DistillationSetup(
        student: student.model, teacher: teacher.model, generator: generator?.model,
        maskID: teacher.tokenizer.specialTokens.mask, teacherCache: logits,
        studentTraining: run.trainedModel, totalSteps: run.steps,
        labelSmoothing: Float(c.train.labelSmoothingFactor), trainingRows: train.count,
        trainingClasses: train.classLabels,
        batchesPerEpoch: TrainingLoop.stepsPerEpoch(c.train, rows: train.count),
        seed: c.common.seed, tokenizer: teacher.tokenizer))
    return PreparedRun(
      plan: [("method", method.name)] + run.plan(others: others, objective: objective),
      notices: notices, training: run.parts(objective)
    ) {
      let outcome = try run.execute(objective, display: $0)
      try logits.save()
      if let method = objective as? any PseudoTextMethod {
        try PseudoSamples(method, teacher: teacher).write(to: outcome.folder)
      }
      return outcome
    }
  }

  /// The method that a configuration names.
  ///
  /// - Throws: `ConfigError` for a name that is none.
  private static func namedMethod(_ c: DistillConfiguration) throws -> MethodDescription {
    guard let method = MethodRegistry.named(c.methodName) else {
      throw c.method.unknownName("name", c.methodName, among: MethodRegistry.all.map(\.name))
    }
    return method
  }

  /// Lets the method that a configuration names read its section.
  ///
  /// - Throws: `ConfigError`. That a method has no form for a task with questions is told by the run.
  package static func checkMethod(_ c: DistillConfiguration) throws {
    guard try c.task.taskDescription().questions != nil else {
      _ = try configuredMethod(c)
      return
    }
    if let configure = try namedMethod(c).configureSpans { _ = try configure(c.method) }
  }

  /// The method that a configuration names, once it has read its section.
  ///
  /// - Throws: `ConfigError`, also where the method needs a generator and there is none.
  private static func configuredMethod(
    _ c: DistillConfiguration
  ) throws -> (
    method: MethodDescription,
    makeObjective: @Sendable (DistillationSetup) throws -> any Objective
  ) {
    let method = try namedMethod(c)
    let makeObjective = try method.configure(c.method)
    try ModelOpener.checkGenerator(of: method, c)
    return (method, makeObjective)
  }
}
