import Kernels
import Testing

@Suite struct LayerNormTests {
  /// What one call of `addNorm` is given.
  struct Options: Sendable, CustomStringConvertible {
    let residual: Bool
    let dropout: Float
    var description: String { "residual \(residual) dropout \(dropout)" }
  }
  static let options = [
    Options(residual: false, dropout: 0), Options(residual: true, dropout: 0),
    Options(residual: false, dropout: 0.3), Options(residual: true, dropout: 0.3),
  ]

  @Test(arguments: options, oddSizes.filter { $0 > 0 })
  func forwardAndBackward(options: Options, columns: Int) throws {
    let epsilon = 1e-5
    for rows in [0, 1, 2, 7, 33] {
      var draws = Draws(rows + 1000 * columns)
      let y = Guarded(rows, columns, &draws)
      let residual = Guarded(rows, columns, &draws)
      let gamma = Guarded(1, columns, &draws)
      let beta = Guarded(1, columns, &draws)
      let out = Guarded(rows, columns)
      let reciprocals = Guarded(rows, 1)
      let dropout = Dropout(probability: options.dropout, seed: 1, step: 2, site: .part(3))
      let factors = Matrix(Array(repeating: 1, count: rows * columns), rows: rows, columns: columns)
      if let dropout { Kernel.applyDropout(dropout, factors, into: factors) }

      var sum = Table(y).with(Table(factors)) { $0 * $1 }
      if options.residual { sum = sum.with(Table(residual), +) }
      let exact = normalise(sum, epsilon: epsilon)
      var expected = exact.rows
      for i in 0..<rows {
        for j in 0..<columns {
          expected[i, j] = Double(gamma.view[0, j]) * expected[i, j] + Double(beta.view[0, j])
        }
      }
      Kernel.addNorm(
        y.view, residual: options.residual ? residual.view : nil, gamma: gamma.view,
        beta: beta.view, epsilon: Float(epsilon), dropout: dropout, into: out.view,
        reciprocals: reciprocals.view)
      // An error of the sum, up to 5, is magnified by 1 / deviation; the reciprocal's is relative.
      let amplified = (exact.reciprocals.max() ?? 1) * 5 + 4
      let tolerance = amplified * (Double(columns) / 16 + 8) * roundoff
      #expect(deviation(y.view, exact.rows.values) <= tolerance)
      #expect(deviation(out.view, expected.values) <= 2 * tolerance)
      #expect(deviation(reciprocals.view, exact.reciprocals) <= tolerance)
      #expect(y.isIntact && out.isIntact && reciprocals.isIntact && residual.isIntact)

      let dOut = Guarded(rows, columns, &draws)
      let dGamma = Guarded(1, columns, &draws)
      let dBeta = Guarded(1, columns, &draws)
      let dSum = Guarded(rows, columns)
      let dY = Guarded(rows, columns)
      let normalised = Table(y)
      var expectedGamma = Table(dGamma)
      var expectedBeta = Table(dBeta)
      for i in 0..<rows {
        for j in 0..<columns {
          expectedGamma[0, j] += Double(dOut.view[i, j]) * normalised[i, j]
          expectedBeta[0, j] += Double(dOut.view[i, j])
        }
      }
      let expectedSum = normaliseGradient(
        normalised, reciprocals.view.values.map(Double.init),
        gamma: gamma.view.values.map(Double.init), Table(dOut))
      Kernel.addNormGradient(
        dOut: dOut.view, normalised: y.view, reciprocals: reciprocals.view, gamma: gamma.view,
        dGamma: dGamma.view, dBeta: dBeta.view, dropout: dropout, dSum: dSum.view,
        dY: dropout == nil ? nil : dY.view)
      let slope = (exact.reciprocals.max() ?? 1) * 16
      let bound = slope * (Double(columns) / 16 + 8) * roundoff
      #expect(deviation(dSum.view, expectedSum.values) <= bound)
      let vectors = Double(4 * rows + 4) * 4 * roundoff
      #expect(deviation(dGamma.view, expectedGamma.values) <= vectors)
      #expect(deviation(dBeta.view, expectedBeta.values) <= vectors)
      if dropout != nil {
        #expect(dY.view.values == zip(dSum.view.values, factors.values).map { $0 * $1 })
      }
      let views = [dOut, dGamma, dBeta, dSum, dY, y, gamma, beta, reciprocals]
      #expect(views.allSatisfy { $0.isIntact })
    }
  }

  /// Rows without columns have no mean; nothing may be written but the reciprocals.
  @Test func noColumns() {
    let (y, out, one) = (Guarded(3, 0), Guarded(3, 0), Guarded(1, 0))
    let reciprocals = Guarded(3, 1)
    Kernel.addNorm(
      y.view, residual: nil, gamma: one.view, beta: one.view, epsilon: 1e-5, dropout: nil,
      into: out.view, reciprocals: reciprocals.view)
    Kernel.addNormGradient(
      dOut: out.view, normalised: y.view, reciprocals: reciprocals.view, gamma: one.view,
      dGamma: one.view, dBeta: one.view, dropout: nil, dSum: y.view, dY: nil)
    #expect(y.isIntact && out.isIntact && one.isIntact && reciprocals.isIntact)
  }

  @Test func frozenWeightsChangeNothing() {
    var draws = Draws(1)
    let dOut = Guarded(3, 33, &draws)
    let x = Guarded(3, 33, &draws)
    let r = Guarded(3, 1, &draws)
    let gamma = Guarded(1, 33, &draws)
    let with = Guarded(3, 33)
    let without = Guarded(3, 33)
    let dGamma = Matrix(zeros: 1, 33)
    let dBeta = Matrix(zeros: 1, 33)
    for (target, wanted) in [(with, true), (without, false)] {
      Kernel.addNormGradient(
        dOut: dOut.view, normalised: x.view, reciprocals: r.view, gamma: gamma.view,
        dGamma: wanted ? dGamma : nil, dBeta: wanted ? dBeta : nil, dropout: nil,
        dSum: target.view, dY: nil)
    }
    #expect(with.view.values == without.view.values)
    #expect(dGamma.values.contains { $0 != 0 })
  }

  /// A mean a thousand times the deviation: the variance must not come from a difference of
  /// squares.
  @Test func largeMeans() {
    var draws = Draws(2)
    let shifted = draws.floats(3 * 64).map { 1000 + $0 }
    let y = Matrix(shifted, rows: 3, columns: 64)
    let exact = normalise(Table(y), epsilon: 1e-12).rows
    let gamma = Matrix(Array(repeating: 1, count: 64), rows: 1, columns: 64)
    Kernel.addNorm(
      y, residual: nil, gamma: gamma, beta: Matrix(zeros: 1, 64), epsilon: 1e-12, dropout: nil,
      into: Matrix(zeros: 3, 64), reciprocals: Matrix(zeros: 3, 1))
    // The mean of 64 floats near 1000 is known to a few of their last places, 6e-5.
    #expect(deviation(y, exact.values) < 2e-4)
  }

  /// As in PyTorch: the bias alone, which 1 / sqrt(infinity) would leave, looks like an answer.
  @Test func aVarianceTooLargeForFloatsMakesNaN() {
    let y = Matrix([1e30, -1e30, 3, 4] + [1, 2, 3, 4], rows: 2, columns: 4)
    let (out, reciprocals) = (Matrix(zeros: 2, 4), Matrix(zeros: 2, 1))
    let one = Matrix([1, 1, 1, 1], rows: 1, columns: 4)
    Kernel.addNorm(
      y, residual: nil, gamma: one, beta: one, epsilon: 1e-12, dropout: nil, into: out,
      reciprocals: reciprocals)
    #expect(out.rows(0..<1).values.allSatisfy { $0.isNaN })
    #expect(out.rows(1..<2).isFinite)
  }
}
