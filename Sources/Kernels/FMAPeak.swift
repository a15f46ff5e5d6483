import CBLAS

extension Processor {
  /// Measured single-precision multiply-add rate of all threads of a pool together, in operations a
  /// second (two a multiply-add): the ceiling for any float32 product on this machine.
  ///
  /// - Parameter seconds: time to take, roughly.
  public static func measuredPeak(pool: ThreadPool, seconds: Double = 0.05) -> Double {
    let threads = pool.threads
    let rates = Buffer(zeroed: threads)
    // The fastest of many short pieces counts: other programs only ever make one slower.
    pool.ranges(total: threads, alignment: 1) { range in
      for thread in range {
        let begin = Profile.now()
        var best = 0.0
        while Profile.now() - begin < UInt64(seconds * 1e9) {
          let start = Profile.now()
          let operations = multiplyAdds(20_000)
          best = max(best, Double(operations) / Double(max(1, Profile.now() - start)))
        }
        rates.base[thread] = Float(best)
      }
    }
    return (0..<threads).reduce(0) { $0 + Double(rates.base[$1]) } * 1e9
  }

  /// Runs chains of multiply-adds in registers, enough of them to hide the latency.
  ///
  /// - Returns: the operations done.
  @inline(never)
  private static func multiplyAdds(_ rounds: Int) -> Int {
    let factor = Vector(repeating: 0.5)
    let addend = Vector(repeating: 1)
    // All begin differently: equal chains would be computed once.
    func start(_ first: Int) -> Vector { Vector(repeating: Float(first + rounds)) }
    var a = (start(0), start(1), start(2), start(3), start(4), start(5))
    var b = (start(6), start(7), start(8), start(9), start(10), start(11))
    // A vector of 16 takes two of AVX2's registers, of which there are only 16.
    let isWide = mate_kd_built_for() & Int32(MATE_KD_AVX512) != 0
    for _ in 0..<rounds {
      a.0 = addend.addingProduct(a.0, factor)
      a.1 = addend.addingProduct(a.1, factor)
      a.2 = addend.addingProduct(a.2, factor)
      a.3 = addend.addingProduct(a.3, factor)
      a.4 = addend.addingProduct(a.4, factor)
      a.5 = addend.addingProduct(a.5, factor)
      if isWide {
        b.0 = addend.addingProduct(b.0, factor)
        b.1 = addend.addingProduct(b.1, factor)
        b.2 = addend.addingProduct(b.2, factor)
        b.3 = addend.addingProduct(b.3, factor)
        b.4 = addend.addingProduct(b.4, factor)
        b.5 = addend.addingProduct(b.5, factor)
      }
    }
    let sum = (a.0 + a.1 + a.2 + a.3 + a.4 + a.5) + (b.0 + b.1 + b.2 + b.3 + b.4 + b.5)
    // The sums end near 2 each; a use of them keeps the loop from being dropped.
    return sum.sum() < 1e6 ? rounds * (isWide ? 12 : 6) * 32 : 0
  }
}
