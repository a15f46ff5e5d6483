import CLAPACK
import Glibc

/// The LAPACK library behind the factorisations of matrices. OpenBLAS has LAPACK's routines, and
/// Debian's liblapacke calls them from C.
public enum LAPACK {
  /// The version of the reference LAPACK that the library corresponds to, such as `3.11.0`.
  public static var version: String {
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    LAPACKE_ilaver(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
  }

  /// The address of one of the routines behind the factorisations; nil if it cannot be found.
  package static var routineAddress: UInt? {
    dlsym(nil, "ssyevd_").map { UInt(bitPattern: $0) }
  }

  /// LAPACK numbers rows, columns and elements with 32 bits. Half of what those hold leaves room
  /// for workspaces, whose sizes it computes itself.
  private static let mostElements = Int(Int32.max) / 2

  /// A copy of a matrix with its rows next to each other, checked for a call.
  ///
  /// LAPACK never ends, or returns numbers that mean nothing, where an input is not finite.
  ///
  /// - Throws: `LAPACKError` if it is too large, or a number in it is not finite.
  static func input(_ matrix: Matrix, of routine: String) throws(LAPACKError) -> Matrix {
    try checkSize(matrix.rows, matrix.columns, of: routine)
    guard matrix.isFinite else { throw LAPACKError(routine, .notFinite) }
    let result = Matrix(zeros: matrix.rows, matrix.columns)
    result.copy(from: matrix)
    return result
  }

  /// - Throws: `LAPACKError` if LAPACK cannot number the elements of a matrix of so many rows and
  ///   columns.
  static func checkSize(_ rows: Int, _ columns: Int, of routine: String) throws(LAPACKError) {
    let (count, overflows) = rows.multipliedReportingOverflow(by: columns)
    guard !overflows, count <= mostElements, max(rows, columns) <= mostElements else {
      throw LAPACKError(routine, .tooLarge(rows: rows, columns: columns))
    }
  }

  /// What a routine's `info` says of itself; `failure` says what a positive one means.
  static func check(
    _ info: Int32, of routine: String, failure: (Int) -> LAPACKError.Reason
  ) throws(LAPACKError) {
    guard info != 0 else { return }
    let isMemory = info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR
    throw LAPACKError(
      routine, info > 0 ? failure(Int(info)) : isMemory ? .noMemory : .refused(info: Int(info)))
  }
}

/// A matrix that could not be factorised.
public struct LAPACKError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Why.
  public enum Reason: Sendable, Equatable {
    /// A number in the matrix is NaN or infinite.
    case notFinite
    /// It has more rows, columns or elements than LAPACK can number.
    case tooLarge(rows: Int, columns: Int)
    /// The iteration for eigenvalues or singular values found no end.
    case notConverged
    /// The columns are linearly dependent, or are so within rounding.
    case rankDeficient
    /// The leading block of so many rows is not positive definite.
    case notPositiveDefinite(order: Int)
    /// There was no memory for the workspace.
    case noMemory
    /// LAPACK did not accept an argument: a mistake of the program.
    case refused(info: Int)
  }

  /// LAPACK's name of the routine, such as `ssyevd`.
  public let routine: String
  /// Why.
  public let reason: Reason

  init(_ routine: String, _ reason: Reason) {
    self.routine = routine
    self.reason = reason
  }

  /// One sentence.
  public var description: String {
    let what =
      switch reason {
      case .notFinite: "the matrix has a number that is NaN or infinite"
      case .tooLarge(let rows, let columns):
        "a matrix of \(rows) x \(columns) is larger than LAPACK can number"
      case .notConverged: "the iteration did not converge"
      case .rankDeficient: "the columns are linearly dependent"
      case .notPositiveDefinite(let order):
        "the leading block of \(order) row\(order == 1 ? "" : "s") is not positive definite"
      case .noMemory: "there is no memory for the workspace"
      case .refused(let info): "LAPACK refused argument \(-info)"
      }
    return "\(routine): \(what)"
  }
}
