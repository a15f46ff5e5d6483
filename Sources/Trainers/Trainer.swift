import Data
import Kernels

/// Trains the models of an objective: what of a run does not change while it goes on.
///
/// What changes is a `TrainingSession`, whose state can be written and read back at any update.
public struct Trainer: Sendable {
  package var arguments: TrainingArguments
  let seed: UInt64
  let dataSeed: UInt64
  /// Parts that a batch is split into.
  package let shards: Int
  package let pool: ThreadPool
  let precision: Precision
  let reduction: any GradientReduction

  /// A trainer.
  ///
  /// - Parameters:
  ///   - shards: number of parts of a batch, 0 for one a processor; results depend on it, but not on
  ///     threads.
  ///   - precision: of the factors of products with weights.
  public init(
    arguments: TrainingArguments, seed: UInt64, dataSeed: UInt64, shards: Int, pool: ThreadPool,
    precision: Precision = .float32
  ) {
    self.arguments = arguments
    self.seed = seed
    self.dataSeed = dataSeed
    self.shards = shards > 0 ? shards : ThreadPool.availableProcessors
    self.pool = pool
    self.precision = precision
    reduction = LocalReduction()
  }

  /// Updates that `rows` rows of training data make for the given arguments.
  public static func plannedSteps(_ arguments: TrainingArguments, rows: Int) -> Int {
    if arguments.maxSteps > 0 { return arguments.maxSteps }
    let steps = arguments.numTrainEpochs * Double(stepsPerEpoch(arguments, rows: rows))
    return max(1, Int(steps.rounded(.up)))
  }

  /// Updates of one pass over `rows` rows.
  package static func stepsPerEpoch(_ arguments: TrainingArguments, rows: Int) -> Int {
    let batch = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
    return max(1, arguments.dataloaderDropLast ? rows / batch : (rows + batch - 1) / batch)
  }

  /// Trains from the beginning to the end.
  ///
  /// - Parameters:
  ///   - evaluate: the metrics of the main model on the validation data; nil for no evaluation.
  ///   - metric: name (without `eval_`) and direction of the metric that tells the best model.
  /// - Throws: `TrainingError`, and whatever the objective, evaluation or observer throw.
  public func run(
    _ objective: some Objective, data: TokenizedDataset,
    evaluate: (() throws -> [(name: String, value: Double)])?,
    metric: (name: String, greaterIsBetter: Bool), observer: some TrainingObserver
  ) throws -> TrainingSummary {
    try TrainingSession(
      self, objective: objective, data: data, metric: metric, evaluate: evaluate
    ).run(observer: observer)
  }
}

/// What is left of a run besides its weights: the content of HF's trainer_state.json and times.
public struct TrainingSummary: Sendable {
  /// Updates of the main model.
  public var globalStep = 0
  /// Updates that were planned.
  public var maxSteps = 0
  /// Passes over the training data, generator batches included.
  public var epoch = 0.0
  /// Log entries in order.
  public var history: [LogEntry] = []
  /// Best value of `metric_for_best_model` and the update that reached it first.
  public var bestMetric: Double?
  /// Update of the best evaluation.
  public var bestStep: Int?
  /// Mean training loss over all updates of the main model.
  public var trainLoss = 0.0
  /// Seconds of training, evaluations included.
  public var seconds = 0.0
  /// Texts and tokens that went through the loop.
  public var texts = 0, tokens = 0
  /// True if a signal or `early_stopping_patience` ended training before `maxSteps`.
  public var stoppedEarly = false
}
