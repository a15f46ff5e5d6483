import Configuration
import Data
import Foundation
import Inference
import Kernels
import Methods
import Models
import StrictJSON
import Trainers

/// Training of a model on a task: what `teacher-finetune` and `distill` have in common.
struct TaskRun<Validation: ValidationData> {
  let command: String
  let common: CommonConfiguration
  let arguments: TrainingArguments
  let taskConfiguration: TaskConfiguration
  let task: TaskDescription
  let train: TokenizedDataset
  let evaluation: Validation
  let model: OpenedModel<Validation.Learner>
  /// What the model's outputs mean, to be written into its config.json; nil for tokens of answers.
  let labels: LabelSet?
  let pool: ThreadPool
  let precision: Precision
  /// Read when the run starts, when every section has recorded its defaults.
  let resolved: () -> JSONValue
  /// Metrics of other models on the validation data, for the results, such as the teacher's, and
  /// notices. Read before the output folder is touched.
  let references: () throws -> EvaluationParts.Result

  /// The updates that are planned.
  var steps: Int { Trainer.plannedSteps(arguments, rows: train.count) }

  /// The main model with its optimiser and schedule.
  var trainedModel: TrainedModel {
    TrainedModel(
      name: "", parameters: model.model.parameters, optimizer: OptimizerSettings(arguments),
      schedule: LearningRateSchedule(arguments, totalSteps: steps))
  }

  /// Name and direction of the metric that tells the best model.
  func bestMetric() throws -> (name: String, greaterIsBetter: Bool) {
    let name = arguments.metricForBestModel ?? evaluation.metricNames[0]
    let plain = name.hasPrefix("eval_") ? String(name.dropFirst(5)) : name
    guard evaluation.metricNames.contains(plain) else {
      throw arguments.origin.unknownName(
        "metric_for_best_model", plain, among: evaluation.metricNames)
    }
    return (plain, arguments.greaterIsBetter ?? !plain.hasPrefix("loss"))
  }

  /// Checks that the training arguments fit the task.
  ///
  /// - Throws: `ConfigError`.
  func check() throws {
    _ = try bestMetric()
    if task.isMultiLabel, arguments.labelSmoothingFactor > 0 {
      throw arguments.origin.error(
        "label_smoothing_factor",
        "label_smoothing_factor is for rows with one label each; leave it out for task "
          + "\(task.name).")
    }
  }

  private var trainer: Trainer {
    Trainer(
      arguments: arguments, seed: common.seed, dataSeed: common.dataSeed,
      shards: RunParts.shards(common), pool: pool, precision: precision)
  }

  /// What is trained.
  func parts(_ objective: any Objective) -> TrainingParts {
    TrainingParts(objective: objective, data: train, trainer: trainer)
  }

  /// Trains and writes the output folder.
  func execute(
    _ objective: some Objective, display: any TrainingObserver
  ) throws -> RunOutcome {
    let metric = try bestMetric()
    let references = try references()
    let folder = try RunFolder(common.outputDir, overwrite: common.overwriteOutputDir)
    try folder.writeRun(
      command: command, configuration: resolved(), shards: RunParts.shards(common),
      hashes: [
        ("train", train.contentHash), ("vocabulary", model.tokenizer.vocabularyHash),
      ] + evaluation.hashes)
    let observer = RecordingObserver(folder: folder, display: display) { try save(to: $0) }
    let summary = try trainer.run(
      objective, data: train,
      evaluate: {
        try evaluation.measure(model.model, batchSize: arguments.perDeviceEvalBatchSize).metrics
      }, metric: metric,
      observer: observer)
    let start = ContinuousClock.now
    let final = try evaluation.measure(model.model, batchSize: arguments.perDeviceEvalBatchSize)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    try save(to: folder.path)
    let (trainResults, evalResults) = RunParts.results(
      summary, evaluation: final.metrics, evaluationSeconds: seconds, evaluated: evaluation.count,
      trained: train.count)
    var all = trainResults
    for member in evalResults.members { all[member.key] = member.value }
    for (name, value) in references.metrics { all[name] = .double(value) }
    all["num_parameters"] = .int(model.model.parameters.count)
    try folder.write(JSONValue(.object(trainResults)), to: "train_results.json")
    try folder.write(JSONValue(.object(evalResults)), to: "eval_results.json")
    try folder.write(JSONValue(.object(all)), to: "all_results.json")
    try final.predictions?.write(
      to: "\(folder.path)/\(ValidationPredictions.fileName)", labels: task.labelNames)
    try folder.writeTrainerState(
      summary, arguments: resolved()["train"] ?? .null,
      trainBatchSize: arguments.perDeviceTrainBatchSize,
      parameters: model.model.parameters.count)
    if let error = observer.firstError { throw error }
    return RunOutcome(
      folder: folder.path,
      results: all.members.compactMap { member in
        member.value.double.map { (name: member.key, value: $0) }
      }, notices: references.cautions + final.cautions.map { "eval: \($0)" },
      stoppedEarly: summary.stoppedEarly)
  }

  private func save(to path: String) throws {
    try ModelFolder.write(
      model.model, labels: labels, finetuningTask: task.name, to: path,
      tokenizer: model.tokenizerSource)
    try AppliedTask.remember(taskConfiguration, in: path)
  }

  /// Facts for `--dry-run`.
  ///
  /// - Parameter objective: what tells which of the models learn.
  func plan(
    others: [(role: String, model: any Model)], objective: any Objective
  ) -> [(name: String, value: String)] {
    let models: [any Model] = [model.model] + others.map(\.model)
    let trained = models.filter { model in
      objective.trainedModels.contains { $0.parameters === model.parameters }
    }
    let frozen = models.filter { model in
      !trained.contains { $0.parameters === model.parameters }
    }
    let mean = RunParts.meanLength(train)
    let memory = RunParts.memoryEstimate(
      trained: trained, frozen: frozen,
      tokensPerBatch: mean * Double(arguments.perDeviceTrainBatchSize),
      maxTokensPerShard: arguments.maxTokensPerBatch,
      shards: RunParts.shards(common))
    var plan: [(name: String, value: String)] = [
      ("task", task.name),
      ("training rows", "\(train.count) (mean length \(String(format: "%.1f", mean)) tokens)"),
      ("validation rows", "\(evaluation.count)"),
      ("\(model.role) parameters", "\(model.model.parameters.count)"),
    ]
    plan += others.map { ("\($0.role) parameters", "\($0.model.parameters.count)") }
    plan += [
      (
        "updates", "\(steps) (\(Trainer.stepsPerEpoch(arguments, rows: train.count)) an epoch)"
      ),
      ("threads", "\(pool.threads)"), ("shards", "\(RunParts.shards(common))"),
      ("precision", precision.rawValue),
      ("memory estimate", RunParts.megabytes(memory)), ("output", common.outputDir),
    ]
    return plan
  }
}
