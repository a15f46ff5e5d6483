import Glibc
import Kernels
import Testing

@Suite struct SoftmaxTests {
  /// exp's argument is rounded: the relative error grows with the largest |scale x - max|.
  private func tolerance(_ range: Double) -> Double { (range + 8) * 2 * roundoff }

  @Test(arguments: oddSizes, [1, 0.125, 4] as [Float])
  func rows(columns: Int, scale: Float) {
    for rows in [0, 1, 3, 33] {
      var draws = Draws(rows + 1000 * columns)
      let x = Guarded(rows, columns, draws.floats(rows * columns, -8, 8))
      let soft = Table(x).softmax(scale: Double(scale))
      Kernel.softmaxRows(x.view, scale: scale)
      let relative = soft.map { $0 + 1e-30 }
      #expect(
        deviation(x.view, soft.values, scale: relative.values)
          <= tolerance(16 * Double(scale) + Double(columns) / 8))
      #expect(x.isIntact)
    }
  }

  @Test(arguments: oddSizes.filter { $0 > 1 })
  func widthLeavesZerosBehind(columns: Int) {
    for width in [1, columns / 2, columns - 1] where width > 0 {
      let x = Guarded(3, columns)  // NaN behind the width
      var draws = Draws(columns)
      x.view.columns(0..<width).copy(
        from: Matrix(draws.floats(3 * width), rows: 3, columns: width))
      let expected = Table(x.view.columns(0..<width)).softmax()
      Kernel.softmaxRows(x.view, width: width)
      #expect(deviation(x.view.columns(0..<width), expected.values) <= tolerance(20))
      #expect(x.view.columns(width..<columns).values.allSatisfy { $0 == 0 })
      #expect(x.isIntact)
    }
  }

  @Test func largeNumbersDoNotOverflow() {
    let values: [Float] = [1e30, -1e30, 1000, 1e30, -1000, 80, -90]
    for columns in [2, 4, 7] {
      let row = Array(values.prefix(columns))
      let x = Matrix(row, rows: 1, columns: columns)
      Kernel.softmaxRows(x)
      let top = Float(row.count { $0 == 1e30 })
      #expect(x.values == row.map { $0 == 1e30 ? 1 / top : 0 })
    }
  }

  @Test(arguments: [1, 5, 16, 33])
  func notANumberSpoilsItsRow(columns: Int) {
    for column in [0, columns - 1] {
      let x = Matrix(zeros: 2, columns)
      x[1, column] = .nan
      Kernel.softmaxRows(x)
      #expect(x.rows(0..<1).isFinite)
      #expect(x.rows(1..<2).values.allSatisfy { $0.isNaN })
    }
  }

  @Test(arguments: oddSizes.filter { $0 > 0 })
  func entropy(columns: Int) {
    for rows in [0, 1, 3, 33] {
      var draws = Draws(rows + 1000 * columns)
      let x = Guarded(rows, columns, draws.floats(rows * columns, -8, 8))
      let log = Table(x).logSoftmax()
      let expected = log.values.reduce(0) { $0 - exp($1) * $1 }
      // log p is known to a few roundings of 16 and weighted by p, which sums to 1.
      #expect(abs(Kernel.entropyOfRows(x.view) - expected) <= Double(rows) * 100 * roundoff)
      let each = Kernel.entropies(ofRowsOf: x.view)
      #expect(each.count == rows && each.reduce(0, +) == Kernel.entropyOfRows(x.view))
      #expect(x.isIntact)
    }
    let flat = Matrix(zeros: 2, columns)
    #expect(abs(Kernel.entropyOfRows(flat) - 2 * log(Double(columns))) < 2 * 100 * roundoff)
    flat[0, 0] = 1e4
    flat[1, columns - 1] = 1e4
    #expect(abs(Kernel.entropyOfRows(flat)) < 2 * 100 * roundoff)
  }

  @Test(arguments: oddSizes)
  func gradient(columns: Int) {
    for rows in [0, 1, 3, 33] {
      var draws = Draws(rows + 1000 * columns)
      let y = Guarded(rows, columns, &draws)
      Kernel.softmaxRows(y.view)
      let dy = Guarded(rows, columns, &draws)
      let dx = Guarded(rows, columns)
      Kernel.softmaxGradient(y.view, dy.view, into: dx.view, factor: 0.5)
      let expected = Table(y).softmaxGradient(Table(dy)).map { 0.5 * $0 }
      // The mean of dy, at most 2, is a sum of `columns` terms.
      let scale = Table(y).map { 4 * $0 + 1e-30 }
      #expect(
        deviation(dx.view, expected.values, scale: scale.values)
          <= (Double(columns) / 16 + 8) * roundoff)
      Kernel.softmaxGradient(y.view, dy.view, into: dy.view, factor: 0.5)
      #expect(dy.view.values == dx.view.values)
      #expect(y.isIntact && dy.isIntact && dx.isIntact)
    }
  }
}
