import Autograd
import Kernels

/// One batch (or one accumulation chunk of it) on its way through an objective.
public struct StepContext: Sendable {
  /// The number of the batch since the beginning of training, from 0.
  public let batchNumber: Int
  /// The index of the model that learns.
  public let turn: Int
  /// The batch's shards.
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
  package let lanes: [Lane]
  package let pool: ThreadPool
  let trained: [Parameters]

  package init(
    batchNumber: Int, turn: Int, shards: [Shard], count: Int, share: Double, seed: UInt64,
    lanes: [Lane], pool: ThreadPool, trained: [Parameters], drawNumber: Int
  ) {
    self.batchNumber = batchNumber
    self.turn = turn
    self.shards = shards
    self.count = count
    self.share = share
    self.seed = seed
    self.lanes = lanes
    self.pool = pool
    self.trained = trained
    self.drawNumber = drawNumber
  }

  /// Runs `body` once per shard, lanes in parallel, each time with a tape that is bound to the
  /// learning model. The shards of a lane share its memory, so only one of them holds activations
  /// at a time.
  ///
  /// - Parameter body: returns the shard's share of the step's scalars.
  /// - Returns: the sums over shards, added in the order of the shards.
  public func forEachShard(
    _ body: @Sendable (Shard, Tape) throws -> Scalars
  ) throws -> Scalars {
    try checkShards()
    let results = ResultSlots<Scalars>(count: shards.count)
    try pool.run(count: lanes.count) { number in
      let lane = lanes[number]
      for (index, shard) in shards.enumerated() where shard.lane == number {
        results[index] = try body(shard, tape(lane, index: index))
      }
    }
    var sum = Scalars()
    for index in shards.indices {
      if let result = results[index] { sum.add(result) }
    }
    return sum
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

  /// A tape bound to whatever learns.
  ///
  /// - Parameter index: names its random draws.
  func tape(_ lane: Lane, index: Int) -> Tape {
    let tape = Tape(
      pool: lane.pool, seed: seed, step: drawNumber, lane: index, precision: lane.precision)
    var offset = 0
    for parameters in trained {
      tape.bind(parameters, gradients: lane.gradients, offset: offset)
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
  /// The precision of the factors in products with weights.
  package let precision: Precision

  package init(pool: BufferPool, gradients: Buffer, precision: Precision = .float32) {
    self.pool = pool
    self.gradients = gradients
    self.precision = precision
  }
}
