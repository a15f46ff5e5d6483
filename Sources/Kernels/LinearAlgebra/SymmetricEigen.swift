import CLAPACK

/// The eigenvalues and eigenvectors of a symmetric matrix: A = sum_i values[i] v_i v_i^T.
public struct SymmetricEigen: Sendable {
  /// The eigenvalues in ascending order.
  public let values: [Float]
  /// The eigenvectors, orthonormal, one a row in the order of `values`. The sign of each is
  /// LAPACK's.
  public let vectors: Matrix

  /// Factorises a symmetric matrix by divide and conquer (`ssyevd`). What is below the diagonal is
  /// not read.
  ///
  /// - Throws: `LAPACKError`.
  public init(_ matrix: Matrix) throws(LAPACKError) {
    precondition(matrix.rows == matrix.columns, "a symmetric matrix is square")
    let n = matrix.rows
    let vectors = try LAPACK.input(matrix, of: "ssyevd")
    var values = [Float](repeating: 0, count: n)
    self.vectors = vectors
    guard n > 0 else {
      self.values = []
      return
    }
    // The workspace is 1 + 6n + 2n^2 long.
    try LAPACK.checkSize(2 * n + 8, n, of: "ssyevd")
    // Row by row, the upper triangle is the lower one of a matrix stored column by column, and the
    // eigenvectors come back as columns, which are our rows.
    let order = Int32(truncatingIfNeeded: n)
    let info = LAPACKE_ssyevd(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")), order, vectors.pointer,
      order, &values)
    try LAPACK.check(info, of: "ssyevd") { _ in .notConverged }
    self.values = values
  }
}
