import Kernels

/// The seconds that one call of a kernel takes, with every thread on its own operands.
struct Timing {
  let median, fastest, slowest: Double

  /// Times a case.
  ///
  /// - Parameters:
  ///   - samples: number of samples; each lasts at least `sampleSeconds`.
  init(_ kernel: KernelCase, pool: ThreadPool, samples: Int, sampleSeconds: Double = 0.01) {
    let calls = (0..<pool.threads).map { _ in kernel.make() }
    func run(_ repetitions: Int) -> Double {
      let start = ContinuousClock.now
      pool.ranges(total: calls.count, alignment: 1) { range in
        for thread in range {
          for _ in 0..<repetitions { calls[thread]() }
        }
      }
      return (ContinuousClock.now - start) / .seconds(1)
    }
    // The first call touches memory for the first time; the second tells how many calls make a
    // sample.
    _ = run(1)
    let repetitions = max(1, Int((sampleSeconds / max(1e-9, run(1))).rounded(.up)))
    let times = (0..<max(1, samples)).map { _ in run(repetitions) / Double(repetitions) }.sorted()
    median = times[times.count / 2]
    fastest = times[0]
    slowest = times[times.count - 1]
  }
}
