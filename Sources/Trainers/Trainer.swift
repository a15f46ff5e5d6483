import Data
import Kernels
import Processes

/// Trains the models of an objective. This is the part of a run that does not change while it goes
/// on.
///
/// The part that changes is a `TrainingSession`, whose state can be written and read back after any
/// update.
///
/// ```swift
/// let trainer = Trainer(
///   arguments: arguments, seed: 42, dataSeed: 42, shards: 2, pool: ThreadPool())
/// let summary = try trainer.run(
///   objective, data: data, evaluate: nil, metric: ("loss", greaterIsBetter: false),
///   observer: observer)
/// print(summary.globalStep, summary.trainLoss)
/// ```
public struct Trainer: Sendable {
  package var arguments: TrainingArguments
  let seed: UInt64
  let dataSeed: UInt64
  /// The number of parts that a batch is split into.
  package let shards: Int
  package var pool: ThreadPool
  let precision: Precision
  /// The processes that share the run.
  let group: any ProcessGroup
  /// Gradients that go to other processes together; any number gives the same sums.
  package var gradientBucket = 1 << 20

  /// A trainer.
  ///
  /// - Parameters:
  ///   - shards: the number of parts that a batch is split into, 0 for `usualShards`. Results
  ///     depend on it, but not on threads.
  ///   - precision: the precision of the factors in products with weights.
  ///   - group: the processes that share the run; each works on some of the shards of every batch.
  public init(
    arguments: TrainingArguments, seed: UInt64, dataSeed: UInt64, shards: Int, pool: ThreadPool,
    precision: Precision = .float32, group: any ProcessGroup = SingleProcess()
  ) {
    self.arguments = arguments
    self.seed = seed
    self.dataSeed = dataSeed
    self.shards = shards > 0 ? shards : Self.usualShards
    self.pool = pool
    self.precision = precision
    self.group = group
  }

  /// How the lanes of a batch lie on processes.
  ///
  /// - Throws: `TrainingError.tooFewShards` if a process would have none.
  package func shares() throws -> LaneShares {
    let batch = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
    let shares = LaneShares(lanes: min(shards, batch), processes: group.count)
    guard shares.lanes >= shares.processes else {
      throw TrainingError.tooFewShards(shares.lanes, processes: shares.processes)
    }
    return shares
  }

  /// The shards of a batch on every machine, unless a configuration says otherwise.
  ///
  /// Each shard has gradients of the whole model, and the products of many small ones are slow. Two
  /// keep the threads busy in those parts of a step that one thread does; all others are shared by
  /// all threads, however many there are.
  package static let usualShards = 2

  /// The number of updates that `rows` rows of training data make under the given arguments.
  public static func plannedSteps(_ arguments: TrainingArguments, rows: Int) -> Int {
    if arguments.maxSteps > 0 { return arguments.maxSteps }
    let steps = arguments.numTrainEpochs * Double(stepsPerEpoch(arguments, rows: rows))
    return max(1, Int(steps.rounded(.up)))
  }

  /// The number of updates in one pass over `rows` rows.
  package static func stepsPerEpoch(_ arguments: TrainingArguments, rows: Int) -> Int {
    let batch = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
    return max(1, arguments.dataloaderDropLast ? rows / batch : (rows + batch - 1) / batch)
  }

  /// Trains from beginning to end.
  ///
  /// - Parameters:
  ///   - evaluate: returns the metrics of the main model on the validation data; nil for no
  ///     evaluation.
  ///   - metric: the name (without `eval_`) and direction of the metric that decides which model is
  ///     best.
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

/// What remains of a run besides its weights: the content of HF's trainer_state.json, and times.
public struct TrainingSummary: Sendable {
  /// Updates of the main model.
  public var globalStep = 0
  /// Updates that were planned.
  public var maxSteps = 0
  /// Passes over the training data, generator batches included.
  public var epoch = 0.0
  /// Log entries in order.
  public var history: [LogEntry] = []
  /// The best value of `metric_for_best_model`.
  public var bestMetric: Double?
  /// The update that reached it first.
  public var bestStep: Int?
  /// Mean training loss over all updates of the main model.
  public var trainLoss = 0.0
  /// Seconds of training, evaluations included, in all parts of a run that was interrupted.
  public var seconds = 0.0
  /// Texts and tokens that went through the loop.
  public var texts = 0, tokens = 0
  /// Texts that the main model read in its updates, and how many rows of the data are among them.
  public var mainTexts = 0, distinctTexts = 0
  /// The evaluations of the run, with what it took to get to each.
  public var evaluations: [Evaluation] = []
  /// Updates that were skipped because a loss or gradient was not finite.
  public var skippedUpdates = 0
  /// What ended training.
  public var end = End.planned
  /// True if training ended before `maxSteps`.
  public var stoppedEarly: Bool { end != .planned }

  /// An evaluation, and what it took to get there.
  public struct Evaluation: Sendable, Equatable {
    /// Updates of the main model before it.
    public let step: Int
    /// Texts that the main model had read, and how many rows of the data were among them.
    public let texts, distinctTexts: Int
    /// Seconds of training, evaluations included.
    public let seconds: Double
  }

  /// What ends training.
  public enum End: String, Sendable {
    /// All planned updates were made.
    case planned
    /// `early_stopping_patience`.
    case patience
    /// The observer asked for it, as a signal does. The run can go on from its state.
    case interrupted
  }
}

/// Keeps states of a run while it goes on.
public protocol StateSaver {
  /// True if the state after this update of the main model is to be kept.
  ///
  /// - Parameter isLast: whether it is the last update.
  func isDue(step: Int, stepsPerEpoch: Int, isLast: Bool) -> Bool
  /// Keeps a state; may return before it is on the disk.
  ///
  /// - Parameters:
  ///   - state: makes a copy of the state, as large as weights and moments together. To be called
  ///     once, when the copy before it is no longer needed.
  ///   - best: the update after which the best evaluation was made; nil without any.
  ///   - makesRoom: whether older states may be removed for it.
  func save(
    _ state: @autoclosure () -> RunState, step: Int, best: Int?, makesRoom: Bool) throws
  /// An update was made since the last state was kept, and its numbers are finite: that state is one
  /// to go on from, and older ones may make room for it.
  func confirm()
}
