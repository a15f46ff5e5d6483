import Autograd
import Configuration
import Data
import Kernels
import Models

/// A model that an objective trains, with the settings of its optimiser.
public struct TrainedModel: Sendable {
  /// Prefix of its entries in the log; empty for the main model.
  public let name: String
  /// Its weights.
  public let parameters: Parameters
  /// Its optimiser.
  public let optimizer: OptimizerSettings
  /// Its learning rate, by its own number of updates.
  public let schedule: LearningRateSchedule
  /// Weights outside the model that learn with it by the same optimiser, such as projections; nil
  /// for none. Clipping sees one gradient over both.
  public var companions: Parameters?

  /// A model to train.
  public init(
    name: String, parameters: Parameters, optimizer: OptimizerSettings,
    schedule: LearningRateSchedule, companions: Parameters? = nil
  ) {
    self.name = name
    self.parameters = parameters
    self.companions = companions
    self.optimizer = optimizer
    self.schedule = schedule
  }

  /// The model and its companions, in the order of their gradients.
  package var allParameters: [Parameters] { [parameters] + (companions.map { [$0] } ?? []) }
}

/// Named numbers of a step in a fixed order, each a sum of the shards' shares.
public struct Scalars: Sendable {
  /// The numbers.
  public private(set) var entries: [(name: String, value: Double)] = []

  /// No numbers.
  public init() {}

  /// The number with a name, 0 where there is none; setting appends new names.
  public subscript(_ name: String) -> Double {
    get { entries.first { $0.name == name }?.value ?? 0 }
    set {
      if let index = entries.firstIndex(where: { $0.name == name }) {
        entries[index].value = newValue
      } else {
        entries.append((name, newValue))
      }
    }
  }

  /// Adds every number of `other`, times `factor`.
  public mutating func add(_ other: Scalars, factor: Double = 1) {
    for (name, value) in other.entries { self[name] += value * factor }
  }
}

/// What is minimised: a distillation method, fine-tuning or language modelling.
///
/// The training loop hands it a batch and takes back named scalars; gradients arrive in the
/// buffers that the tapes are bound to. An objective sees no files and no terminal.
public protocol Objective: Sendable {
  /// The models it trains. The first one's updates are counted as `global_step`; it is evaluated and
  /// saved. A model that is trained in stages, each with an optimiser and a schedule of its own, is
  /// there once a stage; a stage begins with the best weights so far where the run keeps them
  /// (`load_best_model_at_end`).
  var trainedModels: [TrainedModel] { get }

  /// Index into `trainedModels` of the model that the batch with this number (from 0) trains.
  func turn(batch: Int) -> Int

  /// Updates that are made with every batch before the next one is taken.
  var updatesPerBatch: Int { get }

  /// Runs forward and backward passes over a batch.
  ///
  /// - Returns: scalars among which `loss` is the batch mean of what was minimised.
  func loss(_ step: StepContext) throws -> Scalars
}

extension Objective {
  /// One model takes every turn.
  public func turn(batch: Int) -> Int { 0 }
  /// Every update has a batch of its own.
  public var updatesPerBatch: Int { 1 }
}

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
