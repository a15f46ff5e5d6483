/// Softmax over columns that arrive tile by tile, so that no row ever exists as a whole.
///
/// For every row two numbers are kept: the largest scaled logit so far (`tops`) and the sum of the
/// exponentials relative to it (`sums`). Source: Milakov and Gimelshein, "Online normalizer
/// calculation for softmax", 2018.
extension Kernel {
  /// The initial value of `tops`, before the first tile; `sums` and what they weight begin at 0.
  public static var noLogit: Float { -Float.greatestFiniteMagnitude }

  /// Takes the next columns of all rows: `tile` becomes exp(scale tile - top), in place.
  ///
  /// - Parameters:
  ///   - tile: logits, [rows, columns of the tile].
  ///   - tops: [rows, 1]; updated.
  ///   - sums: [rows, 1]; updated.
  ///   - weighted: sums over earlier tiles that were made with earlier tops, [rows, any width]
  ///     each; they are rescaled to the new ones.
  public static func addSoftmaxTile(
    _ tile: Matrix, scale: Float = 1, tops: Matrix, sums: Matrix, weighted: [Matrix]
  ) {
    precondition(tops.rows == tile.rows && sums.rows == tile.rows)
    shareRows(tile.rows, .softmax, bytes: 8 * tile.columns) { rows in
      for row in rows {
        let p = tile.pointer + row * tile.stride
        var highest = Vector(repeating: noLogit)
        vectors(tile.columns) { i, n in
          highest = larger(highest, first(n, of: load(p + i, n) * scale, else: noLogit))
        }
        let before = tops[row, 0]
        let top = Swift.max(before, highest.max())
        var sum = Vector.zero
        vectors(tile.columns) { i, n in
          let e = first(n, of: exp(load(p + i, n) * scale - top), else: 0)
          store(e, p + i, n)
          sum += e
        }
        let factor = before == top ? 1 : exp(Vector(repeating: before - top))[0]
        if factor != 1 {
          for matrix in weighted {
            let q = matrix.pointer + row * matrix.stride
            vectors(matrix.columns) { i, n in store(load(q + i, n) * factor, q + i, n) }
          }
        }
        sums[row, 0] = sums[row, 0] * factor + sum.sum()
        tops[row, 0] = top
      }
    }
  }

  /// After the last tile: `weighted` becomes `factor` times the mean under the softmax, and `tops`
  /// becomes the log of the sum of exp(scale logit), row by row.
  public static func finishSoftmaxTiles(
    tops: Matrix, sums: Matrix, weighted: [Matrix], factor: Float = 1
  ) {
    let span = Profile.begin(
      .softmax, bytes: 8 * weighted.reduce(tops.count) { $0 + $1.count })
    defer { span.end() }
    for row in 0..<tops.rows {
      let sum = sums[row, 0]
      for matrix in weighted {
        let q = matrix.pointer + row * matrix.stride
        vectors(matrix.columns) { i, n in store(load(q + i, n) * (factor / sum), q + i, n) }
      }
      tops[row, 0] += logarithm(sum)
    }
  }

  /// x = exp(scale x - shift of the row), in place: probabilities, where the shifts are what
  /// `finishSoftmaxTiles` leaves in `tops`.
  ///
  /// - Parameter shifts: [rows, 1].
  public static func exponentials(_ x: Matrix, scale: Float = 1, shifts: Matrix) {
    precondition(shifts.rows == x.rows)
    shareRows(x.rows, .softmax, bytes: 8 * x.columns) { rows in
      for row in rows {
        let p = x.pointer + row * x.stride
        let shift = shifts[row, 0]
        vectors(x.columns) { i, n in store(exp(load(p + i, n) * scale - shift), p + i, n) }
      }
    }
  }
}
