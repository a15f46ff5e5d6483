import CBLAS

extension Processor {
  /// The measured single-precision multiply-add rate of all threads of a pool together, in
  /// operations per second (two for each multiply-add): the ceiling for any float32 product on this
  /// machine.
  ///
  /// The widest instructions of the processor are measured, whatever this binary was compiled for.
  /// A portable build (MATE_KD_PORTABLE) knows only those that every processor has.
  ///
  /// - Parameter seconds: roughly how long to measure.
  public static func measuredPeak(pool: ThreadPool, seconds: Double = 0.05) -> Double {
    let threads = pool.threads
    let rates = Buffer(zeroed: threads)
    // The fastest of many short pieces counts, because other programs can only make a piece slower.
    pool.ranges(total: threads, alignment: 1) { range in
      for thread in range {
        let begin = Profile.now()
        var best = 0.0
        while Profile.now() - begin < UInt64(seconds * 1e9) {
          let start = Profile.now()
          let operations = mate_kd_multiply_adds(20_000)
          best = max(best, Double(operations) / Double(max(1, Profile.now() - start)))
        }
        rates.base[thread] = Float(best)
      }
    }
    return (0..<threads).reduce(0) { $0 + Double(rates.base[$1]) } * 1e9
  }
}
