import Kernels

extension Tape {
  /// f(x weight^T + bias), where f is the identity if `activation` is nil.
  ///
  /// - Parameters:
  ///   - x: [rows, in].
  ///   - weight: [out, in], as torch.nn.Linear stores it.
  ///   - bias: one row of `out`, or nil.
  /// - Returns: [rows, out].
  public func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor?, activation: Activation? = nil
  ) -> Tensor {
    let before = pool.matrix(x.rows, weight.rows)
    if let bias { Kernel.broadcast(row: bias.value, into: before) }
    Kernel.gemm(
      x.value, .none, weight.value, .transposed, into: before, beta: bias == nil ? 0 : 1,
      precision: precision)
    var value = before
    if let activation {
      // The derivative of tanh follows from its output, so its input need not be kept.
      if activation != .tanh { value = pool.matrix(x.rows, weight.rows) }
      Kernel.activate(activation, before, into: value)
    }
    let pool = pool
    let precision = precision
    let input = x.value
    let keepsInput = weight.requiresGradient
    let kept = keepsInput ? input : nil
    return result(value, of: [x, weight, bias]) { gradient, owned in
      var d = gradient
      if let activation {
        d = owned ? gradient : pool.matrix(gradient.rows, gradient.columns)
        Kernel.activationGradient(activation, before, gradient, into: d)
      }
      if let target = bias?.leafGradientTarget(pool) { Kernel.addColumnSums(d, to: target) }
      if let kept {
        weight.accumulate(pool) { target, beta in
          Kernel.gemm(
            d, .transposed, kept, .none, into: target, beta: beta, precision: precision)
        }
      }
      x.accumulate(pool) { target, beta in
        Kernel.gemm(d, .none, weight.value, .none, into: target, beta: beta, precision: precision)
      }
    }
  }
}
