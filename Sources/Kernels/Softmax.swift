extension Kernel {
  /// Every row of x becomes softmax(scale x), in place.
  ///
  /// - Parameter width: the number of columns that hold values. Those after them become 0, so that
  ///   rows with room up to a multiple of 16 can be read without tail handling.
  public static func softmaxRows(_ x: Matrix, width: Int? = nil, scale: Float = 1) {
    shareRows(x.rows, .softmax, bytes: 8 * x.columns) { rows in
      for row in rows {
        softmaxRow(x.pointer + row * x.stride, width ?? x.columns, x.columns, scale)
      }
    }
  }

  @inline(__always)
  static func softmaxRow(_ p: FloatPointer, _ width: Int, _ room: Int, _ scale: Float) {
    let lowest = -Float.greatestFiniteMagnitude
    var top = Vector(repeating: lowest)
    vectors(width) { i, n in
      top = larger(top, first(n, of: load(p + i, n) * scale, else: lowest))
    }
    let maximum = top.max()
    var sum = Vector.zero
    vectors(width) { i, n in
      let e = first(n, of: exp(load(p + i, n) * scale - maximum), else: 0)
      store(e, p + i, n)
      sum += e
    }
    let factor = 1 / sum.sum()
    vectors(width) { i, n in store(load(p + i, n) * factor, p + i, n) }
    var i = width
    while i < room {
      p[i] = 0
      i += 1
    }
  }

  /// The log of the sum of exp(scale x) over a row, with the sum in double precision.
  @inline(__always)
  static func logSumExp(_ p: FloatPointer, _ columns: Int, _ scale: Float) -> Float {
    let lowest = -Float.greatestFiniteMagnitude
    var top = Vector(repeating: lowest)
    vectors(columns) { i, n in
      top = larger(top, first(n, of: load(p + i, n) * scale, else: lowest))
    }
    let maximum = top.max()
    var total = 0.0
    var start = 0
    while start < columns {
      let end = min(columns, start + 4096)
      var sum = Vector.zero
      vectors(end - start) { i, n in
        sum += first(n, of: exp(load(p + start + i, n) * scale - maximum), else: 0)
      }
      total += Double(sum.sum())
      start = end
    }
    return maximum + logarithm(Float(total))
  }

  @inline(__always)
  static func logarithm(_ x: Float) -> Float { x.isNaN ? x : log(Vector(repeating: x))[0] }

  /// dx = y (dy - sum(dy y)) factor, row by row: the gradient of softmax; dx may be dy.
  ///
  /// - Parameter y: the softmax itself.
  public static func softmaxGradient(_ y: Matrix, _ dy: Matrix, into dx: Matrix, factor: Float = 1)
  {
    precondition(y.rows == dy.rows && y.columns == dy.columns)
    precondition(y.rows == dx.rows && y.columns == dx.columns)
    shareRows(y.rows, .softmax, bytes: 12 * y.columns) { rows in
      for row in rows {
        softmaxGradientRow(
          y.pointer + row * y.stride, dy.pointer + row * dy.stride, dx.pointer + row * dx.stride,
          y.columns, factor)
      }
    }
  }

  @inline(__always)
  static func softmaxGradientRow(
    _ y: FloatPointer, _ dy: FloatPointer, _ dx: FloatPointer, _ columns: Int, _ factor: Float
  ) {
    var sum = Vector.zero
    vectors(columns) { i, n in sum.addProduct(load(y + i, n), load(dy + i, n)) }
    let mean = sum.sum()
    vectors(columns) { i, n in
      store(load(y + i, n) * (load(dy + i, n) - mean) * factor, dx + i, n)
    }
  }
}

extension Kernel {
  /// The entropy of softmax(x) in nats, summed over rows.
  public static func entropyOfRows(_ x: Matrix) -> Double {
    let span = Profile.begin(.softmax, bytes: 4 * x.count)
    defer { span.end() }
    var total = 0.0
    for row in 0..<x.rows {
      let p = x.pointer + row * x.stride
      let shift = logSumExp(p, x.columns, 1)
      var sum = Vector.zero
      vectors(x.columns) { i, n in
        let v = load(p + i, n) - shift
        sum += Kernels.first(n, of: exp(v) * v, else: 0)
      }
      total -= Double(sum.sum())
    }
    return total
  }
}
