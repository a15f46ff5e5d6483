import Kernels

/// A distribution over the vocabulary at each of some tokens, which is never stored as a whole: row
/// i is softmax((states[i] decoder^T + bias) / temperature).
public struct WordDistribution: Sendable {
  /// The input of the last layer of a language-model head, [rows, width].
  public let states: Matrix
  /// The weights of that layer, [vocabulary, width].
  public let decoder: Matrix
  /// The bias of that layer, one row of `vocabulary`.
  public let bias: Matrix
  /// Divides the logits.
  public let temperature: Float

  /// A distribution. Nothing is computed yet.
  public init(states: Matrix, decoder: Matrix, bias: Matrix, temperature: Float) {
    precondition(states.columns == decoder.columns && bias.count == decoder.rows)
    self.states = states
    self.decoder = decoder
    self.bias = bias
    self.temperature = temperature
  }

  /// Calls `body` with the logits of some words at a time, not yet divided by the temperature.
  /// `body` may overwrite them.
  ///
  /// - Parameter tile: number of words at a time; this takes memory for `states.rows` x `tile`
  ///   floats.
  func forEachTile(
    _ tile: Int, pool: BufferPool, precision: Precision,
    _ body: (_ words: Range<Int>, _ logits: Matrix) -> Void
  ) {
    let memory = pool.matrix(states.rows, min(tile, decoder.rows))
    for start in stride(from: 0, to: decoder.rows, by: tile) {
      let words = start..<min(start + tile, decoder.rows)
      let logits = memory.columns(0..<words.count)
      Kernel.broadcast(row: bias.columns(words), into: logits)
      Kernel.gemm(
        states, .none, decoder.rows(words), .transposed, into: logits, beta: 1,
        precision: precision)
      body(words, logits)
    }
  }
}

extension Tape {
  /// Words mixed with what a distribution expects in their place. Token `rows[i]` becomes (1 -
  /// rate) onehot(id) E + rate q_i E, where q_i is row i of the distribution. All other tokens are
  /// onehot(id) E.
  ///
  /// The gradient reaches the tables, but not the distribution. Nothing of size tokens x vocabulary
  /// ever exists. q E is summed over tiles of words, with a running maximum and sum of the softmax,
  /// and the backward pass computes each tile of q again from states and log-sum-exp. Source of the
  /// mixture: text smoothing (Wu et al. 2020, arXiv 2005.03848; 2022, arXiv 2202.13840).
  /// - Parameters:
  ///   - tables: word embeddings E, [vocabulary, any width] each.
  ///   - ids: the words of all tokens.
  ///   - rows: ascending indices of the tokens to mix, one per row of the distribution.
  ///   - distribution: what is expected at these tokens.
  ///   - rate: lambda, from 0 to 1.
  ///   - tile: words at a time; this takes memory for rows x tile floats.
  /// - Returns: for each table a tensor [ids.count, its width]; and the sum over `rows` of the
  ///   probability that the distribution gives to the word itself.
  public func softEmbedding(
    tables: [Tensor], ids: [Int32], rows: [Int], distribution: WordDistribution, rate: Float,
    tile: Int = 1024
  ) -> (vectors: [Tensor], kept: Double) {
    precondition(rows.count == distribution.states.rows)
    let pool = pool
    let precision = precision
    let scale = 1 / distribution.temperature
    let own = rows.map { Int(ids[$0]) }
    let ownLogits = pool.matrix(rows.count, 1)
    let logSums = pool.matrix(rows.count, 1)
    let sums = pool.zeros(rows.count, 1)
    let means = tables.map { pool.zeros(rows.count, $0.columns) }
    logSums.fill(Kernel.noLogit)
    distribution.forEachTile(tile, pool: pool, precision: precision) { words, logits in
      for (row, id) in own.enumerated() where words.contains(id) {
        ownLogits[row, 0] = logits[row, id - words.lowerBound]
      }
      Kernel.addSoftmaxTile(logits, scale: scale, tops: logSums, sums: sums, weighted: means)
      for (table, mean) in zip(tables, means) {
        Kernel.gemm(
          logits, .none, table.value.rows(words), .none, into: mean, beta: 1,
          precision: precision)
      }
    }
    Kernel.finishSoftmaxTiles(tops: logSums, sums: sums, weighted: means, factor: rate)
    Kernel.exponentials(ownLogits, scale: scale, shifts: logSums)
    let kept = ownLogits.values.reduce(0) { $0 + Double($1) }

    let vectors = zip(tables, means).map { table, mean in
      let value = pool.matrix(ids.count, table.columns)
      Kernel.gatherRows(table.value, ids.map(Int.init), into: value)
      for row in rows { Kernel.scale(value.rows(row..<row + 1), by: 1 - rate) }
      Kernel.scatterAddRows(mean, rows, to: value)
      return result(value, of: [table]) { gradient, owned in
        guard let target = table.leafGradientTarget(pool) else { return }
        let mixed = pool.matrix(rows.count, gradient.columns)
        Kernel.gatherRows(gradient, rows, into: mixed)
        var single = gradient
        if !owned {
          single = pool.matrix(gradient.rows, gradient.columns)
          single.copy(from: gradient)
        }
        for row in rows { Kernel.scale(single.rows(row..<row + 1), by: 1 - rate) }
        Kernel.embedGradient(single, ids: ids, into: target)
        distribution.forEachTile(tile, pool: pool, precision: precision) { words, logits in
          Kernel.exponentials(logits, scale: scale, shifts: logSums)
          Kernel.gemm(
            logits, .transposed, mixed, .none, into: target.rows(words), alpha: rate, beta: 1,
            precision: precision)
        }
      }
    }
    return (vectors, kept)
  }
}
