import Kernels
import Testing

@Suite struct GEMMTests {
  /// Products of `oddSizes` in both orders of magnitude; all 1,000 combinations would add nothing.
  static let shapes: [(m: Int, n: Int, k: Int)] = {
    var result: [(Int, Int, Int)] = []
    for (i, m) in oddSizes.enumerated() {
      for (j, n) in oddSizes.enumerated() {
        result.append((m, n, oddSizes[(i + 3 * j) % oddSizes.count]))
        result.append((m, n, oddSizes[(i + 3 * j + 5) % oddSizes.count]))
      }
    }
    return result
  }()

  /// More panels than one, of which the last is narrow or has terms after the last eight; one panel
  /// for several blocks of rows; and several blocks of terms.
  static let manyPanels = [
    (77, 150, 803), (9, 200, 400), (701, 96, 45), (16, 97, 386), (3, 144, 96),
  ]

  @Test(
    arguments: [Kernel.Transpose.none, .transposed], [Kernel.Transpose.none, .transposed])
  func productOfStridedViews(a transposeA: Kernel.Transpose, b transposeB: Kernel.Transpose) {
    check(
      Self.shapes, transposeA, transposeB,
      factors: [(1, 0), (1, 1), (0.5, -2), (-1, 0.25), (0, 1), (0, 0)])
  }

  @Test(
    arguments: [Kernel.Transpose.none, .transposed], [Kernel.Transpose.none, .transposed])
  func productOfManyPanels(a transposeA: Kernel.Transpose, b transposeB: Kernel.Transpose) {
    check(Self.manyPanels, transposeA, transposeB, factors: [(1, 0), (0.5, -2)])
  }

  private func check(
    _ shapes: [(m: Int, n: Int, k: Int)], _ transposeA: Kernel.Transpose,
    _ transposeB: Kernel.Transpose, factors: [(alpha: Float, beta: Float)]
  ) {
    var draws = Draws(transposeA == transposeB ? 1 : 2)
    for (m, n, k) in shapes {
      for (alpha, beta) in factors {
        let a =
          transposeA == .none ? Guarded(m, k, &draws) : Guarded(k, m, &draws)
        let b = transposeB == .none ? Guarded(k, n, &draws) : Guarded(n, k, &draws)
        // With beta 0 the result's old content, a NaN here, must not be read.
        let c = beta == 0 ? Guarded(m, n) : Guarded(m, n, &draws)
        let old = Table(c)
        let left = transposeA == .none ? Table(a) : Table(a).transposed
        let right = transposeB == .none ? Table(b) : Table(b).transposed
        let product = left * right
        let bound = left.map(abs) * right.map(abs)
        Kernel.gemm(
          a.view, transposeA, b.view, transposeB, into: c.view, alpha: alpha, beta: beta)
        let expected = product.with(old) {
          Double(alpha) * $0 + (beta == 0 ? 0 : Double(beta) * $1)
        }
        // The textbook bound: k + 3 roundings of at most the sum of the terms' magnitudes.
        let scale = bound.with(old) {
          abs(Double(alpha)) * $0 + (beta == 0 ? 0 : abs(Double(beta) * $1)) + 1e-30
        }
        let error = deviation(c.view, expected.values, scale: scale.values)
        #expect(
          error <= Double(k + 3) * roundoff, "m \(m) n \(n) k \(k) alpha \(alpha) beta \(beta)")
        #expect(c.isIntact, "m \(m) n \(n) k \(k)")
        #expect(a.isIntact && b.isIntact)
      }
    }
  }
}
