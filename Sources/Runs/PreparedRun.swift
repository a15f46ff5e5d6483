import Data
import Files
import Inference
import StrictJSON
import Trainers

/// A run with everything opened and checked, before its first step.
public struct PreparedRun {
  /// Facts for `--dry-run`, in order.
  public let plan: [(name: String, value: String)]
  /// Sentences that the user should see before the run.
  public let notices: [String]
  /// The memory that it will take.
  package let memory: MemoryEstimate
  /// What it trains.
  package let training: TrainingParts
  let setup: RunSetup
  let outputs: RunOutputs

  /// - Throws: `MemoryShortage` if there is too little memory for the run, `TrainingError` if more
  ///   processes share it than a batch has shards.
  init(
    setup: RunSetup, objective: any Objective, data: TokenizedDataset, outputs: RunOutputs,
    plan: RunPlan, notices: [String]
  ) throws {
    self.setup = setup
    self.outputs = outputs
    self.plan = plan.facts
    memory = plan.memory
    let updates = Trainer.plannedSteps(setup.arguments, rows: data.count)
    self.notices =
      try notices
      + [plan.memory.check(), setup.arguments.warmupNotice(updates: updates)].compactMap { $0 }
    training = TrainingParts(objective: objective, data: data, trainer: setup.trainer)
    _ = try setup.trainer.shares()
  }

  /// Makes the run and writes the output folder. If several processes share the run, all of them
  /// call this, and process 0 writes.
  ///
  /// - Throws: whatever training, measuring and writing throw.
  public func execute(_ display: any TrainingObserver) throws -> RunOutcome {
    try execute(display, holding: nil)
  }

  /// The same for a caller who holds the lock of the output folder already, or nil.
  package func execute(
    _ display: any TrainingObserver, holding lock: FolderLock?
  ) throws -> RunOutcome {
    setup.stop.follow(display)
    do {
      return try execute(training.objective, display: display, holding: lock)
    } catch is CancellationError where display.shouldStop {
      return .interrupted(in: setup.common.outputDir, checkpoint: nil)
    }
  }

  private func execute(
    _ objective: some Objective, display: any TrainingObserver, holding lock: FolderLock?
  ) throws -> RunOutcome {
    let common = setup.common
    let resume = setup.resume
    let description = RunDescription(setup, hashes: outputs.hashes)
    guard setup.group.rank == 0 else { return try follow(objective, description, display) }
    let earlier = resume == nil ? nil : RunFolder.finishedResults(in: common.outputDir)
    _ = try setup.group.meet(over: description, goesOn: earlier == nil)
    if let results = earlier {
      try ResumePoint.requireSameRun(
        as: description, in: common.outputDir, origin: setup.arguments.origin)
      return RunOutcome(
        folder: common.outputDir, results: results,
        notices: ["the run in \(common.outputDir) is finished; nothing was left to do"])
    }
    let references = try setup.group.first { try outputs.references() }
    let folder = try RunFolder(
      common.outputDir, overwrite: common.overwriteOutputDir || resume != nil, keepsOld: true,
      lock: lock)
    let observer = RecordingObserver(
      folder: folder, display: display,
      saveBest: outputs.validation == nil
        ? nil
        : { [outputs] path, entry in
          try folder.lock.requireHeld()
          try outputs.save(path)
          // If there can be none, the user is told at the end of the run.
          _ = ModelCard(run: description, folder: folder.path, results: entry.values)
            .writeIfPossible(to: path)
        })
    let session = try session(objective)
    let point = try resume.map {
      try ResumePoint(
        $0, run: folder.path, description: description, origin: setup.arguments.origin,
        shouldStop: setup.stop.isMade, restore: session.restore)
    }
    for warning in point?.warnings ?? [] { display.didWarn(warning) }
    for notice in point?.notices ?? [] { display.didNotice(notice) }
    if point?.isOfThisFolder != true, point?.state != nil || !common.overwriteOutputDir {
      try folder.requireBeginning(of: description, origin: setup.arguments.origin)
    }
    if point?.state == nil { try folder.clear(keepsCheckpoints: resume != nil) }
    try session.meet()
    try folder.writeRun(description)
    try folder.write(TextLengths.json(training.data), to: TextLengths.fileName)
    try folder.settleLog(session.history)
    let resumedAt = point?.state == nil ? nil : session.globalStep
    if setup.arguments.reportTo.contains(.tensorBoard) {
      observer.follow(
        try TensorBoardLog(run: folder.path, config: setup.resolved(), resumedAt: resumedAt))
    }
    if let measure = outputs.generatorEntropies {
      observer.follow(
        try GeneratorEntropies(folder: folder, resumedAt: resumedAt, measure: measure),
        step: session.globalStep)
    }
    let saver = saver(folder, description: description, display: display)
    // A run that fails may have saved its last good state.
    defer { saver.wait() }
    let summary = try session.run(observer: observer, saver: saver)
    try folder.lock.requireHeld()
    if summary.end == .interrupted { return try interrupted(summary, in: folder, saver: saver) }
    do {
      var outcome = try finish(
        summary, of: description, in: folder, references: references, observer: observer,
        saver: saver)
      outcome.notices += [session.exchanged].compactMap { $0 }
      outcome.earlierSeconds = session.earlierSeconds
      if let error = observer.firstError ?? saver.firstError { throw error }
      return outcome
    } catch is CancellationError where display.shouldStop {
      saver.save(session.state, step: summary.globalStep, best: summary.bestStep)
      return try interrupted(summary, in: folder, saver: saver)
    }
  }

  /// Makes the run on a process that neither reads nor writes the output folder.
  private func follow(
    _ objective: some Objective, _ description: RunDescription, _ display: any TrainingObserver
  ) throws -> RunOutcome {
    let folder = setup.common.outputDir
    let done = RunOutcome(folder: folder, results: [], notices: [])
    guard try setup.group.meet(over: description, goesOn: true) else { return done }
    guard try setup.group.firstGoesOn() else {
      return .interrupted(in: folder, checkpoint: nil)
    }
    let session = try session(objective)
    try session.meet()
    let summary = try session.run(observer: Follower(display))
    return summary.end == .interrupted ? .interrupted(in: folder, checkpoint: nil) : done
  }

  private func session<Task: Objective>(_ objective: Task) throws -> TrainingSession<Task> {
    let validation = outputs.validation
    return try TrainingSession(
      training.trainer, objective: objective, data: training.data,
      metric: validation?.metric ?? ("loss", false),
      evaluate: validation.map { [diagnostics = outputs.diagnostics] validation in
        {
          do {
            let found = try validation.measure()
            return found.metrics + diagnostics(found)
          } catch is OutputsNotFinite {
            // No metric is defined then, and none can be the best.
            return validation.metricNames.map { ($0, .nan) }
          }
        }
      },
      memory: outputs.memory)
  }

  private func saver(
    _ folder: RunFolder, description: RunDescription, display: any TrainingObserver
  ) -> CheckpointSaver {
    // Observers are called from the run's thread; a notice only hands a sentence to the logger.
    let display = Unchecked(display)
    return CheckpointSaver(
      setup.arguments, run: folder, description: description,
      warn: { display.value.didWarn($0) }, writeModel: outputs.saveState)
  }

  /// Measures and writes what a run that came to its end leaves.
  private func finish(
    _ summary: TrainingSummary, of description: RunDescription, in folder: RunFolder,
    references: EvaluationParts.Result, observer: RecordingObserver, saver: CheckpointSaver
  ) throws -> RunOutcome {
    var results = RunResults(summary, samples: training.data.count)
    let validation = outputs.validation
    let final = try validation.map {
      do {
        return try results.measure($0) { found in
          try outputs.diagnostics(found) + training.objective.diagnostics()
        }
      } catch is OutputsNotFinite {
        throw TrainingError.wentAstray("the model's outputs on the validation data are")
      }
    }
    try folder.lock.requireHeld()
    try outputs.save(folder.path)
    results.add(
      summary, lastScalars: outputs.lastScalars, references: references.metrics,
      parameters: outputs.parameters)
    if let validation {
      try final?.predictions?.write(
        to: "\(folder.path)/\(ValidationPredictions.fileName)", labels: validation.labels)
    }
    try folder.writeTrainerState(
      summary, arguments: setup.resolved()["train"] ?? .null,
      trainBatchSize: setup.arguments.perDeviceTrainBatchSize, parameters: outputs.parameters)
    try outputs.finish(folder.path)
    try folder.settleLog(summary.history)
    let card = ModelCard(run: description, folder: folder.path, results: results.numbers)
    let cardNotice = card.writeIfPossible(to: folder.path)
    observer.didEnd(results.log, step: summary.globalStep)
    // Last, since all_results.json tells that a run is finished, with nothing left to tidy up.
    saver.settle()
    try results.write(to: folder)
    // Nobody is told of results in a folder that is gone.
    try folder.lock.requireHeld()
    return RunOutcome(
      folder: folder.path, results: results.numbers,
      notices: references.cautions + (final?.cautions ?? []).map { "eval: \($0)" }
        + [cardNotice].compactMap { $0 })
  }

  private func interrupted(
    _ summary: TrainingSummary, in folder: RunFolder, saver: CheckpointSaver
  ) throws -> RunOutcome {
    saver.wait()
    try folder.settleLog(summary.history)
    try folder.writeInterrupted(summary)
    if let error = saver.firstError { throw error }
    let checkpoint = CheckpointFolder(step: summary.globalStep, run: folder.path)
    // A state that is not finite is not saved.
    return .interrupted(
      in: folder.path, checkpoint: checkpoint.hasManifest ? checkpoint.path : nil)
  }
}

/// The outcome of a run.
public struct RunOutcome: Sendable {
  /// The output folder.
  public let folder: String
  /// The content of all_results.json.
  public let results: [(name: String, value: Double)]
  /// Sentences that the user should see after the run.
  public fileprivate(set) var notices: [String]
  /// Seconds of training up to the checkpoint from which the run went on; 0 if it was never
  /// interrupted.
  package fileprivate(set) var earlierSeconds = 0.0
  /// True if the observer ended the run before it was finished.
  public private(set) var wasInterrupted = false
  /// The checkpoint that an interrupted run goes on from; nil if it had not begun.
  public private(set) var checkpoint: String?

  init(folder: String, results: [(name: String, value: Double)], notices: [String]) {
    self.folder = folder
    self.results = results
    self.notices = notices
  }

  fileprivate static func interrupted(in folder: String, checkpoint: String?) -> RunOutcome {
    var outcome = RunOutcome(folder: folder, results: [], notices: [])
    outcome.wasInterrupted = true
    outcome.checkpoint = checkpoint
    return outcome
  }
}
