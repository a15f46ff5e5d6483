import Glibc

/// What a random number is used for. Draws for different purposes never share a counter.
public enum RandomPurpose: UInt32, Sendable {
  case initialization = 1
  case shuffle, dropout, mask, gumbel, synthesis, bootstrap, noise, stopping
}

/// The Philox4x32-10 counter-based generator.
///
/// A draw is a pure function of (key, counter), so a mask can be recomputed instead of stored, and
/// a resumed run sees the same numbers. Source: Salmon et al., "Parallel random numbers: as easy as
/// 1, 2, 3", SC 2011.
public enum Philox {
  /// One block: four 32-bit words for a counter and a key.
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let a = UInt64(c.x) &* 0xD251_1F53
      let b = UInt64(c.z) &* 0xCD9E_8D57
      c = SIMD4(
        UInt32(truncatingIfNeeded: b &>> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a &>> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: a))
      k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
    }
    return c
  }

  package typealias Lanes = SIMD16<UInt32>

  @inline(__always)
  private static func multiply(_ v: Lanes, _ m: UInt64) -> (high: Lanes, low: Lanes) {
    // Two 32x32 -> 64 products per 64-bit lane; LLVM turns each into one vpmuludq.
    let wide = unsafeBitCast(v, to: SIMD8<UInt64>.self)
    let mask = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
    let factor = SIMD8<UInt64>(repeating: m)
    let even = (wide & mask) &* factor
    let odd = (wide &>> 32) &* factor
    let high = (even &>> 32) | (odd & ~mask)
    let low = (even & mask) | (odd &<< 32)
    return (unsafeBitCast(high, to: Lanes.self), unsafeBitCast(low, to: Lanes.self))
  }

  /// Sixteen consecutive blocks at once: word w of block `first + lane` is lane `lane` of result w.
  @inline(__always)
  package static func blocks16(
    first: UInt32, site: UInt32, step: UInt32, purpose: UInt32, key: SIMD2<UInt32>
  ) -> (Lanes, Lanes, Lanes, Lanes) {
    var x = Lanes(repeating: first) &+ Lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    var y = Lanes(repeating: site)
    var z = Lanes(repeating: step)
    var w = Lanes(repeating: purpose)
    var k = key
    for _ in 0..<10 {
      let a = multiply(x, 0xD251_1F53)
      let b = multiply(z, 0xCD9E_8D57)
      x = b.high ^ y ^ Lanes(repeating: k.x)
      y = b.low
      z = a.high ^ w ^ Lanes(repeating: k.y)
      w = a.low
      k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
    }
    return (x, y, z, w)
  }
}

/// A sequence of random numbers named by (seed, purpose, step, site).
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var words = SIMD4<UInt32>()
  private var used = 4

  /// A stream at its beginning; equal arguments give equal streams.
  public init(
    seed: UInt64, purpose: RandomPurpose, step: Int = 0, site: RandomSite = .part(0)
  ) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed &>> 32))
    counter = SIMD4(
      0, site.number, UInt32(truncatingIfNeeded: step), purpose.rawValue)
  }

  /// The next 32 random bits.
  public mutating func nextWord() -> UInt32 {
    if used == 4 {
      words = Philox.block(counter: counter, key: key)
      counter.x &+= 1
      used = 0
    }
    defer { used += 1 }
    return words[used]
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    let high = UInt64(nextWord())
    return high &<< 32 | UInt64(nextWord())
  }

  /// A uniform number in [0, 1) with 24 random bits.
  public mutating func nextUniform() -> Float {
    Float(nextWord() &>> 8) * 0x1p-24
  }

  /// A uniform integer in 0..<n (n at least 1), unbiased.
  public mutating func nextBelow(_ n: Int) -> Int {
    Int(UInt64.random(in: 0..<UInt64(n), using: &self))
  }

  /// A standard normal number (Box-Muller).
  public mutating func nextNormal() -> Float {
    let u = Double(nextWord()) * 0x1p-32 + 0x1p-33
    let v = Double(nextWord()) * 0x1p-32
    return Float((-2 * log(u)).squareRoot() * cos(2 * Double.pi * v))
  }
}
