import Autograd
import Kernels

extension Tape {
  /// Makes `upstream` the gradient of `tensor`: that of the squared distance from a point half of
  /// it away. (A tape ends in losses only.)
  func send(_ upstream: [Float], into tensor: Tensor) {
    let target = zip(tensor.value.values, upstream).map { $0 - $1 / 2 }
    _ = squaredError(
      tensor, constant(Matrix(target, rows: tensor.rows, columns: tensor.columns)), weight: 1)
  }
}

/// Weights of a model made of matrices.
func parameters(_ matrices: [Matrix]) -> Parameters {
  var layout = ParameterLayout()
  for (index, matrix) in matrices.enumerated() {
    _ = layout.add("w\(index)", [matrix.rows, matrix.columns], decays: true)
  }
  let result = Parameters(layout)
  for (entry, matrix) in zip(result.entries, matrices) {
    result.matrix(entry.slot).copy(from: matrix)
  }
  return result
}

/// Repeatable numbers between -1.5 and 1.5 (Philox).
func draw(_ count: Int, seed: Int, from low: Float = -1.5, to high: Float = 1.5) -> [Float] {
  var stream = RandomStream(seed: UInt64(seed), purpose: .noise)
  return (0..<count).map { _ in low + (high - low) * stream.nextUniform() }
}
