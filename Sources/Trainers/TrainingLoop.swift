import Autograd
import Configuration
import Data
import Foundation
import Kernels

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

/// The one training loop: batches, updates, evaluations, logging, best model, early stopping.
public struct TrainingLoop {
  package var arguments: TrainingArguments
  private let seed: UInt64
  private let dataSeed: UInt64
  private let shardCount: Int
  package let pool: ThreadPool
  private let precision: Precision

  /// A loop.
  ///
  /// - Parameters:
  ///   - shards: number of parts of a batch; results depend on it, but not on threads.
  ///   - precision: of the factors of products with weights.
  public init(
    arguments: TrainingArguments, seed: UInt64, dataSeed: UInt64, shards: Int, pool: ThreadPool,
    precision: Precision = .float32
  ) {
    self.arguments = arguments
    self.seed = seed
    self.dataSeed = dataSeed
    shardCount = shards > 0 ? shards : ThreadPool.availableProcessors
    self.pool = pool
    self.precision = precision
  }

  /// Updates that `rows` rows of training data make for the given arguments.
  public static func plannedSteps(_ arguments: TrainingArguments, rows: Int) -> Int {
    if arguments.maxSteps > 0 { return arguments.maxSteps }
    return max(
      1, Int((arguments.numTrainEpochs * Double(stepsPerEpoch(arguments, rows: rows))).rounded(.up))
    )
  }

  package static func stepsPerEpoch(_ arguments: TrainingArguments, rows: Int) -> Int {
    let batch = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
    return max(1, arguments.dataloaderDropLast ? rows / batch : (rows + batch - 1) / batch)
  }

  /// Trains.
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
    guard data.count > 0 else { throw TrainingError.noData("the training data") }
    let batchSize = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
    let sampler = Sampler(
      strategy: arguments.trainSamplingStrategy, lengths: data.lengths,
      batchSize: batchSize, seed: dataSeed, dropLast: arguments.dataloaderDropLast)
    let models = objective.trainedModels
    let largest =
      models.map { $0.allParameters.reduce(0) { $0 + $1.count } }.max() ?? 0
    let lanes = (0..<min(shardCount, batchSize)).map { _ in
      Lane(pool: BufferPool(), gradients: Buffer(zeroed: largest), precision: precision)
    }
    let optimizers = models.map { AdamOptimizer($0.allParameters, settings: $0.optimizer) }

    var summary = TrainingSummary()
    summary.maxSteps = Self.plannedSteps(arguments, rows: data.count)
    let stepsPerEpoch = Self.stepsPerEpoch(arguments, rows: data.count)
    let evaluateEvery =
      switch arguments.evalStrategy {
      case .no: 0
      case .steps: arguments.evalSteps ?? arguments.loggingSteps
      case .epoch: stepsPerEpoch
      }
    var best = BestModel(
      parameters: models[0].parameters, greaterIsBetter: metric.greaterIsBetter,
      keepsWeights: arguments.loadBestModelAtEnd)
    var window = LogWindow()
    var lossSum = 0.0
    var epoch = 0
    var batches: ArraySlice<[Int]> = []
    var rows: [Int] = []
    var batchNumber = 0
    var stage = 0
    let start = ContinuousClock.now

    training: while summary.globalStep < summary.maxSteps {
      if batchNumber % objective.updatesPerBatch == 0 {
        if batches.isEmpty {
          batches = sampler.batches(epoch: epoch)[...]
          epoch += 1
        }
        guard let next = batches.popFirst() else {
          throw TrainingError.noData("an epoch (dataloader_drop_last)")
        }
        rows = next
      }
      let turn = objective.turn(batch: batchNumber)
      let model = models[turn]
      let optimizer = optimizers[turn]
      let isMain = model.parameters === models[0].parameters
      if isMain, turn != stage {
        stage = turn
        if arguments.loadBestModelAtEnd { best.restore() }
      }
      let rate = model.schedule.rate(at: optimizer.updates)
      var scalars = Scalars()
      for (chunk, chunkRows) in chunks(rows).enumerated() {
        let batch = data.batch(chunkRows)
        summary.tokens += batch.tokenIDs.count
        let share = Double(chunkRows.count) / Double(rows.count)
        let step = StepContext(
          batchNumber: batchNumber, turn: turn,
          shards: Shard.split(
            batch, lanes: lanes.count, maximumTokens: arguments.maxTokensPerBatch),
          count: chunkRows.count, share: share, seed: seed, lanes: lanes, pool: pool,
          trained: model.allParameters,
          drawNumber: batchNumber * arguments.gradientAccumulationSteps + chunk)
        scalars.add(try objective.loss(step), factor: share)
      }
      guard scalars["loss"].isFinite else { throw TrainingError.notFinite("loss") }
      scalars["grad_norm"] = try optimizer.update(
        gradients: lanes.map(\.gradients), learningRate: rate, pool: pool)
      scalars["learning_rate"] = rate
      window.add(scalars, model: model.name)
      summary.texts += rows.count
      batchNumber += 1
      summary.epoch = Double(batchNumber) / Double(stepsPerEpoch * objective.updatesPerBatch)
      guard isMain else {
        if observer.shouldStop {
          summary.stoppedEarly = true
          break training
        }
        continue
      }

      summary.globalStep += 1
      lossSum += scalars["loss"]
      observer.didStep(
        summary.globalStep, of: summary.maxSteps, loss: scalars["loss"], learningRate: rate,
        texts: summary.texts)
      let isLast = summary.globalStep == summary.maxSteps
      let stops = observer.shouldStop
      if arguments.loggingSteps > 0, summary.globalStep % arguments.loggingSteps == 0 || isLast {
        let entry = window.close(step: summary.globalStep, epoch: summary.epoch)
        summary.history.append(entry)
        observer.didLog(entry)
      }
      if let evaluate, evaluateEvery > 0, !stops,
        summary.globalStep % evaluateEvery == 0 || isLast
      {
        let values = try evaluate().map { (name: "eval_\($0.name)", value: $0.value) }
        let entry = LogEntry(step: summary.globalStep, epoch: summary.epoch, values: values)
        summary.history.append(entry)
        let isBest = best.offer(entry["eval_\(metric.name)"], step: summary.globalStep)
        try observer.didEvaluate(entry, isBest: isBest)
        if let patience = arguments.earlyStoppingPatience,
          best.evaluationsSinceImprovement(threshold: arguments.earlyStoppingThreshold) >= patience
        {
          summary.stoppedEarly = !isLast
          break training
        }
      }
      if stops {
        summary.stoppedEarly = !isLast
        break training
      }
    }
    if arguments.loadBestModelAtEnd { best.restore() }
    summary.bestMetric = best.value
    summary.bestStep = best.step
    summary.trainLoss = lossSum / Double(max(1, summary.globalStep))
    summary.seconds = (ContinuousClock.now - start) / .seconds(1)
    return summary
  }

  /// A batch's rows in pieces of `per_device_train_batch_size`.
  private func chunks(_ rows: [Int]) -> [[Int]] {
    stride(from: 0, to: rows.count, by: arguments.perDeviceTrainBatchSize).map {
      Array(rows[$0..<min(rows.count, $0 + arguments.perDeviceTrainBatchSize)])
    }
  }
}

/// Means of the scalars since the last log entry, by model.
private struct LogWindow {
  private var sums: [String: (sum: Double, count: Int)] = [:]
  private var order: [String] = []

  mutating func add(_ scalars: Scalars, model: String) {
    for (name, value) in scalars.entries {
      let key = model.isEmpty ? name : "\(model)_\(name)"
      if sums[key] == nil { order.append(key) }
      // A rate is what it is now; everything else is averaged.
      let old = name == "learning_rate" ? (0, 0) : sums[key] ?? (0, 0)
      sums[key] = (old.0 + value, old.1 + 1)
    }
  }

  mutating func close(step: Int, epoch: Double) -> LogEntry {
    let values = order.compactMap { name in
      sums[name].map { (name: name, value: $0.sum / Double(max(1, $0.count))) }
    }
    sums = [:]
    order = []
    return LogEntry(step: step, epoch: epoch, values: values)
  }
}

/// The best evaluation so far; ties go to the earlier update.
private struct BestModel {
  private let parameters: Parameters
  private let greaterIsBetter: Bool
  private let kept: Matrix?
  private(set) var value: Double?
  private(set) var step: Int?
  private var history: [Double] = []

  init(parameters: Parameters, greaterIsBetter: Bool, keepsWeights: Bool) {
    self.parameters = parameters
    self.greaterIsBetter = greaterIsBetter
    kept = keepsWeights ? Matrix(zeros: 1, parameters.count) : nil
  }

  private var all: Matrix { Matrix(parameters.buffer, rows: 1, columns: parameters.count) }

  mutating func offer(_ candidate: Double?, step: Int) -> Bool {
    guard let candidate, !candidate.isNaN else { return false }
    history.append(candidate)
    if let value, greaterIsBetter ? candidate <= value : candidate >= value { return false }
    value = candidate
    self.step = step
    kept?.copy(from: all)
    return true
  }

  /// As transformers' EarlyStoppingCallback: an improvement must exceed the threshold.
  func evaluationsSinceImprovement(threshold: Double) -> Int {
    var best: Double?
    var count = 0
    for value in history {
      if let old = best, greaterIsBetter ? value <= old + threshold : value >= old - threshold {
        count += 1
      } else {
        count = 0
      }
      if best.map({ greaterIsBetter ? value > $0 : value < $0 }) ?? true { best = value }
    }
    return count
  }

  func restore() {
    if let kept, value != nil { all.copy(from: kept) }
  }
}
