import Glibc
import Kernels
import Testing

@Suite struct LossesTests {
  static let classes = oddSizes.filter { $0 > 0 }

  @Test(arguments: classes, [0, 0.1] as [Float])
  func crossEntropy(columns: Int, smoothing: Float) {
    for rows in [0, 1, 3, 33] {
      var draws = Draws(rows + 1000 * columns)
      let x = Guarded(rows, columns, draws.floats(rows * columns, -6, 6))
      let labels = (0..<rows).map { _ in Int32(draws.below(columns)) }
      let log = Table(x).logSoftmax()
      let s = Double(smoothing)
      var expected = 0.0
      var gradient = log.map { exp($0) - s / Double(columns) }
      for i in 0..<rows {
        expected -= (1 - s) * log[i, Int(labels[i])] + s * log.row(i).reduce(0, +) / Double(columns)
        gradient[i, Int(labels[i])] -= 1 - s
      }
      gradient = gradient.map { $0 * 0.5 }
      let g = Guarded(rows, columns)
      let sum = Kernel.crossEntropy(
        x.view, labels: labels, smoothing: smoothing, weight: 0.5, gradient: g.view)
      // Each row: shift and difference of numbers up to 20, one rounding each.
      #expect(abs(sum - expected) <= Double(rows) * 60 * roundoff)
      #expect(deviation(g.view, gradient.values) <= 40 * roundoff)
      #expect(x.isIntact && g.isIntact)
      #expect(
        Kernel.crossEntropy(x.view, labels: labels, smoothing: smoothing, gradient: nil) == sum)
      let again = Kernel.crossEntropy(
        x.view, labels: labels, smoothing: smoothing, weight: 0.5, gradient: x.view)
      #expect(again == sum && x.view.values == g.view.values && x.isIntact)
    }
  }

  /// Vocabularies are wider than the blocks of a sum; the last word of each block counts, too.
  @Test(arguments: [4095, 4096, 4097, 8193, 9001])
  func crossEntropyOverAVocabulary(columns: Int) {
    let x = Matrix(zeros: 2, columns)
    x[1, columns - 1] = 12
    let g = Matrix(zeros: 2, columns)
    let sum = Kernel.crossEntropy(x, labels: [0, 0], gradient: g)
    let totals = [Double(columns), Double(columns - 1) + exp(12)]
    // Each row as above; its sum adds blocks of 4,096 terms in 16 lanes, each within 2 roundings.
    #expect(abs(sum - log(totals[0]) - log(totals[1])) <= 2 * (60 + 258) * roundoff)
    #expect(abs(Double(g[1, columns - 1]) - exp(12) / totals[1]) <= (40 + 258) * roundoff)
  }

  @Test func crossEntropyOfExtremeLogits() {
    let x = Matrix([1e4, -1e4, 0, -1e4, 1e4, 0], rows: 2, columns: 3)
    let g = Matrix(zeros: 2, 3)
    #expect(Kernel.crossEntropy(x, labels: [0, 0], gradient: g) == 2e4)
    #expect(g.values == [0, 0, 0, -1, 1, 0])
  }

  @Test(arguments: classes, Kernel.Divergence.allCases)
  func divergence(columns: Int, kind: Kernel.Divergence) {
    for (rows, temperature) in [(0, 1), (1, 1), (3, 2), (33, 0.5)] as [(Int, Float)] {
      var draws = Draws(rows + 1000 * columns)
      let student = Guarded(rows, columns, draws.floats(rows * columns, -5, 5))
      let teacher = Guarded(rows, columns, draws.floats(rows * columns, -5, 5))
      let scale = 1 / Double(temperature)
      let logS = Table(student).logSoftmax(scale: scale)
      let logT = Table(teacher).logSoftmax(scale: scale)
      let weight: Float = 0.25
      let w = Double(weight) * scale
      var expected = 0.0
      var dS = logS.with(logT) { (exp($0) - exp($1)) * w }
      var dT = logT
      for i in 0..<rows {
        let f = (0..<columns).map { kind == .kl ? logT[i, $0] - logS[i, $0] : -logS[i, $0] }
        let sum = (0..<columns).reduce(0) { $0 + exp(logT[i, $1]) * f[$1] }
        expected += sum
        for j in 0..<columns { dT[i, j] = exp(logT[i, j]) * (f[j] - sum) * w }
      }
      let (a, b) = (Guarded(rows, columns), Guarded(rows, columns))
      let sum = Kernel.divergence(
        kind, student: student.view, teacher: teacher.view, temperature: temperature,
        weight: weight, dStudent: a.view, dTeacher: b.view)
      let range = 16 * scale + 8
      #expect(abs(sum - expected) <= Double(rows) * range * 8 * roundoff)
      #expect(deviation(a.view, dS.values) <= range * 4 * roundoff)
      #expect(deviation(b.view, dT.values) <= range * 8 * roundoff)
      #expect([a, b, student, teacher].allSatisfy { $0.isIntact })
      dS.values.removeAll()
      let (one, other) = (Guarded(rows, columns), Guarded(rows, columns))
      _ = Kernel.divergence(
        kind, student: student.view, teacher: teacher.view, temperature: temperature,
        weight: weight, dStudent: one.view, dTeacher: nil)
      _ = Kernel.divergence(
        kind, student: student.view, teacher: teacher.view, temperature: temperature,
        weight: weight, dStudent: nil, dTeacher: other.view)
      #expect(one.view.values == a.view.values && other.view.values == b.view.values)
    }
  }

  @Test func divergenceFromItselfIsZero() {
    var draws = Draws(3)
    let x = Guarded(7, 33, &draws)
    let g = Guarded(7, 33)
    let kl = Kernel.divergence(
      .kl, student: x.view, teacher: x.view, dStudent: g.view, dTeacher: nil)
    #expect(kl == 0)
    #expect(g.view.values.allSatisfy { $0 == 0 })
  }

  @Test(arguments: oddSizes)
  func squaredError(columns: Int) {
    for rows in [0, 1, 3, 33] {
      var draws = Draws(rows + 1000 * columns)
      let (a, b) = (Guarded(rows, columns, &draws), Guarded(rows, columns, &draws))
      let difference = Table(a).with(Table(b), -)
      let expected = difference.values.reduce(0) { $0 + $1 * $1 }
      let (dA, dB) = (Guarded(rows, columns), Guarded(rows, columns))
      let sum = Kernel.squaredError(a.view, b.view, weight: 0.75, dA: dA.view, dB: dB.view)
      #expect(abs(sum - expected) <= (expected + 1e-30) * (Double(columns) / 16 + 8) * roundoff)
      #expect(deviation(dA.view, difference.map { 1.5 * $0 }.values) <= 8 * roundoff)
      #expect(dB.view.values == dA.view.values.map { -$0 })
      #expect(Kernel.squaredError(a.view, b.view, dA: nil, dB: nil) == sum)
      #expect([a, b, dA, dB].allSatisfy { $0.isIntact })
    }
  }
}
