import CBLAS

extension Kernel {
  /// Fills x with normal numbers of mean 0 and the given standard deviation.
  ///
  /// Uses the inverse of the normal distribution function; source of the approximation: M. Giles,
  /// "Approximating the erfinv function", 2012 (single precision).
  public static func fillNormal(
    _ x: Matrix, standardDeviation: Float, seed: UInt64, purpose: RandomPurpose = .initialization,
    step: Int = 0, site: RandomSite
  ) {
    let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed &>> 32))
    let chunks = (x.columns + 63) / 64
    let factor = standardDeviation * 1.414_213_6
    withScratch(64) { normal in
      for row in 0..<x.rows {
        let p = x.pointer + row * x.stride
        for chunk in 0..<chunks {
          let w = Philox.blocks16(
            first: UInt32(truncatingIfNeeded: (row &* chunks &+ chunk) &* 16),
            site: site.number, step: UInt32(truncatingIfNeeded: step),
            purpose: purpose.rawValue, key: key)
          store(inverseErf(w.0) * factor, normal)
          store(inverseErf(w.1) * factor, normal + 16)
          store(inverseErf(w.2) * factor, normal + 32)
          store(inverseErf(w.3) * factor, normal + 48)
          let width = min(64, x.columns - chunk * 64)
          (p + chunk * 64).update(from: normal, count: width)
        }
      }
    }
  }

  /// erfinv of a uniform number in (-1, 1), made from 23 bits of the word.
  @inline(__always)
  private static func inverseErf(_ word: SIMD16<UInt32>) -> Vector {
    let bits = (word &>> 9) | 0x4000_0000
    let u = unsafeBitCast(bits, to: Vector.self) - 3 + 0x1p-23  // [2, 4) to (-1, 1)
    let w = -log((1 - u) * (1 + u))
    let near = w - 2.5
    let far = mate_kd_sqrt(w) - 3
    let isFar = w .>= 5
    let v = near.replacing(with: far, where: isFar)
    let a: [(Float, Float)] = Self.inverseErfCoefficients
    var p = Vector(repeating: a[0].0).replacing(with: a[0].1, where: isFar)
    for i in 1..<9 {
      p = Vector(repeating: a[i].0).replacing(with: a[i].1, where: isFar).addingProduct(p, v)
    }
    return p * u
  }

  /// Highest power first: for w < 5 in powers of w - 2.5, otherwise in powers of sqrt(w) - 3.
  private static let inverseErfCoefficients: [(Float, Float)] = [
    (2.810_226_36e-08, -0.000_200_214_257), (3.432_739_39e-07, 0.000_100_950_558),
    (-3.523_387_7e-06, 0.001_349_343_22), (-4.391_506_54e-06, -0.003_673_428_44),
    (0.000_218_580_87, 0.005_739_507_73), (-0.001_253_725_03, -0.007_622_461_3),
    (-0.004_177_681_64, 0.009_438_870_47), (0.246_640_727, 1.001_674_06),
    (1.501_409_41, 2.832_976_82),
  ]
}
