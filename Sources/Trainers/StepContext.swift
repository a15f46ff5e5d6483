import Autograd
import Kernels

/// One batch (or one accumulation chunk of it) on its way through an objective.
public struct StepContext: Sendable {
  /// Number of the batch since the beginning of training, from 0.
  public let batchNumber: Int
  /// Index of the model that learns.
  public let turn: Int
  /// The batch's shards.
  public let shards: [Shard]
  /// Texts over all shards.
  public let count: Int
  /// Weight of this chunk in its update: its texts / the update's texts; multiplies gradients.
  public let share: Double
  /// Number of the forward pass since the beginning of training, from 0; names random draws. Chunks
  /// of one accumulated batch differ in it.
  public let drawNumber: Int
  /// Seed of the run.
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

  /// Runs `body` once per shard, lanes in parallel, each with a tape that is bound to the learning
  /// model. A lane's shards share its memory, so that only one of them holds activations.
  ///
  /// - Parameter body: returns the shard's shares of the step's scalars.
  /// - Returns: the sums over shards, added in the order of shards.
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
  /// How many shards a batch can have: their tapes, and that of a joint loss, name random draws.
  package static let maximumShards = RandomSite.shards.count - 1

  /// Checks that the random draws of no two shards have one name.
  ///
  /// - Throws: `TrainingError`.
  func checkShards() throws {
    guard shards.count <= Self.maximumShards else {
      throw TrainingError.tooManyShards(shards.count)
    }
  }

  /// A tape that is bound to what learns.
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

/// What the work on shards needs besides their data: memory that is used again in every step.
package struct Lane: Sendable {
  /// Memory of values and gradients.
  package let pool: BufferPool
  /// Where the learning model's weight gradients are added, then those of its companions.
  package let gradients: Buffer
  /// Of the factors of products with weights.
  package let precision: Precision

  package init(pool: BufferPool, gradients: Buffer, precision: Precision = .float32) {
    self.pool = pool
    self.gradients = gradients
    self.precision = precision
  }
}
