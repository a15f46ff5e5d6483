import Autograd
import Configuration
import Data
import Inference
import Kernels
import Models
import Trainers

/// A model that learns a task, with the data that it is measured on: what `teacher-finetune` and
/// `distill` have in common.
struct TaskLearning<Head: TaskHead> {
  let model: OpenedModel<Head>
  let data: TokenizedDataset
  let configuration: TaskConfiguration
  let task: TaskDescription
  let setup: RunSetup
  let evaluation: Head.Evaluation
  /// Sentences that the user should see.
  let notices: [String]
  /// The name and direction of the metric that decides which model is best.
  let metric: (name: String, greaterIsBetter: Bool)

  /// Reads the validation data and checks that the training arguments fit the task.
  ///
  /// - Throws: errors of the data, `ConfigError`.
  init(
    model: OpenedModel<Head>, data: TokenizedDataset, configuration: TaskConfiguration,
    task: TaskDescription, setup: RunSetup
  ) throws {
    self.model = model
    self.data = data
    self.configuration = configuration
    self.task = task
    self.setup = setup
    let arguments = setup.arguments
    let source = Self.validationRows(
      configuration, task: task, tokenizer: model.tokenizer, setup: setup)
    evaluation = try Head.evaluation(source, setup: setup)
    notices = source.notices + [Head.leak(of: data, into: evaluation)].compactMap { $0 }
    let name = arguments.metricForBestModel ?? evaluation.metricNames[0]
    let plain = name.hasPrefix("eval_") ? String(name.dropFirst(5)) : name
    guard evaluation.metricNames.contains(plain) else {
      throw arguments.origin.unknownName(
        "metric_for_best_model", plain, among: evaluation.metricNames)
    }
    metric = (plain, arguments.greaterIsBetter ?? !plain.hasPrefix("loss"))
    if task.isMultiLabel, arguments.labelSmoothingFactor > 0 {
      throw arguments.origin.error(
        "label_smoothing_factor",
        "label_smoothing_factor is for rows with one label each; leave it out for task "
          + "\(task.name).")
    }
  }

  private static func validationRows(
    _ configuration: TaskConfiguration, task: TaskDescription, tokenizer: any Tokenizer,
    setup: RunSetup
  ) -> TaskData {
    TaskData(
      configuration, task: task, tokenizer: tokenizer, pool: setup.pool,
      maximumRows: setup.arguments.maxEvalSamples, seed: setup.common.seed)
  }

  /// The validation data for a reader with another tokenizer.
  ///
  /// - Parameter length: texts are cut to so many tokens.
  func validationRows(_ tokenizer: any Tokenizer, length: Int) -> TaskData {
    var configuration = configuration
    configuration.maxSeqLength = length
    return Self.validationRows(configuration, task: task, tokenizer: tokenizer, setup: setup)
  }

  /// What the run writes.
  ///
  /// - Parameters:
  ///   - references: metrics of other models on the validation data, such as the teacher's, and
  ///     sentences for the user. Computed before the output folder is touched.
  ///   - diagnostics: what each evaluation logs beside the metrics.
  ///   - finish: what remains to be done when everything else has been written.
  ///   - others: the models that it learns from.
  ///   - hashes: of what else it learns from, by name.
  /// - Throws: `FileError` if the tokenizer's files cannot be read.
  func outputs(
    others: [RunModel] = [], hashes: [(String, String)] = [],
    references: @escaping () throws -> EvaluationParts.Result = { EvaluationParts.Result() },
    diagnostics: @escaping (EvaluationParts.Result) -> [(name: String, value: Double)] = { _ in []
    },
    memory: [any StatePart] = [], finish: @escaping (_ folder: String) throws -> Void = { _ in }
  ) throws -> RunOutputs {
    let tokenizer = try ModelFolder.TokenizerContent(
      folder: model.tokenizerSource, specialTokensInText: setup.common.specialTokensInText)
    let writer = ModelWriter(
      model: model.model, tokenizer: tokenizer, task: task.name, configuration: configuration)
    return RunOutputs(
      hashes: [
        ("train", data.contentHash), ("vocabulary", model.tokenizer.vocabularyHash),
        ("tokenizer files", tokenizer.contentHash),
        RunDescription.architecture(of: RunModel(role: model.role, model: model.model)),
      ] + evaluation.hashes + others.flatMap { self.hashes(of: $0) } + hashes,
      parameters: model.model.parameters.count,
      validation: RunOutputs.Validation(
        metric: metric, metricNames: evaluation.metricNames, count: evaluation.count,
        labels: task.labelNames
      ) { [evaluation, model, batchSize = setup.arguments.perDeviceEvalBatchSize] in
        try evaluation.measure(model.model, batchSize: batchSize)
      },
      lastScalars: [], references: references, diagnostics: diagnostics, memory: memory,
      save: { try writer.write(to: $0) }, saveState: { try writer.write($0, to: $1) },
      finish: finish)
  }

  /// Hashes of a model's weights and of its texts, if it reads others than the learner.
  private func hashes(of model: RunModel) -> [(String, String)] {
    [(model.role, hash(of: model.model)), RunDescription.architecture(of: model)]
      + (model.texts.map { [("\(model.role) texts", $0.contentHash)] } ?? [])
  }

  /// A hash of a model's weights.
  private func hash(of model: any Model) -> String {
    let parameters = model.parameters
    var hash = ContentHash()
    hash.add(
      Kernel.hash(Matrix(parameters.buffer, rows: 1, columns: parameters.count), pool: setup.pool))
    return hash.hexadecimal
  }

  /// Facts for `--dry-run`.
  ///
  /// - Parameters:
  ///   - objective: tells which of the models learn.
  ///   - others: the models other than the one that is measured.
  func plan(
    objective: any Objective, others: [RunModel]
  ) -> RunPlan {
    RunPlan(
      rows: [
        ("task", task.name),
        ("training rows", RunPlan.rows(data)),
        ("validation rows", "\(evaluation.count)"),
      ], models: [RunModel(role: model.role, model: model.model)] + others, objective: objective,
      data: data,
      setup: setup)
  }
}

/// Writes the folder of a model that learns a task.
private struct ModelWriter<Head: TaskHead>: Sendable {
  let model: Head
  let tokenizer: ModelFolder.TokenizerContent
  let task: String
  let configuration: TaskConfiguration

  /// - Parameter state: whose weights are written; nil for those that the model has now.
  func write(_ state: RunState? = nil, to path: String) throws {
    // Before the weights, without which the folder is no model yet.
    try AppliedTask.remember(configuration, in: path)
    try ModelFolder.write(
      model, weights: state?.mainWeights, labels: model.writtenLabels, finetuningTask: task,
      to: path, tokenizer: tokenizer)
  }
}
