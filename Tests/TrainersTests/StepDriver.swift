import Autograd
import Data
import Inference
import Kernels
import Methods
import Models
import Runs
import StrictJSON
import Studies
import Testing
import Trainers

extension PackedBatch {
  /// A golden's batch; rows are numbered from `firstRow`.
  init(_ golden: JSONValue?, scores: [Float] = [], firstRow: Int = 0) {
    self.init()
    tokens = PackedTokens(
      ids: (golden?.integers("ids") ?? []).map { Int32($0) },
      typeIDs: (golden?.integers("types") ?? []).map { Int32($0) },
      offsets: (golden?.integers("lengths") ?? []).reduce(into: [0]) {
        $0.append(($0.last ?? 0) + $1)
      })
    // The goldens' vocabularies begin [PAD], [UNK], [CLS], [SEP], [MASK].
    isSpecial = tokens.ids.map { $0 < 5 }
    rows = Array(firstRow..<firstRow + count)
    let labels = (golden?.integers("labels") ?? []).map { Int32($0) }
    targets = scores.isEmpty ? labels.isEmpty ? .none : .classes(labels) : .scores(scores)
  }

  var tokenIDs: [Int32] { tokens.ids }
  var typeIDs: [Int32] { tokens.typeIDs }
  var offsets: [Int] { tokens.offsets }
  var tokenCount: Int { tokens.ids.count }

  /// Some of the texts.
  func selecting(_ places: [Int]) -> PackedBatch {
    var result = PackedBatch()
    var (ids, types, offsets): ([Int32], [Int32], [Int]) = ([], [], [0])
    for place in places {
      let range = tokens.range(place)
      ids += tokens.ids[range]
      types += tokens.typeIDs[range]
      result.isSpecial += isSpecial[range]
      offsets.append(ids.count)
    }
    result.tokens = PackedTokens(ids: ids, typeIDs: types, offsets: offsets)
    result.rows = places.map { rows[$0] }
    result.targets = targets.selecting(places)
    return result
  }
}

extension Shard {
  /// The given texts of a batch.
  init(index: Int, lane: Int = 0, batch: PackedBatch, places: [Int]) {
    self.init(index: index, lane: lane, places: places, texts: batch.selecting(places))
  }

  /// Splits a batch as a training session splits rows of a data set.
  static func split(
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
struct StepDriver {
  let pool = ThreadPool(threads: 2)
  let lanes: [Lane]
  let trained: [Parameters]

  /// Memory for steps that train `parameters` and `companions`.
  init(
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
  func context(
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
  var gradients: [Float] { Array(allGradients[..<trained[0].count]) }

  /// Those of the companions.
  var companionGradients: [Float] { Array(allGradients[trained[0].count...]) }

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
  @discardableResult func update(
    gradients: [Buffer], learningRate: Double, pool: ThreadPool
  ) throws -> Double {
    let norm = LocalReduction().reduce(gradients, count: count, pool: pool).squareRoot()
    try update(
      gradients: gradients[0], scale: clipFactor(norm: norm), learningRate: learningRate,
      pool: pool)
    return norm
  }
}

/// All weights of a model, compared bit by bit and shown in a few words.
struct Weights: Equatable, CustomTestStringConvertible {
  let floats: [Float]

  init(_ parameters: Parameters) {
    floats = Matrix(parameters.buffer, rows: 1, columns: parameters.count).values
  }

  static func == (a: Weights, b: Weights) -> Bool {
    a.floats.map(\.bitPattern) == b.floats.map(\.bitPattern)
  }

  var testDescription: String { "\(floats.count) weights, sum \(floats.reduce(0, +))" }
}

extension Parameters {
  /// A copy of all weights.
  var weights: Weights { Weights(self) }
}

extension TrainedModel {
  /// A model that is trained at a constant rate.
  init(_ parameters: Parameters, rate: Double = 1e-3, name: String = "") {
    self.init(
      name: name, parameters: parameters, optimizer: OptimizerSettings(),
      schedule: LearningRateSchedule(
        kind: .constant, peak: rate, warmupSteps: 0, totalSteps: 1000))
  }
}

/// A pool whose free memory is full of NaN, so that whatever reads memory that nobody wrote shows.
func poisonedPool() -> BufferPool {
  let pool = BufferPool()
  let blocks = (0..<80).map { _ in pool.matrix(1, 4096) }
  for block in blocks { block.fill(.nan) }
  return pool
}
