extension Kernel {
  /// c *= factor.
  public static func scale(_ c: Matrix, by factor: Float) {
    let span = Profile.begin(.elementwise, bytes: 8 * c.count)
    defer { span.end() }
    for row in 0..<c.rows {
      let p = c.pointer + row * c.stride
      vectors(c.columns) { i, n in store(load(p + i, n) * factor, p + i, n) }
    }
  }

  /// y += alpha x.
  public static func add(_ x: Matrix, to y: Matrix, alpha: Float = 1) {
    precondition(x.rows == y.rows && x.columns == y.columns)
    shareRows(x.rows, .elementwise, bytes: 12 * x.columns) { rows in
      for row in rows {
        let p = x.pointer + row * x.stride
        let q = y.pointer + row * y.stride
        vectors(x.columns) { i, n in
          store(load(q + i, n).addingProduct(load(p + i, n), Vector(repeating: alpha)), q + i, n)
        }
      }
    }
  }

  /// Every row of y becomes the one row of `bias`; a product added on top then needs no bias pass.
  public static func broadcast(row bias: Matrix, into y: Matrix) {
    precondition(bias.count == y.columns)
    shareRows(y.rows, .elementwise, bytes: 4 * y.columns) { rows in
      for row in rows {
        (y.pointer + row * y.stride).update(from: bias.pointer, count: y.columns)
      }
    }
  }

  /// sum += the sum of x over its rows; `sum` is one row.
  public static func addColumnSums(_ x: Matrix, to sum: Matrix) {
    precondition(sum.count == x.columns)
    shareColumns(x.columns, .elementwise, bytes: 4 * x.rows) { columns in
      let s = sum.pointer + columns.lowerBound
      for row in 0..<x.rows {
        let p = x.pointer + row * x.stride + columns.lowerBound
        vectors(columns.count) { i, n in store(load(s + i, n) + load(p + i, n), s + i, n) }
      }
    }
  }

  /// The sum of all products x[i] y[i], in double precision.
  public static func dot(_ x: Matrix, _ y: Matrix) -> Double {
    let span = Profile.begin(.elementwise, bytes: 8 * x.count)
    defer { span.end() }
    precondition(x.rows == y.rows && x.columns == y.columns)
    var total = 0.0
    for row in 0..<x.rows {
      let p = x.pointer + row * x.stride
      let q = y.pointer + row * y.stride
      var i = 0
      while i < x.columns {  // float sums no longer than 1,024 terms
        let end = min(x.columns, i + 1024)
        var sum = Vector.zero
        vectors(end - i) { j, n in sum.addProduct(load(p + i + j, n), load(q + i + j, n)) }
        total += Double(sum.sum())
        i = end
      }
    }
    return total
  }

  /// y[i] = x[rows[i]].
  public static func gatherRows(_ x: Matrix, _ rows: [Int], into y: Matrix) {
    let span = Profile.begin(.elementwise, bytes: 8 * y.count)
    defer { span.end() }
    precondition(y.rows == rows.count && y.columns == x.columns)
    for (i, row) in rows.enumerated() {
      precondition(row >= 0 && row < x.rows)
      (y.pointer + i * y.stride).update(from: x.pointer + row * x.stride, count: x.columns)
    }
  }

  /// y[rows[i]] += x[i], in the order of `rows`.
  public static func scatterAddRows(_ x: Matrix, _ rows: [Int], to y: Matrix) {
    let span = Profile.begin(.elementwise, bytes: 12 * x.count)
    defer { span.end() }
    precondition(x.rows == rows.count && y.columns == x.columns)
    for (i, row) in rows.enumerated() {
      precondition(row >= 0 && row < y.rows)
      let p = x.pointer + i * x.stride
      let q = y.pointer + row * y.stride
      vectors(x.columns) { j, n in store(load(q + j, n) + load(p + j, n), q + j, n) }
    }
  }
}
