import Autograd
import Data
import Kernels
import Trainers

/// Some texts of the training data, the same in every evaluation, on which a method measures what
/// goes on in it. Their masks and noise are the same, too, so that only the models differ.
public struct ProbeTexts: Sendable {
  /// Whether evaluations run the models on the texts (`diagnostics`); if not, only the end of a run
  /// does.
  public let isDetailed: Bool
  /// Their rows in the data set, evenly spread.
  package let rows: [Int]
  private let data: TokenizedDataset
  private let seed: UInt64
  private let shards: Int
  private let pool: ThreadPool
  private let precision: Precision

  /// How many texts there are, or as many as the data set has.
  package static let count = 48

  /// Texts of a data set.
  ///
  /// - Parameters:
  ///   - shards: the parts that they are worked on in; numbers depend on it in their last bits.
  public init(
    _ data: TokenizedDataset, isDetailed: Bool, seed: UInt64, shards: Int, pool: ThreadPool,
    precision: Precision = .float32
  ) {
    self.data = data
    self.isDetailed = isDetailed
    self.seed = seed
    self.shards = max(1, shards)
    self.pool = pool
    self.precision = precision
    let count = min(Self.count, data.count)
    rows = (0..<count).map { $0 * data.count / count }
  }

  /// The texts in shards; a lane has memory of its own.
  package var split: [Shard] {
    Shard.split(
      rows, of: data, lanes: min(shards, rows.count),
      maximumTokens: TrainingArguments.defaultMaxTokensPerBatch)
  }

  /// A step over the texts that changes nothing.
  ///
  /// - Parameters:
  ///   - turn: as of a batch in that turn.
  ///   - parameters: what gets a gradient, in the lanes of the step; nothing by default.
  package func step(turn: Int = 0, gradientsOf parameters: Parameters? = nil) -> StepContext {
    let split = split
    let lanes = (0..<(split.map(\.lane).max() ?? 0) + 1).map { _ in
      Lane(
        pool: BufferPool(), gradients: Buffer(zeroed: parameters?.count ?? 0),
        precision: precision)
    }
    return StepContext(
      batchNumber: 0, turn: turn, shards: split, count: rows.count, share: 1, seed: seed,
      lanes: lanes, pool: pool, trained: parameters.map { [$0] } ?? [], drawNumber: 0)
  }
}

extension StepContext {
  /// The norm of the gradient that has been added up in the lanes.
  func gradientNorm(count: Int) -> Double {
    let total = Matrix(zeros: 1, count)
    for lane in lanes {
      Kernel.add(Matrix(lane.gradients, rows: 1, columns: count), to: total)
    }
    return Kernel.distance(total.buffer, Buffer(zeroed: count), count: count)
  }
}
