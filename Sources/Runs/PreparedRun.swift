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
  let training: TrainingParts
  private let setup: RunSetup
  private let outputs: RunOutputs

  /// - Throws: `MemoryShortage` if there is too little memory for the run.
  init(
    setup: RunSetup, objective: any Objective, data: TokenizedDataset, outputs: RunOutputs,
    plan: RunPlan, notices: [String]
  ) throws {
    self.setup = setup
    self.outputs = outputs
    self.plan = plan.facts
    memory = plan.memory
    self.notices = try notices + [plan.memory.check()].compactMap { $0 }
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
    let common = setup.common
    let resume = setup.arguments.resumeFromCheckpoint
    let description = RunDescription(setup, hashes: outputs.hashes)
    if resume != nil, let results = RunFolder.finishedResults(in: common.outputDir) {
      try ResumePoint.requireSameRun(
        as: description, in: common.outputDir, origin: setup.arguments.origin)
      return RunOutcome(
        folder: common.outputDir, results: results,
        notices: ["the run in \(common.outputDir) is finished; nothing was left to do"],
        checkpoint: nil)
    }
    let references = try outputs.references()
    let folder = try RunFolder(
      common.outputDir, overwrite: common.overwriteOutputDir || resume != nil,
      keepsOld: resume != nil)
    let observer = RecordingObserver(
      folder: folder, display: display, saveBest: outputs.validation == nil ? nil : outputs.save)
    let session = try session(objective)
    if let resume {
      let point = try ResumePoint(
        resume, run: folder.path, description: description, origin: setup.arguments.origin)
      for notice in point.notices { display.didNotice(notice) }
      if let state = point.state { try session.restore(state, from: point) }
      try folder.rewriteLog(session.history)
    }
    try folder.writeRun(description)
    let saver = saver(folder, description: description, display: display)
    // A run that fails may have saved its last good state.
    defer { saver.wait() }
    let summary = try session.run(observer: observer, saver: saver)
    saver.wait()
    if summary.end == .interrupted { return try interrupted(summary, in: folder, saver: saver) }
    let outcome = try finish(summary, in: folder, references: references)
    if let error = observer.firstError ?? saver.firstError { throw error }
    return outcome
  }

  private func session<Task: Objective>(_ objective: Task) throws -> TrainingSession<Task> {
    let validation = outputs.validation
    return try TrainingSession(
      training.trainer, objective: objective, data: training.data,
      metric: validation?.metric ?? ("loss", false),
      evaluate: validation.map { validation in { try validation.measure().metrics } },
      memory: outputs.memory)
  }

  private func saver(
    _ folder: RunFolder, description: RunDescription, display: any TrainingObserver
  ) -> CheckpointSaver {
    // Observers are called from the run's thread; a notice only hands a sentence to the logger.
    let display = Unchecked(display)
    return CheckpointSaver(
      setup.arguments, run: folder.path, description: description,
      notice: { display.value.didNotice($0) }, writeModel: outputs.saveState)
  }

  /// Measures and writes what a run that came to its end leaves.
  private func finish(
    _ summary: TrainingSummary, in folder: RunFolder, references: EvaluationParts.Result
  ) throws -> RunOutcome {
    var results = RunResults(summary, samples: training.data.count)
    let validation = outputs.validation
    let final = try validation.map { try results.measure($0) }
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
    // Last, since all_results.json tells that a run is finished.
    try results.write(to: folder)
    return RunOutcome(
      folder: folder.path, results: results.numbers,
      notices: references.cautions + (final?.cautions ?? []).map { "eval: \($0)" },
      checkpoint: nil)
  }

  private func interrupted(
    _ summary: TrainingSummary, in folder: RunFolder, saver: CheckpointSaver
  ) throws -> RunOutcome {
    if let error = saver.firstError { throw error }
    try folder.writeInterrupted(summary)
    return RunOutcome(
      folder: folder.path, results: [], notices: [],
      checkpoint: CheckpointFolder(step: summary.globalStep, run: folder.path).path)
  }
}

/// A value that is used from another thread though the compiler cannot tell that this is safe.
private struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

extension TrainingSession {
  /// Goes back to a checkpoint.
  ///
  /// - Throws: `FileError` if its state is not one of this session.
  fileprivate func restore(_ state: RunState, from point: ResumePoint) throws {
    do {
      try restore(state)
    } catch let error as StateError {
      throw FileError(
        file: "\(point.folder?.path ?? "")/\(CheckpointFolder.stateFile)",
        problem: "\(error); the checkpoint belongs to another run.")
    }
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
  /// The checkpoint that an interrupted run goes on from; nil for a run that came to its end.
  public let checkpoint: String?
}
