import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct NormalTests {
  /// Every number is where its word lies in the normal distribution, in the tails as elsewhere.
  ///
  /// Giles gives his approximation a relative error below 4e-7. The logarithm that it takes, its
  /// nine terms and the factors are some 20 roundings. What a relative error does to the
  /// probability beyond z is at most z^2 + 1 times as much (Gordon 1941, for Mills' ratio).
  @Test(arguments: [1, 64, 130])
  func numbersAreTheInverseOfTheDistribution(columns: Int) {
    let (rows, deviation) = (300, Float(0.02))
    let x = Guarded(rows, columns)
    Kernel.fillNormal(x.view, standardDeviation: deviation, seed: 11, site: .part(3))
    var stream = RandomStream(seed: 11, purpose: .initialization, site: .part(3))
    var worst = 0.0
    for row in 0..<rows {
      for start in stride(from: 0, to: columns, by: 64) {
        // Sixteen blocks of four words at once: the first word of each, then the second, ...
        let words = (0..<64).map { _ in stream.nextWord() }
        for place in 0..<min(64, columns - start) {
          let word = words[4 * (place % 16) + place / 16]
          let uniform = Double(word >> 9) * 0x1p-22 - 1 + 0x1p-23
          let z = Double(x.view[row, start + place]) / Double(deviation)
          #expect((z < 0) == (uniform < 0))
          let beyond = 1 - abs(uniform)
          let error = abs(erfc(abs(z) / 2.0.squareRoot()) - beyond) / beyond
          worst = max(worst, error / (z * z + 1))
        }
      }
    }
    #expect(worst <= 4e-7 + Roundings.gamma(20))
    #expect(x.isIntact)
  }
}
