import CLAPACK

extension Kernel {
  /// The X [n, r] for which the sum of squares of A X - B is least (`sgels`).
  ///
  /// - Parameters:
  ///   - a: [m, n] with at least as many rows as columns, whose columns are linearly independent.
  ///   - b: [m, r], one column for each column of X.
  /// - Throws: `LAPACKError`, also if the columns of A are linearly dependent within rounding.
  public static func leastSquares(_ a: Matrix, _ b: Matrix) throws(LAPACKError) -> Matrix {
    let (m, n, count) = (a.rows, a.columns, b.columns)
    precondition(b.rows == m && m >= n, "least squares needs no fewer rows than columns")
    let result = Matrix(zeros: n, count)
    let factor = try LAPACK.input(a, of: "sgels")
    guard n > 0, count > 0 else { return result }
    guard b.isFinite else { throw LAPACKError("sgels", .notFinite) }
    try LAPACK.checkSize(m, count, of: "sgels")
    // Stored column by column, our A is A^T, which the routine takes as it is. The right-hand sides
    // are read as columns, so they are turned.
    let sides = Matrix(zeros: count, m)
    for row in 0..<m { for side in 0..<count { sides[side, row] = b[row, side] } }
    let (rows, columns) = (Int32(truncatingIfNeeded: n), Int32(truncatingIfNeeded: m))
    let info = LAPACKE_sgels(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "T")), rows, columns,
      Int32(truncatingIfNeeded: count), factor.pointer, rows, sides.pointer, columns)
    try LAPACK.check(info, of: "sgels") { _ in .rankDeficient }
    // It only notices a diagonal element of the triangular factor that is zero to the last bit.
    var (least, largest) = (Float.infinity, Float(0))
    for i in 0..<n {
      let size = abs(factor[i, i])
      (least, largest) = (min(least, size), max(largest, size))
    }
    guard least > Float(m) * .ulpOfOne * largest, sides.isFinite else {
      throw LAPACKError("sgels", .rankDeficient)
    }
    for row in 0..<n { for side in 0..<count { result[row, side] = sides[side, row] } }
    return result
  }
}
