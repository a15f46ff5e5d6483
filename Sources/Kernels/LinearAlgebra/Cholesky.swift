import CLAPACK

/// The Cholesky factor of a symmetric positive definite matrix: A = L L^T.
public struct Cholesky: Sendable {
  /// L; what is above its diagonal is zero.
  public let lower: Matrix

  /// Factorises a symmetric matrix (`spotrf`). What is above the diagonal is not read.
  ///
  /// - Throws: `LAPACKError`, also if the matrix is not positive definite.
  public init(_ matrix: Matrix) throws(LAPACKError) {
    precondition(matrix.rows == matrix.columns, "a symmetric matrix is square")
    let n = matrix.rows
    lower = try LAPACK.input(matrix, of: "spotrf")
    guard n > 0 else { return }
    // Row by row, the lower triangle is the upper one of a matrix stored column by column.
    let order = Int32(truncatingIfNeeded: n)
    let info = LAPACKE_spotrf(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "U")), order, lower.pointer, order)
    try LAPACK.check(info, of: "spotrf") { .notPositiveDefinite(order: $0) }
    for row in 0..<n { lower.rows(row..<row + 1).columns(row + 1..<n).fill(0) }
  }

  /// Factorises a covariance with a ridge: A + r I, so that variables which depend on each other
  /// have a factor too.
  ///
  /// - Parameter ridge: r in units of the mean variance. It grows tenfold until the matrix is
  ///   positive definite, since one variance far above the others leaves more rounding than that.
  /// - Throws: `LAPACKError`.
  public init(covariance: Matrix, ridge: Float) throws(LAPACKError) {
    self = try Self.factor(covariance, ridge: ridge)
  }

  private static func factor(
    _ covariance: Matrix, ridge: Float
  ) throws(LAPACKError) -> Cholesky {
    let matrix = try LAPACK.input(covariance, of: "spotrf")
    var trace: Float = 0
    for i in 0..<matrix.rows { trace += max(0, matrix[i, i]) }
    var shift = max(ridge * trace / Float(max(1, matrix.rows)), 1e-30)
    while true {
      for i in 0..<matrix.rows { matrix[i, i] = covariance[i, i] + shift }
      do {
        return try Cholesky(matrix)
      } catch {
        guard case .notPositiveDefinite = error.reason, shift <= trace else { throw error }
        shift *= 10
      }
    }
  }

  /// The x with A x = b for each row b of a matrix, in its place (`spotrs`).
  ///
  /// - Throws: `LAPACKError`.
  public func solve(rows sides: Matrix) throws(LAPACKError) {
    precondition(sides.columns == lower.rows, "right-hand sides do not fit")
    try LAPACK.checkSize(sides.rows, sides.stride, of: "spotrs")
    guard sides.isFinite else { throw LAPACKError("spotrs", .notFinite) }
    guard sides.count > 0 else { return }
    let order = Int32(truncatingIfNeeded: lower.rows)
    let info = LAPACKE_spotrs(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "U")), order, Int32(truncatingIfNeeded: sides.rows),
      lower.pointer, order, sides.pointer, Int32(truncatingIfNeeded: sides.stride))
    try LAPACK.check(info, of: "spotrs") { _ in .notFinite }
  }
}
