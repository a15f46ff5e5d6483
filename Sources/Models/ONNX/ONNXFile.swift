/// What `ONNXExport` has written.
public struct ONNXFile: Sendable {
  /// The size of the file in bytes.
  public let bytes: Int
  /// The size that it would have in float32.
  public let float32Bytes: Int
  /// The matrix that eight bits changed most; nil in float32.
  public let rounding: Rounding?

  /// What storing a matrix in eight bits does to it.
  public struct Rounding: Sendable {
    /// The matrix, as the file calls it.
    public let matrix: String
    /// How far the stored matrix is from the model's: the Frobenius norm of their difference
    /// divided by that of the model's matrix.
    public let relativeError: Double
  }
}

/// The greatest of the roundings of a model's matrices.
final class ONNXRoundings {
  private(set) var greatest: ONNXFile.Rounding?

  /// Adds a matrix by the sum of its squares, and that of its differences from what is stored.
  func add(_ matrix: String, squares: Double, differences: Double) {
    let error = squares > 0 ? (differences / squares).squareRoot() : 0
    guard error >= greatest?.relativeError ?? 0 else { return }
    greatest = ONNXFile.Rounding(matrix: matrix, relativeError: error)
  }
}
