import Kernels
import Testing

@Suite struct PhiloxTests {
  /// Known answers of Random123 (kat_vectors, philox4x32 with 10 rounds).
  @Test(arguments: [
    (
      SIMD4<UInt32>(0, 0, 0, 0), SIMD2<UInt32>(0, 0),
      SIMD4<UInt32>(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)
    ),
    (
      SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
      SIMD4<UInt32>(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)
    ),
    (
      SIMD4<UInt32>(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
      SIMD2<UInt32>(0xA409_3822, 0x299F_31D0),
      SIMD4<UInt32>(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)
    ),
  ])
  func knownAnswers(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: SIMD4<UInt32>) {
    #expect(Philox.block(counter: counter, key: key) == expected)
  }

  @Test func sixteenBlocksEqualSingleOnes() {
    var draws = Draws(1)
    for round in 0..<200 {
      let c = (0..<4).map { _ in UInt32(truncatingIfNeeded: draws.next()) }
      let key = SIMD2(
        UInt32(truncatingIfNeeded: draws.next()), UInt32(truncatingIfNeeded: draws.next()))
      let first = round == 0 ? UInt32.max - 7 : c[0]  // the counter wraps around within the lanes
      let w = Philox.blocks16(first: first, site: c[1], step: c[2], purpose: c[3], key: key)
      for lane in 0..<16 {
        let counter = SIMD4(first &+ UInt32(lane), c[1], c[2], c[3])
        let words = SIMD4<UInt32>(w.0[lane], w.1[lane], w.2[lane], w.3[lane])
        #expect(words == Philox.block(counter: counter, key: key))
      }
    }
  }

  @Test func streamIsTheSequenceOfBlocks() {
    var stream = RandomStream(
      seed: 0x0123_4567_89AB_CDEF, purpose: .shuffle, step: 5, site: .part(9))
    for index in 0..<3 {
      let block = Philox.block(
        counter: SIMD4(UInt32(index), 9, 5, RandomPurpose.shuffle.rawValue),
        key: SIMD2(0x89AB_CDEF, 0x0123_4567))
      for word in 0..<4 { #expect(stream.nextWord() == block[word]) }
    }
  }

  @Test func everyPartOfTheNameMatters() {
    func words(_ seed: UInt64, _ purpose: RandomPurpose, _ step: Int, _ site: Int) -> [UInt64] {
      var stream = RandomStream(seed: seed, purpose: purpose, step: step, site: .part(site))
      return (0..<4).map { _ in stream.next() }
    }
    let names = [
      words(1, .mask, 0, 0), words(1 << 32 | 1, .mask, 0, 0), words(2, .mask, 0, 0),
      words(1, .gumbel, 0, 0), words(1, .mask, 1, 0), words(1, .mask, 0, 1),
    ]
    #expect(Set(names).count == names.count)
    #expect(words(1, .mask, 0, 0) == words(1, .mask, 0, 0))
  }

  @Test func uniformNumbers() {
    var stream = RandomStream(seed: 3, purpose: .noise)
    let n = 200_000
    var sum = 0.0
    var squares = 0.0
    for _ in 0..<n {
      let u = stream.nextUniform()
      if !(u >= 0 && u < 1) { Issue.record("\(u) is not in [0, 1)") }
      sum += Double(u)
      squares += Double(u) * Double(u)
    }
    // Five standard errors: 1 / sqrt(12 n) and sqrt(4 / (45 n)).
    #expect(abs(sum / Double(n) - 0.5) < 5 * (1 / (12 * Double(n))).squareRoot())
    #expect(abs(squares / Double(n) - 1.0 / 3) < 5 * (4 / (45 * Double(n))).squareRoot())
  }

  @Test func normalNumbers() {
    var stream = RandomStream(seed: 4, purpose: .initialization)
    let n = 200_000
    var moments = [0.0, 0.0, 0.0, 0.0]
    for _ in 0..<n {
      let x = Double(stream.nextNormal())
      var power = 1.0
      for k in 0..<4 {
        power *= x
        moments[k] += power / Double(n)
      }
    }
    // Moments 0, 1, 0, 3; the variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
    for (k, (expected, variance)) in [(0.0, 1.0), (1, 2), (0, 15), (3, 96)].enumerated() {
      #expect(abs(moments[k] - expected) < 5 * (variance / Double(n)).squareRoot())
    }
  }

  @Test func numbersBelow() {
    var stream = RandomStream(seed: 5, purpose: .shuffle)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 {
      let k = stream.nextBelow(7)
      if counts.indices.contains(k) { counts[k] += 1 } else { Issue.record("\(k) is not below 7") }
    }
    // Chi-squared with 6 degrees of freedom: 22.5 is exceeded once in a thousand.
    let chi = counts.reduce(0.0) { $0 + pow2(Double($1) - 10_000) / 10_000 }
    #expect(chi < 22.5)
    #expect((0..<20).allSatisfy { _ in stream.nextBelow(1) == 0 })
  }

  private func pow2(_ x: Double) -> Double { x * x }
}
