import Kernels

/// How much the layers of two encoders say the same of the same tokens or texts.
///
/// Linear CKA (Kornblith et al. 2019, arXiv 1905.00414) of two layers' states X and Y, whose
/// columns have mean 0: |Y^T X|^2 / (|X^T X| |Y^T Y|) with norms of Frobenius. It is 1 if one is a
/// rotation and scaling of the other, and 0 if nothing in one says anything linear of the other.
package struct LayerSimilarity: Sendable {
  /// CKA, one row for each layer of the first encoder with one number for each of the second; the
  /// embeddings' output is layer 0.
  package let cka: [[Double]]
  /// The singular values of each layer's states without their mean, divided by the square root of
  /// the number of rows, in descending order: their squares are the variances along principal
  /// directions.
  package let spectra: (first: [[Double]], second: [[Double]])

  /// Compares states of the same rows.
  ///
  /// - Throws: `LAPACKError` if the states are not finite.
  package init(_ first: [Matrix], _ second: [Matrix]) throws(LAPACKError) {
    let (a, b) = (first.map(Self.centred), second.map(Self.centred))
    var spectra: (first: [[Double]], second: [[Double]]) = ([], [])
    for states in a { spectra.first.append(try Self.spectrum(states)) }
    for states in b { spectra.second.append(try Self.spectrum(states)) }
    self.spectra = spectra
    // |X^T X| is the root of the sum of the fourth powers of the singular values.
    func norm(_ values: [Double]) -> Double {
      values.reduce(0) { $0 + $1 * $1 * $1 * $1 }.squareRoot()
    }
    cka = a.indices.map { i in
      b.indices.map { j in
        let product = Matrix(zeros: a[i].columns, b[j].columns)
        Kernel.gemm(
          a[i], .transposed, b[j], .none, into: product, alpha: 1 / Float(max(1, a[i].rows)))
        let size = norm(spectra.first[i]) * norm(spectra.second[j])
        return size > 0 ? Kernel.dot(product, product) / size : 0
      }
    }
  }

  /// The least number of principal directions that have a share of the variance.
  package static func directions(_ spectrum: [Double], share: Double) -> Int {
    let all = spectrum.reduce(0) { $0 + $1 * $1 }
    var sum = 0.0
    for (index, value) in spectrum.enumerated() {
      if sum >= share * all { return index }
      sum += value * value
    }
    return spectrum.count
  }

  private static func centred(_ states: Matrix) -> Matrix {
    let result = Matrix(zeros: states.rows, states.columns)
    for column in 0..<states.columns {
      var sum = 0.0
      for row in 0..<states.rows { sum += Double(states[row, column]) }
      let mean = Float(sum / Double(max(1, states.rows)))
      for row in 0..<states.rows { result[row, column] = states[row, column] - mean }
    }
    return result
  }

  private static func spectrum(_ states: Matrix) throws(LAPACKError) -> [Double] {
    let root = Double(max(1, states.rows)).squareRoot()
    return try SingularValues(states).values.map { Double($0) / root }
  }
}
