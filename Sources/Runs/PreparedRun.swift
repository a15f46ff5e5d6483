import Data
import Inference
import StrictJSON
import Trainers

/// A run with everything opened and checked, before its first step.
public struct PreparedRun {
  /// Facts for `--dry-run`, in order.
  public let plan: [(name: String, value: String)]
  /// Sentences that the user should see before the run.
  public let notices: [String]
  /// What it trains.
  let training: TrainingParts
  private let setup: RunSetup
  private let outputs: RunOutputs

  init(
    setup: RunSetup, objective: any Objective, data: TokenizedDataset, outputs: RunOutputs,
    plan: RunPlan, notices: [String]
  ) {
    self.setup = setup
    self.outputs = outputs
    self.plan = plan.facts
    self.notices = notices
    training = TrainingParts(objective: objective, data: data, trainer: setup.trainer)
  }

  /// Makes the run and writes the output folder.
  ///
  /// - Throws: whatever training, measuring and writing throw.
  public func execute(_ display: any TrainingObserver) throws -> RunOutcome {
    try execute(training.objective, display: display)
  }

  private func execute(
    _ objective: some Objective, display: any TrainingObserver
  ) throws -> RunOutcome {
    let references = try outputs.references()
    let common = setup.common
    let folder = try RunFolder(common.outputDir, overwrite: common.overwriteOutputDir)
    try folder.writeRun(
      command: setup.command, configuration: setup.resolved(), shards: setup.shards,
      hashes: outputs.hashes)
    let observer = RecordingObserver(
      folder: folder, display: display, saveBest: outputs.validation == nil ? nil : outputs.save)
    let validation = outputs.validation
    let summary = try training.trainer.run(
      objective, data: training.data,
      evaluate: validation.map { validation in { try validation.measure().metrics } },
      metric: validation?.metric ?? ("loss", false), observer: observer)
    var results = RunResults(summary, samples: training.data.count)
    let final = try validation.map { try results.measure($0) }
    try outputs.save(folder.path)
    results.add(
      summary, lastScalars: outputs.lastScalars, references: references.metrics,
      parameters: outputs.parameters)
    try results.write(to: folder)
    if let validation {
      try final?.predictions?.write(
        to: "\(folder.path)/\(ValidationPredictions.fileName)", labels: validation.labels)
    }
    try folder.writeTrainerState(
      summary, arguments: setup.resolved()["train"] ?? .null,
      trainBatchSize: setup.arguments.perDeviceTrainBatchSize, parameters: outputs.parameters)
    if let error = observer.firstError { throw error }
    try outputs.finish(folder.path)
    return RunOutcome(
      folder: folder.path, results: results.numbers,
      notices: references.cautions + (final?.cautions ?? []).map { "eval: \($0)" },
      stoppedEarly: summary.stoppedEarly)
  }
}

/// The outcome of a run.
public struct RunOutcome: Sendable {
  /// The output folder.
  public let folder: String
  /// The content of all_results.json.
  public let results: [(name: String, value: Double)]
  /// Sentences that the user should see after the run.
  public let notices: [String]
  /// True if a signal ended the run before its last step.
  public let stoppedEarly: Bool
}
