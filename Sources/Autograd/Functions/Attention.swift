import Kernels

extension Tape {
  /// Multi-head self-attention over packed sequences, with queries, keys and values from one fused
  /// product.
  ///
  /// - Parameters:
  ///   - qkv: [rows, 3 H]: the queries of all heads, then the keys, then the values.
  ///   - layout: where each text begins and ends among the rows.
  ///   - heads: number of heads; divides H.
  ///   - dropout: probability, applied to the attention probabilities.
  /// - Returns: [rows, H].
  public func attention(
    qkv: Tensor, layout: AttentionLayout, heads: Int, dropout: Float = 0
  ) -> Tensor {
    let h = qkv.columns / 3
    return attention(
      queries: qkv, 0..<h, keysAndValues: qkv, h..<2 * h, 2 * h..<3 * h, layout: layout,
      heads: heads, dropout: dropout)
  }

  /// The same with separate queries, for layers that are computed for some rows only.
  ///
  /// - Parameters:
  ///   - q: [query rows, H].
  ///   - kv: [key rows, 2 H]: keys, then values.
  ///   - layout: the query rows and the key rows of each text.
  /// - Returns: [query rows, H].
  public func attention(
    q: Tensor, kv: Tensor, layout: AttentionLayout, heads: Int, dropout: Float = 0
  ) -> Tensor {
    let h = q.columns
    return attention(
      queries: q, 0..<h, keysAndValues: kv, 0..<h, h..<2 * h, layout: layout, heads: heads,
      dropout: dropout)
  }

  private func attention(
    queries: Tensor, _ qColumns: Range<Int>, keysAndValues: Tensor, _ kColumns: Range<Int>,
    _ vColumns: Range<Int>, layout: AttentionLayout, heads: Int, dropout: Float
  ) -> Tensor {
    let pattern = self.dropout(dropout)
    let pool = pool
    let fused = queries === keysAndValues
    let q = queries.value.columns(qColumns)
    let k = keysAndValues.value.columns(kColumns)
    let v = keysAndValues.value.columns(vColumns)
    let wanted = queries.requiresGradient || keysAndValues.requiresGradient
    let probabilities = wanted ? pool.matrix(1, layout.probabilityCount(heads: heads)) : nil
    let value = pool.matrix(q.rows, q.columns)
    Kernel.attention(
      q: q, k: k, v: v, layout: layout, heads: heads, dropout: pattern,
      probabilities: probabilities, into: value)
    return result(value, of: [queries, keysAndValues]) { gradient, _ in
      guard let probabilities else { return }
      let dkv = pool.matrix(keysAndValues.rows, keysAndValues.columns)
      let dq = fused ? dkv.columns(qColumns) : pool.matrix(queries.rows, queries.columns)
      Kernel.attentionGradient(
        dContext: gradient, q: q, k: k, v: v, layout: layout, heads: heads, dropout: pattern,
        probabilities: probabilities, dq: dq, dk: dkv.columns(kColumns), dv: dkv.columns(vColumns))
      if !fused { queries.accumulate(dq, pool: pool) }
      keysAndValues.accumulate(dkv, pool: pool)
    }
  }
}
