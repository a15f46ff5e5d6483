import Kernels

/// One kernel at one shape.
struct KernelCase: Sendable {
  /// The kernel's name.
  let name: String
  /// The shape, such as `512x768x3072`.
  let shape: String
  /// Floating-point operations per call, if they dominate the time; else 0.
  let flops: Int
  /// Bytes of all operands of a call, each counted once.
  let bytes: Int
  /// Allocates operands and returns a call that works on them.
  let make: @Sendable () -> @Sendable () -> Void

  /// The text that `--filter` is matched against.
  var title: String { "\(name) \(shape)" }

  /// All cases.
  static var all: [KernelCase] { products + vocabulary + attention + passes + wholeModel }
}

/// A matrix with memory of its own that has been written to: untouched pages would all be the same
/// page.
func filled(_ rows: Int, _ columns: Int, _ value: Float = 0.01) -> Matrix {
  let matrix = Matrix(zeros: rows, columns)
  matrix.fill(value)
  return matrix
}

/// A buffer that has been written to.
func filledBuffer(_ count: Int, _ value: Float = 0.01) -> Buffer {
  let buffer = Buffer(zeroed: count)
  Matrix(buffer, rows: 1, columns: count).fill(value)
  return buffer
}
