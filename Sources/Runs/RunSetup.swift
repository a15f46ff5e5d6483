import Kernels
import Models
import StrictJSON
import Trainers

/// What every run takes from its configuration before it opens models and data.
struct RunSetup {
  /// The subcommand.
  let command: String
  let common: CommonConfiguration
  let arguments: TrainingArguments
  /// The configuration with all defaults. It is read when the run starts, once every section has
  /// recorded its own defaults.
  let resolved: () -> JSONValue
  let pool: ThreadPool
  /// Whether the run is to end early.
  let stop = StopRequest()

  /// - Throws: `FileError` if the output folder cannot be used, `ConfigError` if the run would
  ///   write over what it reads or the processor lacks what it needs.
  init(
    command: String, common: CommonConfiguration, arguments: TrainingArguments,
    resolved: @escaping () -> JSONValue
  ) throws {
    try RunFolder.check(
      common.outputDir,
      overwrite: common.overwriteOutputDir || arguments.resumeFromCheckpoint != nil
        || RunFolder.holdsUnfinishedRun(common.outputDir))
    try ProtectedInputs.check(
      outputDir: common.outputDir, config: resolved(), origin: common.origin)
    precision = try common.supportedPrecision()
    pool = try OpenBLAS.threadPool(common.threads)
    self.command = command
    self.common = common
    self.arguments = arguments
    self.resolved = resolved
  }

  /// Where the run goes on. A run that was interrupted in the output folder goes on there unasked.
  var resume: ResumeSource? {
    if let given = arguments.resumeFromCheckpoint { return given }
    let goesOn = !common.overwriteOutputDir && RunFolder.holdsUnfinishedRun(common.outputDir)
    return goesOn ? .newest : nil
  }

  /// The precision of the factors in products with weights.
  let precision: Precision

  /// The number of parts that a batch is split into.
  var shards: Int { common.shards > 0 ? common.shards : Trainer.usualShards }

  /// What trains.
  var trainer: Trainer {
    Trainer(
      arguments: arguments, seed: common.seed, dataSeed: common.dataSeed, shards: shards,
      pool: pool, precision: precision)
  }

  /// The main model of a run over `rows` rows, with its optimiser and schedule.
  func trainedModel(_ model: some Model, rows: Int) -> TrainedModel {
    TrainedModel(
      name: "", parameters: model.parameters, optimizer: OptimizerSettings(arguments),
      schedule: LearningRateSchedule(
        arguments, totalSteps: Trainer.plannedSteps(arguments, rows: rows)))
  }
}
