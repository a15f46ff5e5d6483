import Autograd
import Kernels

extension Model {
  /// Fills a model of the same shape whose embeddings are narrower, by the singular value
  /// decomposition of this one's tables (`sgesdd`).
  ///
  /// A token's embedding x is the sum of a row of each table, E wide, and a layer reads gamma (x -
  /// mean) / sqrt(variance + epsilon) + beta. What LayerNorm takes away is taken from the tables
  /// first. Of the singular vectors of all of them, each table with the same weight, the first e -
  /// 1 are kept, V. The narrow tables hold z = sqrt(e/E) Q V x, where the columns of Q are
  /// orthonormal and each sums to 0: then z has the mean 0 and the variance of x, so LayerNorm does
  /// to both the same, and the layer between embeddings and states turns it back. Gains and biases
  /// go into that layer. With e = E, V has all directions that there are without a mean, and the
  /// states are those of this model but for rounding.
  ///
  /// - Parameter narrow: has a layer between embeddings and states; all else is copied.
  /// - Throws: `LAPACKError` if a table has a number that is not finite.
  package func factoriseEmbeddings(into narrow: Self) throws(LAPACKError) {
    guard let projection = narrow.encoder.projection else {
      preconditionFailure("factorised embeddings need a layer behind them")
    }
    _ = narrow.copyWeights(from: self, layers: Array(0..<encoder.configuration.layers))
    let (wide, own) = (encoder.configuration.wordWidth, narrow.encoder.configuration.wordWidth)
    let tables = embeddingTables.map { parameters.matrix($0).withCentredRows() }
    let rows = tables.reduce(0) { $0 + $1.rows }
    let stacked = Matrix(zeros: rows, wide)
    var start = 0
    for table in tables {
      let target = stacked.rows(start..<start + table.rows)
      target.copy(from: table)
      // A token has one row of each table, whatever their sizes.
      Kernel.scale(target, by: 1 / Float(table.rows).squareRoot())
      start += table.rows
    }
    let directions = try SingularValues(stacked).right
    let kept = min(own - 1, directions.rows)
    let spread = Matrix(zeros: own, wide)
    Kernel.gemm(
      Self.directionsWithoutMean(own).rows(0..<kept), .transposed, directions.rows(0..<kept), .none,
      into: spread, alpha: (Float(own) / Float(wide)).squareRoot())
    for (table, slot) in zip(tables, narrow.embeddingTables) {
      Kernel.gemm(table, .none, spread, .transposed, into: narrow.parameters.matrix(slot))
    }
    narrow.parameters.matrix(narrow.encoder.gamma).fill(1)
    narrow.parameters.matrix(narrow.encoder.beta).fill(0)

    // W diag(gamma) times the way back, and W beta + b; W is the identity where there is none.
    let (gain, bias) = (parameters.matrix(encoder.gamma), parameters.matrix(encoder.beta))
    let back = Matrix(zeros: wide, own)
    for row in 0..<wide {
      for column in 0..<own {
        back[row, column] = gain[0, row] * spread[column, row] * Float(wide) / Float(own)
      }
    }
    let weight = narrow.parameters.matrix(projection.weight)
    let offset = narrow.parameters.matrix(projection.bias)
    if let between = encoder.projection {
      let layer = parameters.matrix(between.weight)
      Kernel.gemm(layer, .none, back, .none, into: weight)
      offset.copy(from: parameters.matrix(between.bias))
      Kernel.gemm(bias, .none, layer, .transposed, into: offset, beta: 1)
    } else {
      weight.copy(from: back)
      offset.copy(from: bias)
    }
  }

  /// Words, positions and, where there are some, segments.
  private var embeddingTables: [ParameterSlot] {
    [encoder.words, encoder.positions] + [encoder.types].compactMap { $0 }
  }

  /// Orthonormal rows, each with the sum 0, [size - 1, size]: Helmert's matrix without its first
  /// row.
  private static func directionsWithoutMean(_ size: Int) -> Matrix {
    let result = Matrix(zeros: size - 1, size)
    for row in 0..<size - 1 {
      let norm = (Double(row + 1) * Double(row + 2)).squareRoot()
      for column in 0...row { result[row, column] = Float(1 / norm) }
      result[row, row + 1] = Float(-Double(row + 1) / norm)
    }
    return result
  }
}

extension Matrix {
  /// The same rows, each without its mean.
  fileprivate func withCentredRows() -> Matrix {
    let result = Matrix(zeros: rows, columns)
    for row in 0..<rows {
      var sum = 0.0
      for column in 0..<columns { sum += Double(self[row, column]) }
      let mean = Float(sum / Double(columns))
      for column in 0..<columns { result[row, column] = self[row, column] - mean }
    }
    return result
  }
}
