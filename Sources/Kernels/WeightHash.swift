extension Kernel {
  /// A 64-bit hash of the bits of every element, row by row, for telling two models apart in
  /// caches. It guards against mix-ups, not against forgery, and does not depend on the number of
  /// threads.
  public static func hash(_ x: Matrix, pool: ThreadPool) -> UInt64 {
    let chunk = 1 << 18
    precondition(x.isContiguous)
    let chunks = (x.count + chunk - 1) / chunk
    let parts = Matrix(zeros: max(1, chunks), 2)
    pool.ranges(total: chunks, alignment: 1) { range in
      for index in range {
        let start = index * chunk
        let value = hash(x.pointer + start, count: min(chunk, x.count - start))
        parts[index, 0] = Float(bitPattern: UInt32(truncatingIfNeeded: value))
        parts[index, 1] = Float(bitPattern: UInt32(truncatingIfNeeded: value &>> 32))
      }
    }
    return fold(hash(parts.pointer, count: parts.count), UInt64(x.count))
  }

  /// Sixteen interleaved FNV-1a hashes of 32-bit words, folded into one.
  private static func hash(_ p: FloatPointer, count: Int) -> UInt64 {
    var lanes = SIMD16<UInt32>(repeating: 0x811c_9dc5)
    let words = UnsafeRawPointer(p)
    var i = 0
    while i + 16 <= count {
      let bits = words.loadUnaligned(fromByteOffset: 4 * i, as: SIMD16<UInt32>.self)
      lanes = (lanes ^ bits) &* 0x0100_0193
      // A product moves information only upwards; the shift brings some of it back down.
      lanes ^= lanes &>> 15
      i += 16
    }
    var result: UInt64 = 0xcbf2_9ce4_8422_2325
    for lane in 0..<16 { result = fold(result, UInt64(lanes[lane])) }
    while i < count {
      result = fold(result, UInt64(p[i].bitPattern))
      i += 1
    }
    return result
  }

  private static func fold(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    let mixed = (hash ^ value) &* 0x9e37_79b9_7f4a_7c15
    return mixed ^ (mixed &>> 29)
  }
}
