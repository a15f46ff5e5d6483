extension Kernel {
  /// y[i] = the mean of rows offsets[i]..<offsets[i + 1] of x, which must not be empty.
  public static func meanRows(_ x: Matrix, offsets: [Int], into y: Matrix) {
    precondition(y.rows == offsets.count - 1 && y.columns == x.columns)
    let span = Profile.begin(.elementwise, bytes: 4 * x.count)
    defer { span.end() }
    for i in 0..<y.rows {
      let rows = offsets[i]..<offsets[i + 1]
      precondition(!rows.isEmpty && rows.upperBound <= x.rows)
      let factor = 1 / Float(rows.count)
      let q = y.pointer + i * y.stride
      vectors(x.columns) { j, n in
        var sum = Vector.zero
        for row in rows { sum += load(x.pointer + row * x.stride + j, n) }
        store(sum * factor, q + j, n)
      }
    }
  }

  /// dx[row] += dy[i] / (rows of i) for the rows of each i: the gradient of `meanRows`.
  public static func addMeanRowsGradient(_ dy: Matrix, offsets: [Int], to dx: Matrix) {
    precondition(dy.rows == offsets.count - 1 && dy.columns == dx.columns)
    let span = Profile.begin(.elementwise, bytes: 8 * dx.count)
    defer { span.end() }
    for i in 0..<dy.rows {
      let rows = offsets[i]..<offsets[i + 1]
      precondition(!rows.isEmpty && rows.upperBound <= dx.rows)
      let factor = Vector(repeating: 1 / Float(rows.count))
      let p = dy.pointer + i * dy.stride
      for row in rows {
        let q = dx.pointer + row * dx.stride
        vectors(dx.columns) { j, n in
          store(load(q + j, n).addingProduct(load(p + j, n), factor), q + j, n)
        }
      }
    }
  }

  /// y = x / max(||x||, 1e-12), row by row (torch.nn.functional.normalize); returns the divisors.
  public static func normalizeRows(_ x: Matrix, into y: Matrix) -> [Float] {
    precondition(x.rows == y.rows && x.columns == y.columns)
    let span = Profile.begin(.elementwise, bytes: 12 * x.count)
    defer { span.end() }
    return (0..<x.rows).map { row in
      let p = x.pointer + row * x.stride
      let q = y.pointer + row * y.stride
      var sum = Vector.zero
      vectors(x.columns) { i, n in sum.addProduct(load(p + i, n), load(p + i, n)) }
      let norm = max(sum.sum().squareRoot(), 1e-12)
      let factor = 1 / norm
      vectors(x.columns) { i, n in store(load(p + i, n) * factor, q + i, n) }
      return norm
    }
  }

  /// dx = (dy - y (y . dy)) / norm, row by row: the gradient of `normalizeRows`; dx may be dy.
  ///
  /// - Parameters:
  ///   - y: the normalised rows.
  ///   - norms: what `normalizeRows` returned.
  public static func normalizeRowsGradient(
    _ y: Matrix, norms: [Float], _ dy: Matrix, into dx: Matrix
  ) {
    precondition(y.rows == dy.rows && y.columns == dy.columns && norms.count == y.rows)
    precondition(y.rows == dx.rows && y.columns == dx.columns)
    let span = Profile.begin(.elementwise, bytes: 16 * y.count)
    defer { span.end() }
    for row in 0..<y.rows {
      let p = y.pointer + row * y.stride
      let g = dy.pointer + row * dy.stride
      let d = dx.pointer + row * dx.stride
      var sum = Vector.zero
      vectors(y.columns) { i, n in sum.addProduct(load(p + i, n), load(g + i, n)) }
      let along = sum.sum()
      let factor = 1 / norms[row]
      vectors(y.columns) { i, n in
        store((load(g + i, n) - load(p + i, n) * along) * factor, d + i, n)
      }
    }
  }
}
