import Kernels

extension Tape {
  /// x with some rows replaced: row `rows[i]` becomes row i of y.
  ///
  /// Both get gradients: y that of the replaced rows, and x that of all other rows.
  /// - Parameter rows: indices of the rows to replace, all different.
  public func replacingRows(_ x: Tensor, _ rows: [Int], with y: Tensor) -> Tensor {
    precondition(y.rows == rows.count && y.columns == x.columns)
    let pool = pool
    let value = pool.matrix(x.rows, x.columns)
    value.copy(from: x.value)
    for (i, row) in rows.enumerated() {
      value.rows(row..<row + 1).copy(from: y.value.rows(i..<i + 1))
    }
    return result(value, of: [x, y]) { gradient, owned in
      if y.requiresGradient {
        let replaced = pool.matrix(rows.count, gradient.columns)
        Kernel.gatherRows(gradient, rows, into: replaced)
        y.accumulate(replaced, pool: pool)
      }
      guard x.requiresGradient else { return }
      var rest = gradient
      if !owned {
        rest = pool.matrix(gradient.rows, gradient.columns)
        rest.copy(from: gradient)
      }
      for row in rows { rest.rows(row..<row + 1).fill(0) }
      x.accumulate(rest, pool: pool)
    }
  }
}
