extension Kernel {
  /// Adds standard Gumbel noise -log(-log u) to every element, in place.
  ///
  /// u lies strictly between 0 and 1 (23 random bits and a half), so the noise is always finite.
  public static func addGumbelNoise(
    _ x: Matrix, seed: UInt64, step: Int, site: RandomSite, firstRow: Int = 0
  ) {
    let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed &>> 32))
    let chunks = (x.columns + 63) / 64
    shareRows(x.rows, .gumbel, bytes: 8 * x.columns) { rows in
      withScratch(64) { noise in
        for row in rows {
          let p = x.pointer + row * x.stride
          for chunk in 0..<chunks {
            let block = UInt32(truncatingIfNeeded: ((firstRow + row) &* chunks &+ chunk) &* 16)
            let w = Philox.blocks16(
              first: block, site: site.number, step: UInt32(truncatingIfNeeded: step),
              purpose: RandomPurpose.gumbel.rawValue, key: key)
            store(gumbel(w.0), noise)
            store(gumbel(w.1), noise + 16)
            store(gumbel(w.2), noise + 32)
            store(gumbel(w.3), noise + 48)
            let start = chunk * 64
            vectors(min(64, x.columns - start)) { i, n in
              store(load(p + start + i, n) + load(noise + i, n), p + start + i, n)
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func gumbel(_ word: SIMD16<UInt32>) -> Vector {
    // 23 bits into a mantissa give [1, 2); no integer conversion is needed.
    let bits = (word &>> 9) | 0x3F80_0000
    let u = unsafeBitCast(bits, to: Vector.self) - 1 + 0x1p-24
    return -log(-log(u))
  }

  /// The index of the largest element of each row; the first of equal ones.
  public static func argmaxRows(_ x: Matrix) -> [Int32] {
    var found = [Int32](repeating: 0, count: x.rows)
    found.withUnsafeMutableBufferPointer { found in
      shareRows(x.rows, .gumbel, bytes: 4 * x.columns) { rows in
        for row in rows { found[row] = argmax(x.pointer + row * x.stride, x.columns) }
      }
    }
    return found
  }

  @inline(__always)
  private static func argmax(_ p: FloatPointer, _ columns: Int) -> Int32 {
    let lowest = -Float.infinity
    var top = Vector(repeating: lowest)
    vectors(columns) { i, n in
      top = larger(top, first(n, of: load(p + i, n), else: lowest))
    }
    let maximum = top.max()
    for i in 0..<columns where p[i] == maximum { return Int32(truncatingIfNeeded: i) }
    return 0
  }
}
