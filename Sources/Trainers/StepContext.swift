import Autograd
import Kernels
import Processes

/// One batch (or one accumulation chunk of it) on its way through an objective.
public struct StepContext: Sendable {
  /// The number of the batch since the beginning of training, from 0.
  public let batchNumber: Int
  /// The index of the model that learns.
  public let turn: Int
  /// The batch's shards, on whatever process they are worked on.
  public let shards: [Shard]
  /// The number of texts in all shards.
  public let count: Int
  /// The weight of this chunk in its update, which multiplies gradients: the chunk's texts divided
  /// by the update's texts.
  public let share: Double
  /// The number of the forward pass since the beginning of training, from 0; it names random draws.
  /// Chunks of one accumulated batch have different numbers.
  public let drawNumber: Int
  /// The run's seed.
  public let seed: UInt64
  /// The lanes of this process.
  package let lanes: [Lane]
  /// The number of the first of them among those of all processes.
  let firstLane: Int
  let group: any ProcessGroup
  package let pool: ThreadPool
  let trained: [Parameters]
  /// The sum of the update's gradients, if this is the last chunk of it.
  let exchange: GradientExchange?

  package init(
    batchNumber: Int, turn: Int, shards: [Shard], count: Int, share: Double, seed: UInt64,
    lanes: [Lane], firstLane: Int = 0, group: any ProcessGroup = SingleProcess(),
    pool: ThreadPool, trained: [Parameters], drawNumber: Int,
    exchange: GradientExchange? = nil
  ) {
    self.batchNumber = batchNumber
    self.turn = turn
    self.shards = shards
    self.count = count
    self.share = share
    self.seed = seed
    self.lanes = lanes
    self.firstLane = firstLane
    self.group = group
    self.pool = pool
    self.trained = trained
    self.drawNumber = drawNumber
    self.exchange = exchange
  }

  /// Runs `body` once per shard, lanes in parallel, each time with a tape that is bound to the
  /// learning model. The shards of a lane share its memory, so only one of them holds activations
  /// at a time. If several processes share the run, each does so for its own shards.
  ///
  /// - Parameters:
  ///   - backwardPasses: how often `body` calls `backward()` on its tape, if it does so at all.
  ///     Gradients are sent to other processes while the last pass still runs, so nothing may be
  ///     added to them after it, such as by another `forEachShard` for the same step. Nil if that
  ///     can't be said: then they are sent when the step is done.
  ///   - body: returns the shard's share of the step's scalars.
  /// - Returns: the sums over the shards of all processes, added in the order of the shards.
  /// - Throws: whatever `body` throws, `TrainingError` if there are too many shards or if
  ///   `backwardPasses` is not true, `ProcessError`.
  public func forEachShard(
    backwardPasses: Int? = 1, _ body: @Sendable (Shard, Tape) throws -> Scalars
  ) throws -> Scalars {
    try checkShards()
    let passes = try LastPasses(self, passes: backwardPasses)
    let results = ResultSlots<Scalars>(count: shards.count)
    try pool.run(count: lanes.count) { number in
      let lane = lanes[number]
      for (index, shard) in shards.enumerated() where shard.lane == firstLane + number {
        let tape = tape(lane, index: index)
        passes.watch(tape, shard: index, lane: number)
        results[index] = try body(shard, tape)
        try passes.check(tape, shard: index, lane: number)
      }
    }
    let found = try gather(
      shards.indices.map { results[$0] }, write: { $0.write(to: &$1) },
      read: { try Scalars(reading: &$0) })
    return found.reduce(into: Scalars()) { $0.add($1) }
  }
}

extension StepContext {
  /// How many shards a batch can have. Random draws are named by the number of a shard's tape, and
  /// one number is kept for the tape of a joint loss.
  package static let maximumShards = RandomSite.shards.count - 1

  /// Checks that no two shards share a name for their random draws.
  ///
  /// - Throws: `TrainingError`.
  func checkShards() throws {
    guard shards.count <= Self.maximumShards else {
      throw TrainingError.tooManyShards(shards.count)
    }
  }

  /// What the shards of all processes have found, in the order of the shards.
  ///
  /// - Parameter own: nil for shards of other processes.
  /// - Throws: `ProcessError`.
  func gather<Found>(
    _ own: [Found?], write: (Found, inout MessageWriter) -> Void,
    read: (inout MessageReader) throws -> Found
  ) throws -> [Found] {
    guard group.isShared else { return own.compactMap { $0 } }
    var message = MessageWriter()
    for (index, found) in own.enumerated() {
      guard let found else { continue }
      message.add(index)
      write(found, &message)
    }
    var all = own
    for (rank, bytes) in try group.gather(message.bytes).enumerated() where rank != group.rank {
      var reader = MessageReader(bytes)
      while !reader.isAtEnd {
        let index = try reader.int()
        guard all.indices.contains(index) else {
          throw ProcessError(
            "process \(rank) has split a batch otherwise than process \(group.rank)")
        }
        all[index] = try read(&reader)
      }
    }
    return all.compactMap { $0 }
  }

  /// A tape bound to whatever learns.
  ///
  /// - Parameters:
  ///   - index: names its random draws.
  ///   - isBound: false for a tape on which nothing learns.
  func tape(_ lane: Lane, index: Int, isBound: Bool = true) -> Tape {
    let tape = Tape(
      pool: lane.pool, seed: seed, step: drawNumber, lane: index, precision: lane.precision)
    var offset = 0
    for parameters in trained where isBound {
      tape.bind(
        parameters, gradients: lane.gradients, offset: offset, touched: lane.touched)
      offset += parameters.count
    }
    return tape
  }
}

/// What work on shards needs besides their data: memory that is reused in every step.
package struct Lane: Sendable {
  /// Memory for values and gradients.
  package let pool: BufferPool
  /// Where the weight gradients of the learning model are added up, followed by those of its
  /// companions.
  package let gradients: Buffer
  /// Which of them are not zero.
  package let touched: TouchedBlocks
  /// The precision of the factors in products with weights.
  package let precision: Precision

  package init(pool: BufferPool, gradients: Buffer, precision: Precision = .float32) {
    self.pool = pool
    self.gradients = gradients
    touched = TouchedBlocks(count: gradients.capacity)
    self.precision = precision
  }
}
