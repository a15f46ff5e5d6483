import Autograd
import Data
import Kernels
import Models
import Synchronization

/// Logits of a model over a whole data set, on all threads.
///
/// ```swift
/// let logits = try Inference(pool: ThreadPool()).logits(model, data: data, batchSize: 32)
/// for row in 0..<logits.rows { print(logits[row, 0], logits[row, 1]) }
/// ```
public struct Inference: Sendable {
  private let pool: ThreadPool
  private let precision: Precision
  private let shouldStop: @Sendable () -> Bool
  private let memory = MemoryShelf()

  /// Inference on a thread pool.
  ///
  /// - Parameters:
  ///   - precision: the precision of the factors in products with weights.
  ///   - shouldStop: asked before each batch, on any thread; true ends inference with a
  ///     `CancellationError`.
  public init(
    pool: ThreadPool, precision: Precision = .float32,
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    self.pool = pool
    self.precision = precision
    self.shouldStop = shouldStop
  }

  /// The logits, one row per row of `data`, in order. Dropout is off.
  ///
  /// - Parameter batchSize: the largest number of texts per product. Batches depend only on the
  ///   data.
  /// - Throws: `CancellationError` if `shouldStop` says so, `OutputsNotFinite`.
  public func logits(
    _ model: SequenceClassifier, data: TokenizedDataset, batchSize: Int = 32
  ) throws -> Matrix {
    let result = Matrix(zeros: data.count, model.labels.count)
    try forEachBatch(of: data, batchSize: batchSize) { rows, tokens, tape in
      result.rows(rows).copy(from: model.logits(tokens, tape: tape, training: false).value)
    }
    guard result.isFinite else { throw OutputsNotFinite() }
    return result
  }

  /// The logits of a model that finds answers, one row per token of `data`, in order. Dropout is
  /// off.
  ///
  /// - Parameter batchSize: as for classifiers.
  /// - Throws: `CancellationError` if `shouldStop` says so, `OutputsNotFinite`.
  public func logits(
    _ model: SpanClassifier, data: TokenizedDataset, batchSize: Int = 32
  ) throws -> Matrix {
    let result = Matrix(zeros: data.tokenCount, 2)
    let borders = data.borders
    try forEachBatch(of: data, batchSize: batchSize) { rows, tokens, tape in
      result.rows(borders[rows.lowerBound]..<borders[rows.upperBound])
        .copy(from: model.logits(tokens, tape: tape, training: false).value)
    }
    guard result.isFinite else { throw OutputsNotFinite() }
    return result
  }

  /// The most tokens of a batch of several texts: enough for an efficient product, few enough to
  /// keep activations in the caches.
  private static let mostTokens = 512

  /// Bytes that the threads of a pool take for passes of models over texts, none longer than
  /// `longest` tokens.
  package static func bytes(_ models: [any Model], longest: Int, _ pool: ThreadPool) -> Double {
    let longest = max(1, longest)
    let lengths = [Int](repeating: longest, count: max(1, mostTokens / longest))
    var memory = PoolMemory()
    for model in models where !(model is MaskedLanguageModel) {
      memory.serve(PassMemory(model, over: PassMemory.Shape(lengths: lengths)).forward)
    }
    return Double(pool.threads) * memory.bytes
  }

  /// Checks that there is memory for the first pass of a model over a data set. (Later ones find
  /// the memory of the first.) A run counts its evaluations before it begins and need not ask.
  ///
  /// - Parameter logits: how many there will be.
  /// - Throws: `MemoryShortage` if there is not.
  func requireMemory(for model: any Model, data: TokenizedDataset, logits: Int) throws {
    _ = try MemoryShortage.check(
      Self.bytes([model], longest: data.lengths.max() ?? 0, pool) + 4 * Double(logits),
      for: "the evaluation", advice: "give fewer --threads, shorter texts or less data")
  }

  private func forEachBatch(
    of data: TokenizedDataset, batchSize: Int,
    _ body: @Sendable (_ rows: Range<Int>, PackedTokens, Tape) throws -> Void
  ) throws {
    var batches: [Range<Int>] = []
    let lengths = data.lengths
    var start = 0
    var tokens = 0
    for row in 0..<data.count {
      let length = lengths[row]
      if row > start, row - start >= batchSize || tokens + length > Self.mostTokens {
        batches.append(start..<row)
        start = row
        tokens = 0
      }
      tokens += length
    }
    if start < data.count { batches.append(start..<data.count) }
    let list = batches
    try pool.run(count: list.count) { index in
      if shouldStop() { throw CancellationError() }
      let batch = data.batch(Array(list[index]))
      try memory.withPool { buffers in
        let tape = Tape(pool: buffers, precision: precision)
        try body(list[index], batch.tokens, tape)
      }
    }
  }
}

/// Buffer pools that are not in use right now.
final class MemoryShelf: Sendable {
  private let idle = Mutex<[BufferPool]>([])

  package func withPool(_ body: (BufferPool) throws -> Void) rethrows {
    let pool = idle.withLock { $0.popLast() } ?? BufferPool()
    defer { idle.withLock { $0.append(pool) } }
    try body(pool)
  }
}
