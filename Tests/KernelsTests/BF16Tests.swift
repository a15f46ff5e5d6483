import Kernels
import TestSupport
import Testing

/// To the nearest of the numbers with 8 significant bits, ties to even; subnormal numbers become 0.
private func rounded(_ x: Float) -> Float {
  guard x.isFinite else { return x }
  if x.isSubnormal || x.isZero { return 0 }
  // The spacing of bfloat16 numbers around x; the division by a power of two is exact.
  let spacing = Double(sign: .plus, exponent: Int(x.exponent) - 7, significand: 1)
  return Float((Double(x) / spacing).rounded(.toNearestOrEven) * spacing)
}

@Suite(.enabled(if: canTestBF16)) struct BF16Tests {
  /// Whole and broken panels of 8 rows and 48 columns, odd numbers of terms, more than one block.
  static let shapes: [(m: Int, n: Int, k: Int)] = {
    let sizes = [16, 17, 20, 24, 31, 33, 47, 48, 49, 64, 65, 97, 112, 130]
    var result = [(770, 17, 16), (801, 50, 33), (16, 16, 385), (21, 65, 801), (1553, 16, 390)]
    for (i, m) in sizes.enumerated() {
      for (j, n) in sizes.enumerated() {
        result.append((m, n, sizes[(i + 3 * j) % sizes.count]))
      }
    }
    return result
  }()

  @Test(
    arguments: [Kernel.Transpose.none, .transposed], [Kernel.Transpose.none, .transposed])
  func productOfStridedViews(a transposeA: Kernel.Transpose, b transposeB: Kernel.Transpose) {
    var draws = Draws(transposeA == transposeB ? 1 : 2)
    for (place, (m, n, k)) in Self.shapes.enumerated() {
      let (alpha, beta) = [(1, 0), (1, 1), (0.5, -2)][place % 3] as (Float, Float)
      let a = transposeA == .none ? Guarded(m, k, &draws) : Guarded(k, m, &draws)
      let b = transposeB == .none ? Guarded(k, n, &draws) : Guarded(n, k, &draws)
      // With beta 0 the result's old content, a NaN here, must not be read.
      let c = beta == 0 ? Guarded(m, n) : Guarded(m, n, &draws)
      let old = Table(c)
      let exactly = { (x: Double) in Double(rounded(Float(x))) }
      let left = (transposeA == .none ? Table(a) : Table(a).transposed).map(exactly)
      let right = (transposeB == .none ? Table(b) : Table(b).transposed).map(exactly)
      let expected = (left * right).with(old) {
        Double(alpha) * $0 + (beta == 0 ? 0 : Double(beta) * $1)
      }
      // Products of two rounded factors are exact in float32, so only the k + 3 sums round.
      let scale = (left.map(abs) * right.map(abs)).with(old) {
        abs(Double(alpha)) * $0 + (beta == 0 ? 0 : abs(Double(beta) * $1)) + 1e-30
      }
      Kernel.gemm(
        a.view, transposeA, b.view, transposeB, into: c.view, alpha: alpha, beta: beta,
        precision: .bf16)
      let error = deviation(c.view, expected.values, scale: scale.values)
      #expect(
        error <= Double(k + 3) * roundoff, "m \(m) n \(n) k \(k) alpha \(alpha) beta \(beta)")
      #expect(c.isIntact, "m \(m) n \(n) k \(k)")
      #expect(a.isIntact && b.isIntact)
    }
  }

  /// A factor times the identity is the factor, rounded; seen from both sides.
  @Test func factorsAreRoundedToNearestEven() {
    var identity = Table(32, 32)
    for i in 0..<32 { identity[i, i] = 1 }
    let one = Guarded(32, 32, identity.values.map { Float($0) })
    var draws = Draws(5)
    var values = (0..<1024).map { _ in
      Float(bitPattern: UInt32(truncatingIfNeeded: draws.next()))
    }
    .map { $0.isFinite && abs($0) < 1e38 ? $0 : 1 }
    let named: [Float] = [
      1 + 0x1p-8, 1 + 3 * 0x1p-8, 1 + 0x1.02p-8, -1 - 0x1p-8, 1.5 + 0x1p-9, 0x1p-126, 0x1p-127,
      -0x1p-149, 0, 0x1.FFp10,
    ]
    values.replaceSubrange(0..<named.count, with: named)
    let results: [Float] = [1, 1 + 0x1p-6, 1 + 0x1p-7, -1, 1.5, 0x1p-126, 0, 0, 0, 0x1p11]
    #expect(named.map(rounded) == results)
    let factor = Guarded(32, 32, values)
    let expected = values.map(rounded)
    for transpose in [Kernel.Transpose.none, .transposed] {
      let left = Guarded(32, 32)
      Kernel.gemm(factor.view, transpose, one.view, .none, into: left.view, precision: .bf16)
      let right = Guarded(32, 32)
      Kernel.gemm(one.view, .none, factor.view, transpose, into: right.view, precision: .bf16)
      for result in [left, right] {
        let table = transpose == .none ? Table(result) : Table(result).transposed
        #expect(table.values == expected.map(Double.init))
      }
    }
  }

  @Test func infinityAndNaNStayInTheirRow() {
    let a = Guarded(20, 18, [Float](repeating: 1, count: 360))
    let ones = Guarded(18, 50, [Float](repeating: 1, count: 900))
    a.view[2, 3] = .nan
    a.view[5, 17] = .infinity
    a.view[7, 0] = .infinity
    a.view[7, 9] = -.infinity
    a.view[11, 4] = -.greatestFiniteMagnitude  // beyond the largest bfloat16 number
    a.view[13, 4] = Float(bitPattern: 0x7F80_0001)  // a signalling NaN with few bits set
    let c = Guarded(20, 50)
    Kernel.gemm(a.view, .none, ones.view, .none, into: c.view, precision: .bf16)
    for row in 0..<20 {
      for value in c.view.rows(row..<row + 1).values {
        switch row {
        case 2, 7, 13: #expect(value.isNaN)
        case 5: #expect(value == .infinity)
        case 11: #expect(value == -.infinity)
        default: #expect(value == 18)
        }
      }
    }
  }

  @Test func smallSidesStayFloat32() {
    var draws = Draws(9)
    for (m, n, k) in [(15, 64, 64), (64, 2, 64), (64, 64, 15)] {
      let a = Guarded(m, k, &draws)
      let b = Guarded(k, n, &draws)
      let exact = Guarded(m, n)
      Kernel.gemm(a.view, .none, b.view, .none, into: exact.view)
      let c = Guarded(m, n)
      Kernel.gemm(a.view, .none, b.view, .none, into: c.view, precision: .bf16)
      #expect(c.view.values == exact.view.values)
    }
  }

  /// The packing memory of one thread must never serve another one at the same time.
  @Test func threadsDoNotDisturbEachOther() throws {
    var draws = Draws(11)
    let a = Guarded(210, 256, &draws).view
    let b = Guarded(96, 256, &draws).view
    let alone = Matrix(zeros: 210, 96)
    Kernel.gemm(a, .none, b, .transposed, into: alone, precision: .bf16)
    let results = (0..<32).map { _ in Matrix(zeros: 210, 96) }
    try ThreadPool(threads: 4).run(count: 32) { index in
      Kernel.gemm(a, .none, b, .transposed, into: results[index], precision: .bf16)
    }
    for result in results { #expect(result.values == alone.values) }
  }
}

@Suite struct PrecisionTests {
  @Test func onlyReducedPrecisionCanBeMissing() {
    #expect(Precision.float32.complaint == nil)
    #expect(Precision.allCases.map(\.rawValue) == ["float32", "bf16"])
    guard let complaint = Precision.bf16.complaint else { return }
    #expect(complaint.contains("AVX512-BF16") && complaint.contains("\"float32\""))
  }
}
