extension Kernel {
  /// out = LayerNorm(dropout(y) + residual) gamma + beta, row by row. y becomes the normalised
  /// rows. A row whose variance is infinite in float32 becomes NaN.
  ///
  /// - Parameters:
  ///   - y: [rows, H]; on return (dropout(y) + residual - mean) / sqrt(variance + epsilon), which
  ///     the backward pass needs.
  ///   - residual: [rows, H] or nil for none.
  ///   - gamma: one row of H.
  ///   - beta: one row of H.
  ///   - reciprocals: [rows, 1], receives 1 / sqrt(variance + epsilon).
  public static func addNorm(
    _ y: Matrix, residual: Matrix?, gamma: Matrix, beta: Matrix, epsilon: Float, dropout: Dropout?,
    into out: Matrix, reciprocals: Matrix
  ) {
    let columns = y.columns
    precondition(gamma.count == columns && beta.count == columns && reciprocals.count == y.rows)
    precondition(out.rows == y.rows && out.columns == columns)
    if let residual { precondition(residual.rows == y.rows && residual.columns == columns) }
    let g = gamma.pointer
    let b = beta.pointer
    shareRows(y.rows, .layerNorm, bytes: 4 * columns * (residual == nil ? 3 : 4)) { rows in
      withScratch(columns) { factors in
        for row in rows {
          let p = y.pointer + row * y.stride
          let q = out.pointer + row * out.stride
          var sum = Vector.zero
          if let dropout { dropout.factors(row: row, columns: columns, into: factors) }
          let r = residual.map { $0.pointer + row * $0.stride }
          vectors(columns) { i, n in
            var v = load(p + i, n)
            if dropout != nil { v *= load(factors + i, n) }
            if let r { v += load(r + i, n) }
            store(v, p + i, n)
            sum += v
          }
          let mean = sum.sum() / Float(columns)
          var squares = Vector.zero
          vectors(columns) { i, n in
            let v = first(n, of: load(p + i, n) - mean, else: 0)
            squares.addProduct(v, v)
          }
          let variance = squares.sum() / Float(columns)
          // 1 / sqrt(infinity) is 0, which would make any row the bias.
          let reciprocal = variance.isFinite ? 1 / (variance + epsilon).squareRoot() : .nan
          vectors(columns) { i, n in
            let v = (load(p + i, n) - mean) * reciprocal
            store(v, p + i, n)
            store(load(b + i, n).addingProduct(v, load(g + i, n)), q + i, n)
          }
          reciprocals.pointer[row * reciprocals.stride] = reciprocal
        }
      }
    }
  }

  /// Backward of `addNorm`.
  ///
  /// - Parameters:
  ///   - dOut: gradient of the output, [rows, H].
  ///   - normalised: `y` as `addNorm` left it.
  ///   - reciprocals: as `addNorm` left them.
  ///   - dGamma: one row of H, added to; nil if not wanted.
  ///   - dBeta: one row of H, added to; nil if not wanted.
  ///   - dSum: receives the gradient of dropout(y) + residual.
  ///   - dY: receives the gradient of y; only needed if there is dropout (otherwise it equals
  ///     dSum).
  public static func addNormGradient(
    dOut: Matrix, normalised: Matrix, reciprocals: Matrix, gamma: Matrix, dGamma: Matrix?,
    dBeta: Matrix?, dropout: Dropout?, dSum: Matrix, dY: Matrix?
  ) {
    let columns = dOut.columns
    precondition(normalised.rows == dOut.rows && normalised.columns == columns)
    precondition(dSum.rows == dOut.rows && dSum.columns == columns && gamma.count == columns)
    let rowBytes = 4 * columns * (dY == nil ? 3 : 4)
    // Alone, a thread sums for the weights while it has a row at hand. Several threads cannot: the
    // sums are over all rows. It is asked once, since a thread that becomes free in between would
    // otherwise add to the same sums.
    let isAlone = team == 1
    func compute(_ rows: Range<Int>) {
      withScratch(columns) { factors in
        for row in rows {
          if isAlone, let dGamma, let dBeta {
            addWeightGradients(
              row..<row + 1, 0..<columns, dOut: dOut, normalised: normalised, to: dGamma, dBeta)
          }
          addNormGradientRow(
            row, dOut: dOut, normalised: normalised, reciprocals: reciprocals, gamma: gamma,
            dropout: dropout, factors: factors, dSum: dSum, dY: dY)
        }
      }
    }
    if isAlone {
      let span = Profile.begin(.layerNormGradient, bytes: rowBytes * dOut.rows)
      defer { span.end() }
      compute(0..<dOut.rows)
    } else {
      shareRows(dOut.rows, .layerNormGradient, bytes: rowBytes) { compute($0) }
    }
    guard !isAlone, let dGamma, let dBeta else { return }
    shareColumns(columns, .layerNormGradient, bytes: 8 * dOut.rows) { columns in
      addWeightGradients(
        0..<dOut.rows, columns, dOut: dOut, normalised: normalised, to: dGamma, dBeta)
    }
  }

  /// Adds what some rows contribute to some columns of the gradients of gamma and beta.
  @inline(__always)
  private static func addWeightGradients(
    _ rows: Range<Int>, _ columns: Range<Int>, dOut: Matrix, normalised: Matrix,
    to dGamma: Matrix, _ dBeta: Matrix
  ) {
    let dg = dGamma.pointer + columns.lowerBound
    let db = dBeta.pointer + columns.lowerBound
    for row in rows {
      let d = dOut.pointer + row * dOut.stride + columns.lowerBound
      let x = normalised.pointer + row * normalised.stride + columns.lowerBound
      vectors(columns.count) { i, n in
        let v = load(d + i, n)
        store(load(dg + i, n).addingProduct(v, load(x + i, n)), dg + i, n)
        store(load(db + i, n) + v, db + i, n)
      }
    }
  }

  @inline(__always)
  private static func addNormGradientRow(
    _ row: Int, dOut: Matrix, normalised: Matrix, reciprocals: Matrix, gamma: Matrix,
    dropout: Dropout?, factors: FloatPointer, dSum: Matrix, dY: Matrix?
  ) {
    let columns = dOut.columns
    let g = gamma.pointer
    let d = dOut.pointer + row * dOut.stride
    let x = normalised.pointer + row * normalised.stride
    let s = dSum.pointer + row * dSum.stride
    var sum = Vector.zero
    var product = Vector.zero
    vectors(columns) { i, n in
      let v = load(d + i, n) * load(g + i, n)
      sum += v
      product.addProduct(v, load(x + i, n))
    }
    let mean = sum.sum() / Float(columns)
    let slope = product.sum() / Float(columns)
    let reciprocal = reciprocals.pointer[row * reciprocals.stride]
    if let dropout, let dY {
      dropout.factors(row: row, columns: columns, into: factors)
      let y = dY.pointer + row * dY.stride
      vectors(columns) { i, n in
        let v = (load(d + i, n) * load(g + i, n) - mean - load(x + i, n) * slope) * reciprocal
        store(v, s + i, n)
        store(v * load(factors + i, n), y + i, n)
      }
    } else {
      vectors(columns) { i, n in
        let v = (load(d + i, n) * load(g + i, n) - mean - load(x + i, n) * slope) * reciprocal
        store(v, s + i, n)
      }
    }
  }
}
