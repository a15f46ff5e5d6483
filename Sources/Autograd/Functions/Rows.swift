import Kernels

extension Tape {
  /// The rows of x with the given indices, in the given order.
  public func gatherRows(_ x: Tensor, _ rows: [Int]) -> Tensor {
    let pool = pool
    let value = pool.matrix(rows.count, x.columns)
    Kernel.gatherRows(x.value, rows, into: value)
    return result(value, of: [x]) { gradient, _ in
      if let target = x.leafGradientTarget(pool) {
        Kernel.scatterAddRows(gradient, rows, to: target)
      }
    }
  }

  /// Dropout on every element; x itself if `probability` is 0.
  public func dropout(_ x: Tensor, probability: Float) -> Tensor {
    guard let pattern = dropout(probability) else { return x }
    let pool = pool
    let value = pool.matrix(x.rows, x.columns)
    Kernel.applyDropout(pattern, x.value, into: value)
    return result(value, of: [x]) { gradient, owned in
      let d = owned ? gradient : pool.matrix(gradient.rows, gradient.columns)
      Kernel.applyDropout(pattern, gradient, into: d)
      x.accumulate(d, pool: pool)
    }
  }

  /// Softmax over the columns of each row.
  public func softmax(_ x: Tensor) -> Tensor {
    let pool = pool
    let value = pool.matrix(x.rows, x.columns)
    value.copy(from: x.value)
    Kernel.softmaxRows(value)
    return result(value, of: [x]) { gradient, owned in
      let d = owned ? gradient : pool.matrix(gradient.rows, gradient.columns)
      Kernel.softmaxGradient(value, gradient, into: d)
      x.accumulate(d, pool: pool)
    }
  }
}
