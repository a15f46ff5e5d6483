import Data
import Kernels
import Processes

/// A run in progress: batches, updates, evaluations, log, best model, early stopping.
///
/// Its state is one value (`state`, `restore(_:)`): the weights that learn, the optimisers, the
/// best model so far, what the objective remembers, and where the loop is.
///
/// A session that goes back to its beginning does the same again, bit for bit:
///
/// ```swift
/// let session = try TrainingSession(
///   trainer, objective: objective, data: data, metric: ("loss", greaterIsBetter: false),
///   evaluate: nil)
/// let beginning = session.state
/// let first = try session.run(observer: observer)
/// try session.restore(beginning)
/// let second = try session.run(observer: observer)
/// assert(first.trainLoss == second.trainLoss)
/// ```
public final class TrainingSession<Task: Objective> {
  let trainer: Trainer
  let objective: Task
  let data: TokenizedDataset
  let sampler: Sampler
  let models: [TrainedModel]
  let optimizers: [AdamOptimizer]
  /// The lanes of this process, and how all lanes lie on processes.
  private let lanes: [Lane]
  private let shares: LaneShares
  private let reduction: GradientReduction
  let best: BestModel
  private let metric: String
  private let evaluate: (() throws -> [(name: String, value: Double)])?
  let memory: [any StatePart]
  let maxSteps: Int
  private let stepsPerEpoch: Int
  private let evaluateEvery: Int

  var now = TrainerState()
  /// The batches of the current epoch; empty until they are first needed.
  var batches: [[Int]] = []
  private var start = ContinuousClock.now
  /// What the reductions of this process took.
  var exchange = ExchangeCost()
  /// Whether the model has its best weights, and `best` those of the last update.
  var hasBestWeights = false
  /// What was not finite in the latest update that was skipped.
  private var firstNotFinite: String?

  private var arguments: TrainingArguments { trainer.arguments }
  private var group: any ProcessGroup { trainer.group }

  /// A session that has made no update yet. What is not listed here is as for `Trainer.run`.
  ///
  /// - Parameter memory: parts of the state beside those of the objective, such as a teacher's
  ///   cache.
  /// - Throws: `TrainingError.noData` if there is nothing to train on.
  public init(
    _ trainer: Trainer, objective: Task, data: TokenizedDataset,
    metric: (name: String, greaterIsBetter: Bool),
    evaluate: (() throws -> [(name: String, value: Double)])?, memory: [any StatePart] = []
  ) throws {
    guard data.count > 0 else { throw TrainingError.noData("the training data") }
    let arguments = trainer.arguments
    let batchSize = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
    self.trainer = trainer
    self.objective = objective
    self.data = data
    self.metric = metric.name
    self.evaluate = evaluate
    self.memory = memory
    sampler = Sampler(
      strategy: arguments.trainSamplingStrategy, lengths: data.lengths,
      batchSize: batchSize, seed: trainer.dataSeed, dropLast: arguments.dataloaderDropLast)
    models = objective.trainedModels
    optimizers = models.enumerated().map { index, model in
      AdamOptimizer(
        model.allParameters, settings: model.optimizer, stateName: "optimizer.\(index)")
    }
    let largest = optimizers.map(\.count).max() ?? 0
    let shares = try trainer.shares()
    lanes = shares.lanes(of: trainer.group.rank).map { _ in
      Lane(
        pool: BufferPool(), gradients: Buffer(zeroed: largest), precision: trainer.precision)
    }
    self.shares = shares
    reduction = GradientReduction(
      trainer.group, lanes: shares.lanes, capacity: largest, bucket: trainer.gradientBucket)
    best = BestModel(
      parameters: models[0].parameters, greaterIsBetter: metric.greaterIsBetter,
      keepsWeights: arguments.loadBestModelAtEnd)
    maxSteps = Trainer.plannedSteps(arguments, rows: data.count)
    stepsPerEpoch = Trainer.stepsPerEpoch(arguments, rows: data.count)
    evaluateEvery =
      switch arguments.evalStrategy {
      case .no: 0
      case .steps: arguments.evalSteps ?? arguments.loggingSteps
      case .epoch: stepsPerEpoch
      }
  }

  /// Trains until the planned updates are made, or until the observer or `early_stopping_patience`
  /// stops it. If several processes share the run, the observer of any of them stops all, and
  /// process 0 evaluates for all.
  ///
  /// If `evaluate` throws a `CancellationError` while the observer asks to stop, that evaluation is
  /// made when the session goes on.
  ///
  /// - Parameter saver: keeps the state from time to time, and when the observer ends training.
  /// - Throws: `TrainingError`, and whatever the objective, evaluation or observer throw.
  public func run(
    observer: some TrainingObserver, saver: (any StateSaver)? = nil
  ) throws -> TrainingSummary {
    start = ContinuousClock.now
    while now.end == nil {
      let isMain = try now.owesEvaluation || makeUpdate(observer: observer, saver: saver)
      guard try !group.any(observer.shouldStop) && (!isMain || makeEvaluation(observer: observer))
      else {
        try save(to: saver, observer: observer)
        var summary = self.summary
        summary.end = .interrupted
        return summary
      }
      let isLast = now.globalStep == maxSteps
      // After an update that was skipped, the state is what the one before it left, and that may be
      // what numbers went astray in: no older one is removed for it.
      if isMain, now.skippedInARow == 0,
        saver?.isDue(step: now.globalStep, stepsPerEpoch: stepsPerEpoch, isLast: isLast) == true
      {
        try save(to: saver, observer: observer)
      }
    }
    if arguments.loadBestModelAtEnd { hasBestWeights = best.exchangeWeights() }
    try requireNumbers()
    return summary
  }

  /// - Throws: `TrainingError` if a weight is not finite at the end, or if no update of the main
  ///   model was made.
  private func requireNumbers() throws {
    if let name = SkippedUpdate.notFiniteWeight(models.flatMap(\.allParameters)) {
      throw TrainingError.wentAstray("\(name) is")
    }
    if now.globalStep > 0, now.skippedOfMain == now.globalStep {
      throw TrainingError.notFinite(
        first: firstNotFinite ?? "the loss", updates: now.skippedOfMain)
    }
  }

  /// Saves the state, unless a weight is not finite: nothing could go on from there, and a good state
  /// might have to make room for it.
  private func save(
    to saver: (any StateSaver)?, makesRoom: Bool = true, observer: some TrainingObserver
  ) throws {
    guard let saver else { return }
    if let name = SkippedUpdate.notFiniteWeight(models.flatMap(\.allParameters)) {
      observer.didWarn("update \(now.globalStep) is not saved, because \(name) is not finite")
      return
    }
    try saver.save(
      state, step: now.globalStep, best: best.best.step,
      makesRoom: makesRoom && now.skippedInARow == 0)
  }

  /// Makes an update and tells the observer.
  ///
  /// - Returns: whether it was one of the main model. The evaluation after it is due then.
  private func makeUpdate(
    observer: some TrainingObserver, saver: (any StateSaver)?
  ) throws -> Bool {
    let (scalars, isMain) = try update(rows: nextBatch(), observer: observer)
    if now.skippedInARow >= arguments.nonFinitePatience, let firstNotFinite {
      // What the weights are is what the last good update left, unless that spoiled them.
      if saver != nil, SkippedUpdate.notFiniteWeight(models.flatMap(\.allParameters)) == nil {
        try save(to: saver, makesRoom: false, observer: observer)
        observer.didWarn(
          "the weights of the last good update are saved as checkpoint-\(now.globalStep)")
      }
      throw TrainingError.notFinite(first: firstNotFinite, updates: now.skippedInARow)
    }
    guard isMain else { return false }
    if now.skippedInARow == 0 { saver?.confirm() }
    observer.didStep(
      now.globalStep, of: maxSteps, loss: scalars["loss"],
      learningRate: scalars["learning_rate"], texts: now.texts)
    logIfDue(isLast: now.globalStep == maxSteps, observer: observer)
    now.owesEvaluation = true
    return true
  }

  /// Makes the evaluation after an update of the main model, if one is due, and decides whether
  /// training has come to its end.
  ///
  /// - Returns: false if the observer ended it; it is still due then.
  private func makeEvaluation(observer: some TrainingObserver) throws -> Bool {
    let isLast = now.globalStep == maxSteps
    let isEnough: Bool
    do {
      isEnough = try evaluateIfDue(isLast: isLast, observer: observer)
    } catch is CancellationError where observer.shouldStop || group.rank > 0 {
      return false
    }
    now.owesEvaluation = false
    now.end = isLast ? .planned : isEnough ? .patience : nil
    return true
  }

  /// The rows of the next update; the same rows again if a batch serves several updates.
  private func nextBatch() throws -> [Int] {
    if now.batchNumber % objective.updatesPerBatch != 0 { return batches[now.batchesTaken - 1] }
    if now.batchesTaken == batches.count {
      batches = sampler.batches(epoch: now.epochsBegun)
      now.epochsBegun += 1
      now.batchesTaken = 0
    }
    guard now.batchesTaken < batches.count else {
      throw TrainingError.noData("an epoch (dataloader_drop_last)")
    }
    now.batchesTaken += 1
    return batches[now.batchesTaken - 1]
  }

  /// Trains the model whose turn it is. An update whose loss or gradient is not finite is skipped:
  /// it counts as made, but neither weights nor moments nor the log see it.
  ///
  /// - Returns: the update's scalars, and whether it was the main model's turn.
  private func update(
    rows: [Int], observer: some TrainingObserver
  ) throws -> (scalars: Scalars, isMain: Bool) {
    let turn = objective.turn(batch: now.batchNumber)
    let model = models[turn]
    let optimizer = optimizers[turn]
    let isMain = model.parameters === models[0].parameters
    if isMain, turn != now.stage {
      now.stage = turn
      if arguments.loadBestModelAtEnd { best.restoreWeights() }
    }
    let gradients = lanes.map(\.gradients)
    // What other processes add, this one does not know.
    let touched = group.isShared ? [] : lanes.map(\.touched)
    let sum = reduction.begin(gradients, touched: touched, count: optimizer.count)
    var scalars = try loss(rows: rows, turn: turn, sum: sum)
    let rate = model.schedule.rate(at: optimizer.updates)
    let squares = try exchange.measure(sum) { try sum.finish(pool: trainer.pool) }
    let norm = squares.squareRoot()
    scalars["grad_norm"] = norm
    scalars["learning_rate"] = rate
    now.texts += rows.count
    now.batchNumber += 1
    if isMain { now.globalStep += 1 }
    guard scalars["loss"].isFinite, norm.isFinite else {
      skip(scalars, rows: rows, model: model, isMain: isMain, observer: observer)
      return (scalars, isMain)
    }
    now.skippedInARow = 0
    try optimizer.update(
      gradients: gradients[0], touched: touched.first, scale: optimizer.clipFactor(norm: norm),
      learningRate: rate, pool: trainer.pool)
    for lane in lanes { lane.touched.reset() }
    now.window.add(scalars, model: model.name)
    if isMain {
      now.lossSum += scalars["loss"]
      if let sentence = now.spikes.add(scalars["loss"], step: now.globalStep) {
        observer.didWarn(sentence)
      }
    }
    return (scalars, isMain)
  }

  /// Leaves out an update whose loss or gradient is not finite.
  private func skip(
    _ scalars: Scalars, rows: [Int], model: TrainedModel, isMain: Bool,
    observer: some TrainingObserver
  ) {
    now.skipped += 1
    now.skippedInARow += 1
    if isMain { now.skippedOfMain += 1 }
    let skipped = SkippedUpdate(
      batch: now.batchNumber, model: model.name, scalars: scalars,
      tensor: SkippedUpdate.firstNotFinite(
        weights: models.flatMap(\.allParameters), trained: model.allParameters,
        gradients: lanes[0].gradients),
      rows: rows.map { (row: $0, ids: Array(data.tokenIDs($0))) })
    // All other lanes' are zero already.
    Matrix(lanes[0].gradients, rows: 1, columns: lanes[0].gradients.capacity).fill(0)
    for lane in lanes { lane.touched.reset() }
    firstNotFinite = skipped.first
    observer.didSkip(skipped)
    observer.didWarn(skipped.sentence)
  }

  /// Forward and backward passes over a batch, in pieces of `per_device_train_batch_size`.
  private func loss(rows: [Int], turn: Int, sum: GradientExchange) throws -> Scalars {
    let size = arguments.perDeviceTrainBatchSize
    var scalars = Scalars()
    for (chunk, start) in stride(from: 0, to: rows.count, by: size).enumerated() {
      let chunkRows = Array(rows[start..<min(rows.count, start + size)])
      let shards = Shard.split(
        chunkRows, of: data, lanes: shares.lanes, maximumTokens: arguments.maxTokensPerBatch)
      now.tokens += shards.reduce(0) { $0 + $1.tokens.ids.count }
      let share = Double(chunkRows.count) / Double(rows.count)
      let step = StepContext(
        batchNumber: now.batchNumber, turn: turn, shards: shards, count: chunkRows.count,
        share: share, seed: trainer.seed, lanes: lanes,
        firstLane: shares.lanes(of: group.rank).lowerBound, group: group, pool: trainer.pool,
        trained: models[turn].allParameters,
        drawNumber: now.batchNumber * arguments.gradientAccumulationSteps + chunk,
        exchange: start + size < rows.count ? nil : sum)
      scalars.add(try objective.loss(step), factor: share)
      try group.share((objective.memory + memory).compactMap { $0 as? any ShardedState })
    }
    return scalars
  }

  private func logIfDue(isLast: Bool, observer: some TrainingObserver) {
    let every = arguments.loggingSteps
    guard every > 0, now.globalStep % every == 0 || isLast else { return }
    var entry = now.window.close(step: now.globalStep, epoch: epoch)
    if now.skipped > 0 { entry.values.append(("skipped_updates", Double(now.skipped))) }
    now.history.append(entry)
    observer.didLog(entry)
  }

  /// - Returns: true if `early_stopping_patience` ends training.
  private func evaluateIfDue(isLast: Bool, observer: some TrainingObserver) throws -> Bool {
    guard let evaluate, evaluateEvery > 0, now.globalStep % evaluateEvery == 0 || isLast else {
      return false
    }
    let values = try group.ofFirst { try evaluate() + objective.diagnostics() }.map {
      (name: "eval_\($0.name)", value: $0.value)
    }
    let entry = LogEntry(step: now.globalStep, epoch: epoch, values: values)
    now.history.append(entry)
    now.evaluationSeconds.append((now.globalStep, seconds))
    let isBest = best.offer(entry["eval_\(metric)"], step: now.globalStep)
    try observer.didEvaluate(entry, isBest: isBest)
    if entry["eval_\(metric)"]?.isNaN ?? true, best.undefined == 1 {
      observer.didNotice(
        "eval_\(metric) is undefined at step \(now.globalStep), which counts as no improvement")
    }
    guard let patience = arguments.earlyStoppingPatience else { return false }
    guard objective.isInLastStage(batch: now.batchNumber - 1) else {
      best.countAnew()
      return false
    }
    return best.evaluationsSinceImprovement(threshold: arguments.earlyStoppingThreshold)
      >= patience
  }

  /// Passes over the data so far.
  private var epoch: Double {
    Double(now.batchNumber) / Double(stepsPerEpoch * objective.updatesPerBatch)
  }

  /// Seconds of training so far.
  var seconds: Double { now.seconds + (ContinuousClock.now - start) / .seconds(1) }

  private var summary: TrainingSummary {
    let coverage = coverage(after: [now.globalStep])[0]
    return TrainingSummary(
      globalStep: now.globalStep, maxSteps: maxSteps, epoch: epoch, history: now.history,
      bestMetric: best.best.value, bestStep: best.best.step,
      trainLoss: now.lossSum / Double(max(1, now.globalStep - now.skippedOfMain)),
      seconds: seconds, texts: now.texts, tokens: now.tokens, mainTexts: coverage.texts,
      distinctTexts: coverage.rows, evaluations: evaluations,
      skippedUpdates: now.skipped, end: now.end ?? .interrupted)
  }
}
