import Kernels
import Models
import Processes
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
  /// The processes that share the run. Process 0 alone touches the output folder.
  let group: any ProcessGroup
  /// The number of shards of the run that is gone on with; nil for a new one.
  private var earlierShards: Int?
  /// Whether the run is to end early.
  let stop = StopRequest()

  /// - Throws: `FileError` if the output folder cannot be used, `ConfigError` if the run would
  ///   write over what it reads or the processor lacks what it needs.
  init(
    command: String, common: CommonConfiguration, arguments: TrainingArguments,
    group: any ProcessGroup, resolved: @escaping () -> JSONValue
  ) throws {
    if group.rank == 0 {
      try RunFolder.check(
        common.outputDir,
        overwrite: common.overwriteOutputDir || arguments.resumeFromCheckpoint != nil
          || RunFolder.holdsUnfinishedRun(common.outputDir))
    }
    self.group = group
    try ProtectedInputs.check(
      outputDir: common.outputDir, config: resolved(), origin: common.origin)
    if group.rank == 0, common.overwriteOutputDir, arguments.resumeFromCheckpoint == nil {
      try RunFolder.requireOwn(common.outputDir)
    }
    precision = try common.supportedPrecision()
    pool = try OpenBLAS.threadPool(common.threads)
    self.command = command
    self.common = common
    self.arguments = arguments
    self.resolved = resolved
    earlierShards = Self.earlierShards(common, arguments)
  }

  /// Where the run goes on. A run that was interrupted in the output folder goes on there unasked.
  var resume: ResumeSource? { Self.resume(common, arguments) }

  /// The number of shards of the run that is gone on with; nil for a new one.
  static func earlierShards(
    _ common: CommonConfiguration, _ arguments: TrainingArguments
  ) -> Int? {
    resume(common, arguments) == nil ? nil : RunFolder.shards(in: common.outputDir)
  }

  private static func resume(
    _ common: CommonConfiguration, _ arguments: TrainingArguments
  ) -> ResumeSource? {
    if let given = arguments.resumeFromCheckpoint { return given }
    let goesOn = !common.overwriteOutputDir && RunFolder.holdsUnfinishedRun(common.outputDir)
    return goesOn ? .newest : nil
  }

  /// The precision of the factors in products with weights.
  let precision: Precision

  /// The number of parts that a batch is split into. By default it is that with which the run began
  /// or, in a new one, the usual number for each process that shares it.
  var shards: Int {
    if common.shards > 0 { return common.shards }
    return earlierShards ?? Trainer.usualShards * group.count
  }

  /// What trains.
  var trainer: Trainer {
    Trainer(
      arguments: arguments, seed: common.seed, dataSeed: common.dataSeed, shards: shards,
      pool: pool, precision: precision, group: group)
  }

  /// The main model of a run over `rows` rows, with its optimiser and schedule.
  func trainedModel(_ model: some Model, rows: Int) -> TrainedModel {
    TrainedModel(
      name: "", parameters: model.parameters, optimizer: OptimizerSettings(arguments),
      schedule: LearningRateSchedule(
        arguments, totalSteps: Trainer.plannedSteps(arguments, rows: rows)))
  }
}
