import Kernels

/// Rates measured on the spot, in operations per second.
package struct SpeedMeasurement: Sendable {
  /// Multiply-adds in registers, by one thread and by all threads: the ceiling.
  package var peak = 0.0, peakOfAll = 0.0
  /// Products of 512 tokens with a weight matrix of BERT-base (512 x 768 x 768), measured the same
  /// way.
  package var product = 0.0, productOfAll = 0.0

  /// Rates as given.
  package init(peak: Double, peakOfAll: Double, product: Double, productOfAll: Double) {
    self.peak = peak
    self.peakOfAll = peakOfAll
    self.product = product
    self.productOfAll = productOfAll
  }

  /// Takes about half a second to measure the rates.
  ///
  /// - Throws: `MemoryShortage` if OpenBLAS could not map its buffers.
  package static func measure(threads: Int = 0) throws -> SpeedMeasurement {
    let all = try OpenBLAS.threadPool(threads)
    let one = ThreadPool(threads: 1)
    return SpeedMeasurement(
      peak: Processor.measuredPeak(pool: one), peakOfAll: Processor.measuredPeak(pool: all),
      product: productRate(one), productOfAll: productRate(all))
  }

  /// Every thread multiplies its own matrices, as mate-kd's shards do.
  private static func productRate(_ pool: ThreadPool) -> Double {
    let (m, n, k) = (512, 768, 768)
    let operands = (0..<pool.threads).map { _ in
      (a: Matrix(zeros: m, k), b: Matrix(zeros: n, k), c: Matrix(zeros: m, n))
    }
    for operand in operands {
      operand.a.fill(0.5)
      operand.b.fill(0.25)
    }
    var best = 0.0
    let start = ContinuousClock.now
    // The best round counts, because other programs can only make a round slower.
    repeat {
      let begin = ContinuousClock.now
      pool.ranges(total: pool.threads, alignment: 1) { range in
        for thread in range {
          Kernel.gemm(
            operands[thread].a, .none, operands[thread].b, .transposed, into: operands[thread].c)
        }
      }
      let seconds = (ContinuousClock.now - begin) / .seconds(1)
      best = max(best, Double(pool.threads * 2 * m * n * k) / max(1e-9, seconds))
    } while ContinuousClock.now - start < .milliseconds(200)
    return best
  }

  /// Sentences about rates that are too low, with what to do about them.
  package var warnings: [String] {
    guard peak > 0, product > 0 else { return [] }
    var result: [String] = []
    if product / peak < 0.6 {
      result.append(
        "products reach only \(NumberText.fixed(100 * product / peak, 0)) % of one thread's "
          + "multiply-add rate: look for other programs that are running, or try another OpenBLAS.")
    }
    // Compared with the multiply-adds, so that threads that share a core do not count against
    // OpenBLAS.
    if productOfAll / product < 0.75 * peakOfAll / peak {
      result.append(
        "all threads together compute only \(NumberText.fixed(productOfAll / product, 1)) times "
          + "the products of one: look for other programs that are running.")
    }
    return result
  }
}
