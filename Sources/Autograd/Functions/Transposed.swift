import Kernels

extension Tape {
  /// A range of rows of x, transposed: the result has one row per column of x.
  ///
  /// This turns the span logits of one text, [tokens, 2], into [2, tokens], which the losses over
  /// rows then treat as two distributions over tokens.
  public func transposed(_ x: Tensor, rows: Range<Int>) -> Tensor {
    let pool = pool
    let value = pool.matrix(x.columns, rows.count)
    for row in 0..<rows.count {
      for column in 0..<x.columns { value[column, row] = x.value[rows.lowerBound + row, column] }
    }
    return result(value, of: [x]) { gradient, _ in
      guard let target = x.leafGradientTarget(pool) else { return }
      for row in 0..<rows.count {
        for column in 0..<target.columns {
          target[rows.lowerBound + row, column] += gradient[column, row]
        }
      }
    }
  }
}
