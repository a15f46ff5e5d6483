extension TrainingSession {
  /// Everything that changes while the session runs, except the loop's own counters.
  private var parts: [any StatePart] {
    var weights: [WeightsState] = []
    for parameters in models.flatMap(\.allParameters)
    where !weights.contains(where: { $0.parameters === parameters }) {
      weights.append(
        WeightsState(stateName: "weights.\(weights.count)", parameters: parameters))
    }
    return weights + optimizers + [best] + objective.memory + memory
  }

  /// The log so far.
  public var history: [LogEntry] { now.history }

  /// The updates of the main model so far.
  public var globalStep: Int { now.globalStep }

  /// Seconds of training before the state that it last went back to, in all parts of the run.
  package var earlierSeconds: Double { now.seconds }

  /// A copy of the state between two updates, also when the model has got its best weights.
  public var state: RunState {
    if hasBestWeights { _ = best.exchangeWeights() }
    defer { if hasBestWeights { _ = best.exchangeWeights() } }
    var state = RunState(
      parts: Dictionary(parts.map { ($0.stateName, $0.record()) }) { first, _ in first })
    var counters = now
    counters.seconds = seconds
    state.parts[TrainerState.stateName] = counters.record()
    return state
  }

  /// Gives all processes that share the run the state of process 0, where they differ from it:
  /// after it went back to a checkpoint, or if their processors round otherwise.
  ///
  /// - Throws: `ProcessError`, and `StateError` if the state of process 0 does not fit.
  package func meet() throws {
    guard trainer.group.isShared else { return }
    var state = self.state
    let differing = try trainer.group.differences(of: state, pool: trainer.pool)
    guard trainer.group.rank > 0 else { return }
    for (name, record) in differing.parts { state.parts[name] = record }
    try restore(state)
  }

  /// Goes back to a state of a session with the same configuration.
  ///
  /// - Throws: `StateError` if a part is missing or does not fit. The session cannot be used after
  ///   that.
  public func restore(_ state: RunState) throws {
    func record(_ name: String) throws -> StateRecord {
      guard let record = state.parts[name] else { throw StateError("part \(name) is missing") }
      return record
    }
    for part in parts {
      do {
        try part.restore(record(part.stateName))
      } catch let error as StateError {
        throw StateError("\(part.stateName): \(error)")
      }
    }
    hasBestWeights = false
    now = try TrainerState(record(TrainerState.stateName))
    batches = now.epochsBegun > 0 ? sampler.batches(epoch: now.epochsBegun - 1) : []
    try now.check(
      objective, maxSteps: maxSteps, batchesPerEpoch: batches.count,
      updates: optimizers.map(\.updates))
    if let step = best.best.step, step > now.globalStep {
      throw StateError("the best evaluation is of update \(step), which was not made")
    }
    // A run that ended because of numbers that are not finite may have made all updates.
    if now.globalStep == maxSteps, now.end == nil { now.owesEvaluation = true }
  }
}
