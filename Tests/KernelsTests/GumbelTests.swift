import Glibc
import Kernels
import Testing

@Suite struct GumbelTests {
  @Test(arguments: oddSizes, oddSizes)
  func noiseIsAddedWithinTheView(rows: Int, columns: Int) {
    var draws = Draws(rows * 1000 + columns)
    let x = Guarded(rows, columns, &draws)
    let zero = Guarded(rows, columns, Array(repeating: 0, count: rows * columns))
    let before = x.view.values
    Kernel.addGumbelNoise(x.view, seed: 5, step: 2, site: .part(3))
    Kernel.addGumbelNoise(zero.view, seed: 5, step: 2, site: .part(3))
    #expect(x.isIntact && zero.isIntact)
    #expect(x.view.values == zip(before, zero.view.values).map { $0 + $1 })
  }

  @Test func noiseIsFiniteWithTheRightDistribution() {
    let rows = 400
    let columns = 1000
    let n = Double(rows * columns)
    let x = Matrix(zeros: rows, columns)
    Kernel.addGumbelNoise(x, seed: 11, step: 0, site: .part(0))
    #expect(x.isFinite)
    let values = x.values.map(Double.init)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    // Mean: Euler's constant; variance pi^2 / 6; the variance's own error follows from kurtosis
    // 5.4.
    let sigma2 = Double.pi * Double.pi / 6
    #expect(abs(mean - 0.577_215_664_9) < 5 * (sigma2 / n).squareRoot())
    #expect(abs(variance - sigma2) < 5 * sigma2 * (4.4 / n).squareRoot())
    // P(x < t) = exp(-exp(-t)).
    for t in [-1.5, -0.5, 0, 1, 3, 6] {
      let p = exp(-exp(-t))
      let share = Double(values.count { $0 < t }) / n
      #expect(abs(share - p) < 5 * (p * (1 - p) / n).squareRoot())
    }
  }

  /// The largest |noise| that 23 bits and a half allow: -log(-log(1 - 2^-24)) = 16.6.
  @Test func noiseStaysWithinItsBounds() {
    let x = Matrix(zeros: 300, 4096)
    for step in 0..<4 {
      x.fill(0)
      Kernel.addGumbelNoise(x, seed: 1, step: step, site: .part(1))
      #expect(x.values.allSatisfy { $0 > -2.82 && $0 < 16.64 })
    }
  }

  @Test func rowsAreNamedByTheirPosition() {
    let all = Matrix(zeros: 5, 70)
    let tail = Matrix(zeros: 3, 70)
    Kernel.addGumbelNoise(all, seed: 1, step: 1, site: .part(1))
    Kernel.addGumbelNoise(tail, seed: 1, step: 1, site: .part(1), firstRow: 2)
    #expect(tail.values == all.rows(2..<5).values)
    let other = Matrix(zeros: 5, 70)
    Kernel.addGumbelNoise(other, seed: 1, step: 2, site: .part(1))
    #expect(other.values != all.values)
  }

  @Test(arguments: oddSizes.filter { $0 > 0 })
  func argmaxTakesTheFirstOfTheLargest(columns: Int) {
    var draws = Draws(columns)
    let rows = 33
    let x = Guarded(rows, columns)
    var expected: [Int32] = []
    for row in 0..<rows {
      // Few distinct values, so that most rows have ties; some rows negative throughout.
      let values = (0..<columns).map { _ in Float(draws.below(3)) - (row % 2 == 0 ? 5 : 0) }
      for (column, value) in values.enumerated() { x.view[row, column] = value }
      expected.append(Int32(values.firstIndex(of: values.max() ?? 0) ?? -1))
    }
    #expect(Kernel.argmaxRows(x.view) == expected)
  }

  @Test func argmaxOfInfinities() {
    let x = Matrix(
      [-.infinity, -.infinity, 1, .infinity, 0, .infinity, -1, -2, -.infinity], rows: 3, columns: 3)
    #expect(Kernel.argmaxRows(x) == [2, 0, 0])
    let y = Matrix([-.infinity, -.infinity], rows: 1, columns: 2)
    #expect(Kernel.argmaxRows(y) == [0])
  }
}
