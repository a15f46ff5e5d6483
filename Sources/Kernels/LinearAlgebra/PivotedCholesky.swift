import CLAPACK

extension Kernel {
  /// The rows of a covariance in the order in which each leaves most of the rest explained: the
  /// next one is always that with the largest variance which the ones before do not explain
  /// (`spstrf`). The first k of them are variables from which all others follow well.
  ///
  /// - Parameter covariance: symmetric, not negative; what is above the diagonal is not read.
  /// - Throws: `LAPACKError`.
  public static func pivots(of covariance: Matrix) throws(LAPACKError) -> [Int] {
    precondition(covariance.rows == covariance.columns, "a covariance is square")
    let n = covariance.rows
    let factor = try LAPACK.input(covariance, of: "spstrf")
    guard n > 0 else { return [] }
    let order = Int32(truncatingIfNeeded: n)
    var pivots = [Int32](repeating: 0, count: n)
    var rank: Int32 = 0
    let info = LAPACKE_spstrf(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "U")), order, factor.pointer, order, &pivots, &rank, -1)
    // A positive `info` says that the rank is not full; the order is right up to it.
    if info < 0 { try LAPACK.check(info, of: "spstrf") { _ in .rankDeficient } }
    return pivots.map { Int($0) - 1 }
  }
}
