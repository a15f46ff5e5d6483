import Kernels
import Testing

@Suite struct ActivationsTests {
  /// Largest error relative to max(1, |x|): half the error function's 5e-7 plus roundings.
  private let tolerance = 4e-7

  @Test(arguments: Activation.allCases)
  func valuesAndSlopesOverOddShapes(f: Activation) {
    for rows in [0, 1, 2, 3, 7] {
      for columns in oddSizes {
        var draws = Draws(rows + 1000 * columns)
        let x = Guarded(rows, columns, draws.floats(rows * columns, -6, 6))
        let dy = Guarded(rows, columns, &draws)
        let y = Guarded(rows, columns)
        let dx = Guarded(rows, columns)
        Kernel.activate(f, x.view, into: y.view)
        let exact = Table(x).map { activation(f, $0).value }
        let scale = Table(x).map { max(1, abs($0)) }
        #expect(deviation(y.view, exact.values, scale: scale.values) <= tolerance)
        // tanh's slope is taken from its output.
        Kernel.activationGradient(f, f == .tanh ? y.view : x.view, dy.view, into: dx.view)
        let slopes = Table(x).with(Table(dy)) { activation(f, $0).slope * $1 }
        #expect(deviation(dx.view, slopes.values, scale: scale.values) <= 3 * tolerance)
        #expect(x.isIntact && y.isIntact && dx.isIntact && dy.isIntact)

        // In place.
        let values = y.view.values
        let gradients = dx.view.values
        Kernel.activationGradient(f, f == .tanh ? y.view : x.view, dy.view, into: dy.view)
        Kernel.activate(f, x.view, into: x.view)
        #expect(x.view.values == values && dy.view.values == gradients)
        #expect(x.isIntact && dy.isIntact)
      }
    }
  }

  @Test(arguments: Activation.allCases)
  func wholeRange(f: Activation) {
    var points: [Float] = (0...40_000).map { -20 + Float($0) * 1e-3 }
    for exponent in -126...40 { points += [1, -1, 1.7, -1.7].map { $0 * Float(pow2(exponent)) } }
    let x = Matrix(points, rows: 1, columns: points.count)
    let y = Matrix(zeros: 1, points.count)
    let dx = Matrix(zeros: 1, points.count)
    let ones = Matrix(Array(repeating: 1, count: points.count), rows: 1, columns: points.count)
    Kernel.activate(f, x, into: y)
    Kernel.activationGradient(f, f == .tanh ? y : x, ones, into: dx)
    let exact = points.map { activation(f, Double($0)) }
    // Far out the functions are x, 0, 1 or -1 to rounding: nothing may grow with x.
    let scale = points.map { Double(max(1, abs($0))) }
    #expect(deviation(y, exact.map(\.value), scale: scale) <= tolerance)
    // 1 - tanh^2 cancels near 1; the tanh form multiplies its error by up to 3.
    #expect(deviation(dx, exact.map(\.slope)) <= 6 * tolerance)
    guard f == .gelu || f == .geluTanh else { return }
    for (point, value) in zip(points, y.values) where point < -6 {
      if !(abs(value) < 1e-6) { Issue.record("GELU(\(point)) is \(value), not 0") }
    }
  }

  @Test(arguments: Activation.allCases)
  func notANumberStaysOne(f: Activation) {
    for columns in [1, 16, 33] {
      let x = Matrix(Array(repeating: .nan, count: columns), rows: 1, columns: columns)
      let y = Matrix(zeros: 1, columns)
      Kernel.activate(f, x, into: y)
      #expect(y.values.allSatisfy { $0.isNaN })
    }
  }

  private func pow2(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}
