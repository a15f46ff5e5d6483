import Kernels

extension Tape {
  /// LayerNorm(dropout(y) + residual) gamma + beta over the columns of each row.
  ///
  /// This takes over the memory of y; nobody else may read y afterwards.
  /// - Parameters:
  ///   - y: [rows, H].
  ///   - residual: same shape as y, or nil.
  ///   - gamma: one row of H.
  ///   - beta: one row of H.
  ///   - epsilon: added to the variance (`layer_norm_eps`).
  ///   - dropout: probability, applied to y before the sum.
  /// - Returns: [rows, H].
  public func addNorm(
    _ y: Tensor, residual: Tensor?, gamma: Tensor, beta: Tensor, epsilon: Float, dropout: Float = 0
  ) -> Tensor {
    let pattern = self.dropout(dropout)
    let pool = pool
    let normalised = y.value
    let reciprocals = pool.matrix(y.rows, 1)
    let value = pool.matrix(y.rows, y.columns)
    Kernel.addNorm(
      normalised, residual: residual?.value, gamma: gamma.value, beta: beta.value, epsilon: epsilon,
      dropout: pattern, into: value, reciprocals: reciprocals)
    return result(value, of: [y, residual, gamma, beta]) { gradient, _ in
      let dSum = pool.matrix(gradient.rows, gradient.columns)
      let dY =
        pattern != nil && y.requiresGradient ? pool.matrix(gradient.rows, gradient.columns) : nil
      // Both weights or neither: they belong to one model.
      let wanted = gamma.requiresGradient && beta.requiresGradient
      Kernel.addNormGradient(
        dOut: gradient, normalised: normalised, reciprocals: reciprocals, gamma: gamma.value,
        dGamma: wanted ? gamma.leafGradientTarget(pool) : nil,
        dBeta: wanted ? beta.leafGradientTarget(pool) : nil,
        dropout: dY == nil ? nil : pattern, dSum: dSum, dY: dY)
      let sharesSum = dY == nil && y.requiresGradient && residual?.requiresGradient == true
      if y.requiresGradient { y.accumulate(dY ?? dSum, pool: pool, shared: sharesSum) }
      residual?.accumulate(dSum, pool: pool, shared: sharesSum)
    }
  }
}

extension Tensor {
  /// The memory to which a gradient is added, zeroed on first use; nil if none is wanted.
  func leafGradientTarget(_ pool: BufferPool) -> Matrix? {
    var target: Matrix?
    accumulate(pool) { matrix, beta in
      if beta == 0 { matrix.fill(0) }
      target = matrix
    }
    return target
  }
}
