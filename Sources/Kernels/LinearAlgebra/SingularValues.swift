import CLAPACK

/// The thin singular value decomposition A = U diag(values) V^T. With A [m, n], k is min(m, n).
public struct SingularValues: Sendable {
  /// The singular values in descending order, [k].
  public let values: [Float]
  /// U, [m, k]: its columns are orthonormal.
  public let left: Matrix
  /// V^T, [k, n]: its rows are orthonormal.
  public let right: Matrix

  /// Factorises a matrix by divide and conquer (`sgesdd`).
  ///
  /// - Throws: `LAPACKError`.
  public init(_ matrix: Matrix) throws(LAPACKError) {
    let (m, n) = (matrix.rows, matrix.columns)
    let k = min(m, n)
    let a = try LAPACK.input(matrix, of: "sgesdd")
    (left, right) = (Matrix(zeros: m, k), Matrix(zeros: k, n))
    var values = [Float](repeating: 0, count: k)
    guard k > 0 else {
      self.values = []
      return
    }
    // The workspace is 4k^2 + 7k long, or somewhat longer than the matrix.
    try LAPACK.checkSize(4 * k + 8, k, of: "sgesdd")
    // Stored column by column, our rows are A^T = V diag(values) U^T. Its left factor [n, k] comes
    // back column by column, which is V^T row by row; so is U.
    let (rows, columns) = (Int32(truncatingIfNeeded: n), Int32(truncatingIfNeeded: m))
    let info = LAPACKE_sgesdd(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "S")), rows, columns, a.pointer, rows, &values,
      right.pointer, rows, left.pointer, Int32(truncatingIfNeeded: k))
    try LAPACK.check(info, of: "sgesdd") { _ in .notConverged }
    self.values = values
  }
}
