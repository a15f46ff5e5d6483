import Autograd
import Data
import Kernels
import Trainers

extension Shard {
  /// The given texts of a batch.
  package init(index: Int, lane: Int = 0, batch: PackedBatch, places: [Int]) {
    self.init(index: index, lane: lane, places: places, texts: batch.selecting(places))
  }

  /// Splits a batch as a training session splits rows of a data set.
  package static func split(
    _ batch: PackedBatch, lanes: Int, maximumTokens: Int = Int.max
  ) -> [Shard] {
    let lengths = (0..<batch.count).map { batch.tokens.range($0).count }
    return plan(lengths: lengths, lanes: lanes, maximumTokens: maximumTokens).enumerated().map {
      Shard(
        index: $0.offset, lane: $0.element.lane, batch: batch, places: $0.element.places)
    }
  }
}

/// Takes one objective step outside the training loop.
package struct StepDriver {
  package let pool = ThreadPool(threads: 2)
  package let lanes: [Lane]
  package let trained: [Parameters]

  /// Memory for steps that train `parameters` and `companions`.
  package init(
    training parameters: Parameters, companions: Parameters? = nil, shards: Int,
    precision: Precision = .float32
  ) {
    trained = [parameters] + (companions.map { [$0] } ?? [])
    let count = parameters.count + (companions?.count ?? 0)
    lanes = (0..<shards).map { _ in
      Lane(pool: poisonedPool(), gradients: Buffer(zeroed: count), precision: precision)
    }
  }

  /// The context of a batch.
  package func context(
    _ batch: PackedBatch, number: Int = 0, turn: Int = 0, seed: UInt64 = 1,
    maximumTokens: Int = Int.max
  ) -> StepContext {
    StepContext(
      batchNumber: number, turn: turn,
      shards: Shard.split(batch, lanes: lanes.count, maximumTokens: maximumTokens),
      count: batch.count, share: 1, seed: seed, lanes: lanes, pool: pool, trained: trained,
      drawNumber: number)
  }

  /// The model's gradients, added up over shards.
  package var gradients: [Float] { Array(allGradients[..<trained[0].count]) }

  /// Those of the companions.
  package var companionGradients: [Float] { Array(allGradients[trained[0].count...]) }

  private var allGradients: [Float] {
    var sum = [Float](repeating: 0, count: trained.reduce(0) { $0 + $1.count })
    for lane in lanes {
      let values = Matrix(lane.gradients, rows: 1, columns: sum.count).values
      for (i, value) in values.enumerated() { sum[i] += value }
    }
    return sum
  }
}

extension AdamOptimizer {
  /// Reduction, clipping and update, as a training session does them.
  ///
  /// - Returns: the gradient's norm before clipping.
  @discardableResult package func update(
    gradients: [Buffer], learningRate: Double, pool: ThreadPool
  ) throws -> Double {
    let norm = Kernel.reduceGradients(gradients, count: count, pool: pool).squareRoot()
    try update(
      gradients: gradients[0], scale: clipFactor(norm: norm), learningRate: learningRate,
      pool: pool)
    return norm
  }
}

extension TrainedModel {
  /// A model that is trained at a constant rate.
  package init(_ parameters: Parameters, rate: Double = 1e-3, name: String = "") {
    self.init(
      name: name, parameters: parameters, optimizer: OptimizerSettings(),
      schedule: LearningRateSchedule(
        kind: .constant, peak: rate, warmupSteps: 0, totalSteps: 1000))
  }
}
