import Kernels

extension Tape {
  /// The sum of word, position and segment embeddings.
  ///
  /// - Parameters:
  ///   - words: [vocabulary, H].
  ///   - positions: [maximum length, H].
  ///   - types: [segments, H], or nil.
  ///   - ids: one per row of the result.
  ///   - positionIDs: one per row of the result.
  ///   - typeIDs: one per row of the result.
  ///   - sample: rows of the result whose words are straight-through samples. `ids` must already
  ///     hold the sampled ids. The gradient of these rows also flows to the sample.
  /// - Returns: [ids.count, H].
  public func embedding(
    words: Tensor, positions: Tensor, types: Tensor?, ids: [Int32], positionIDs: [Int32],
    typeIDs: [Int32], sample: (rows: [Int], words: StraightThroughSample)? = nil
  ) -> Tensor {
    // The kernels check nothing in a release build, and a wrong index would read or write whatever
    // lies behind the table.
    precondition(
      Self.areRows(ids, of: words) && Self.areRows(positionIDs, of: positions)
        && types.map { Self.areRows(typeIDs, of: $0) } ?? true)
    let pool = pool
    let precision = precision
    let value = pool.matrix(ids.count, words.columns)
    Kernel.embed(
      words: words.value, ids: ids, positions: positions.value, positionIDs: positionIDs,
      types: types?.value, typeIDs: typeIDs, into: value)
    return result(value, of: [words, positions, types, sample?.words.logits]) { gradient, _ in
      if let target = words.leafGradientTarget(pool, rows: ids) {
        Kernel.embedGradient(gradient, ids: ids, into: target)
      }
      if let target = positions.leafGradientTarget(pool, rows: positionIDs) {
        Kernel.embedGradient(gradient, ids: positionIDs, into: target)
      }
      if let target = types?.leafGradientTarget(pool, rows: typeIDs) {
        Kernel.embedGradient(gradient, ids: typeIDs, into: target)
      }
      if let sample, sample.words.logits.requiresGradient {
        // d(one-hot) = d(embedding) E^T, at the sampled rows only.
        let rows = pool.matrix(sample.rows.count, gradient.columns)
        Kernel.gatherRows(gradient, sample.rows, into: rows)
        sample.words.accumulate(pool) { target, beta in
          Kernel.gemm(
            rows, .none, words.value, .transposed, into: target, beta: beta, precision: precision)
        }
      }
    }
  }

  private static func areRows(_ ids: [Int32], of table: Tensor) -> Bool {
    let rows = table.rows
    return ids.allSatisfy { $0 >= 0 && Int($0) < rows }
  }
}
