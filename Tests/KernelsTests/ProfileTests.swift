import Kernels
import Testing

/// Other suites run kernels on their own threads meanwhile, so only this thread's counters are
/// read.
@Suite struct ProfileTests {
  private func counted(_ counting: Bool = true, _ body: () throws -> Void) throws -> ProfileSnapshot
  {
    try Profile.session(counting: counting) {
      let before = ProfileSnapshot.ofThisThread()
      try body()
      return ProfileSnapshot.ofThisThread() - before
    }
  }

  /// One call each of a few kernels, with a pool of one thread.
  private func work() {
    let x = Matrix(zeros: 3, 5)
    Kernel.activate(.gelu, x, into: x)
    Kernel.activate(.gelu, x, into: x)
    Kernel.gemm(x, .none, x, .transposed, into: Matrix(zeros: 3, 3))
    ThreadPool(threads: 2).ranges(total: 4096) { _ in }
  }

  @Test func offCountsNothing() throws {
    let counts = try counted(false) {
      // Here and not below: another test's session may begin as soon as this one ends.
      #expect(!Profile.isEnabled)
      work()
    }
    for part in Profile.Part.allCases { #expect(counts[part] == Profile.Total(), "\(part)") }
    #expect(counts.parallelSeconds == 0)
  }

  @Test func onCountsEveryCall() throws {
    let counts = try counted { work() }
    #expect(counts[.activation].calls == 2)
    #expect(counts[.activation].bytes == 2 * 8 * 15)
    #expect(counts[.activation].seconds > 0)
    #expect(counts[.forwardProduct].calls == 1)
    #expect(counts[.forwardProduct].flops == 2 * 3 * 3 * 5)
    #expect(counts[.forwardProduct].bytes == 4 * (15 + 15 + 9))
    #expect(counts[.waiting].calls == 1)
    #expect(counts.parallelSeconds > 0)
    #expect(counts[.waiting].seconds <= 2 * counts.parallelSeconds)
    for part in Profile.Part.allCases
    where ![.activation, .forwardProduct, .waiting].contains(part) {
      #expect(counts[part].calls == 0, "\(part)")
    }
  }

  @Test func productsAreToldApart() throws {
    let rows = Matrix(zeros: 2, 3)
    let weight = Matrix(zeros: 4, 3)
    let vocabulary = Matrix(zeros: 9000, 3)
    let y = Matrix(zeros: 2, 4)
    let words = Matrix(zeros: 2, 9000)
    let counts = try counted {
      Kernel.gemm(rows, .none, weight, .transposed, into: y)
      Kernel.gemm(y, .none, weight, .none, into: rows)
      Kernel.gemm(y, .transposed, rows, .none, into: weight)
      Kernel.gemm(rows, .none, vocabulary, .transposed, into: words)
      Kernel.gemm(words, .none, vocabulary, .none, into: rows)
      Kernel.gemm(words, .transposed, rows, .none, into: vocabulary)
    }
    #expect(counts[.forwardProduct].calls == 1)
    #expect(counts[.inputGradientProduct].calls == 1)
    #expect(counts[.weightGradientProduct].calls == 1)
    #expect(counts[.vocabularyProduct].calls == 3)
  }

  @Test func aLongTextIsNoVocabulary() throws {
    let tokens = Matrix(zeros: 9000, 2)
    let weight = Matrix(zeros: 2, 2)
    let counts = try counted {
      Kernel.gemm(tokens, .none, weight, .transposed, into: Matrix(zeros: 9000, 2))
      Kernel.gemm(tokens, .transposed, tokens, .none, into: weight)
    }
    #expect(counts[.forwardProduct].calls == 1)
    #expect(counts[.weightGradientProduct].calls == 1)
  }

  @Test func aKernelWithinAKernelIsCountedOnce() throws {
    // A product over an empty inner dimension scales its target, which is a kernel of its own.
    let target = Matrix(zeros: 512, 512)
    let counts = try counted {
      Kernel.gemm(
        Matrix(zeros: 512, 0), .none, Matrix(zeros: 0, 512), .none, into: target, beta: 0.5)
    }
    #expect(counts[.elementwise].calls == 1)
    #expect(counts[.inputGradientProduct].calls == 1)
    #expect(counts[.inputGradientProduct].seconds < counts[.elementwise].seconds)
    let x = Matrix(zeros: 64, 64)
    let start = ContinuousClock.now
    let nested = try counted {
      for _ in 0..<100 { Kernel.addColumnSums(x, to: Matrix(zeros: 1, 64)) }
    }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let sum = Profile.Part.allCases.reduce(0) { $0 + nested[$1].seconds }
    #expect(sum > 0 && sum <= elapsed)
  }

  @Test func sharesAddUp() {
    var counts = ProfileSnapshot()
    counts[.forwardProduct].seconds = 3
    counts[.forwardProduct].flops = 6e9
    counts[.waiting].seconds = 0.5
    counts.parallelSeconds = 3
    let breakdown = ProfileBreakdown(counts, seconds: 4, threads: 2)
    #expect(
      breakdown.rows.map(\.part) == [.forwardProduct, .waiting, .idle, .other])
    // Two threads for 4 s; alone for 1 s; 8 - 3 - 0.5 - 1 are left.
    #expect(breakdown.rows.map(\.total.seconds) == [3, 0.5, 1, 3.5])
    #expect(breakdown.rows.reduce(0) { $0 + $1.share } == 1)
    #expect(breakdown.flops == 6e9)
    #expect(ProfileBreakdown(ProfileSnapshot(), seconds: 0, threads: 1).rows.isEmpty)
  }

  @Test func thePeakIsMeasured() {
    let peak = Processor.measuredPeak(pool: ThreadPool(threads: 1), seconds: 0.02)
    // No core is slower than 0.1 or faster than 10,000 thousand million operations a second.
    #expect(peak > 1e8 && peak < 1e13)
  }

  /// A build for every processor measures what it knows, not what OpenBLAS finds.
  @Test(.enabled(if: Processor.builtFor != "baseline")) func thePeakIsAboveAnyProduct() {
    let pool = ThreadPool(threads: 1)
    let a = Matrix(zeros: 256, 256)
    let c = Matrix(zeros: 256, 256)
    // By turns, since other programs and the clock of the processor slow down the one or the other.
    var peak = 0.0
    var rate = 0.0
    for _ in 0..<10 {
      peak = max(peak, Processor.measuredPeak(pool: pool, seconds: 0.005))
      let start = ContinuousClock.now
      Kernel.gemm(a, .none, a, .none, into: c)
      rate = max(rate, 2 * 256 * 256 * 256 / ((ContinuousClock.now - start) / .seconds(1)))
    }
    // No product is faster than the peak; a fifth is left for a clock that changed in between.
    #expect(peak > 0.8 * rate)
  }
}
