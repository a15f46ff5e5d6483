import Autograd

/// Which backward passes of a step are the last ones of their lanes for this update, so that the
/// exchange of gradients may begin in them.
struct LastPasses: Sendable {
  private let exchange: GradientExchange?
  private let passes: Int?
  /// The last shard of each lane.
  private let lastShards: [Int?]

  /// What is known about a call of `forEachShard`.
  ///
  /// - Parameter passes: how many backward passes there are on each shard's tape; nil if nobody
  ///   knows.
  /// - Throws: `TrainingError.gradientsAfterLastPass`.
  init(_ step: StepContext, passes: Int?) throws {
    self.passes = step.trained.isEmpty ? nil : passes
    lastShards = step.lanes.indices.map { number in
      step.shards.lastIndex { $0.lane == step.firstLane + number }
    }
    exchange = step.exchange
    guard let exchange, !step.trained.isEmpty else { return }
    guard !exchange.isOpen else { throw TrainingError.gradientsAfterLastPass }
    guard passes != nil else { return }
    exchange.open(idle: lastShards.indices.filter { lastShards[$0] == nil })
  }

  /// Prepares the tape of a shard. `lane` is the number of its lane in this process.
  func watch(_ tape: Tape, shard: Int, lane: Int) {
    guard let passes else { return }
    let isLast = shard == lastShards[lane]
    guard let exchange, isLast, passes > 0 else { return tape.expect(passes: passes) }
    tape.expect(passes: passes) { exchange.report(lane: lane, floor: $0) }
  }

  /// Looks whether there were as many passes as were said to be. A shard that has nothing to learn,
  /// such as one without a masked token, makes none.
  ///
  /// - Throws: `TrainingError`. What was sent is wrong then, so the run must end.
  func check(_ tape: Tape, shard: Int, lane: Int) throws {
    guard let passes else { return }
    if tape.passes == 0, shard == lastShards[lane] { exchange?.report(lane: lane, floor: 0) }
    guard tape.passes == passes || tape.passes == 0 else {
      throw TrainingError.backwardPasses(tape.passes, expected: passes)
    }
    guard !tape.hasStaleWeight else { throw TrainingError.weightOfAnEarlierPass }
  }
}
