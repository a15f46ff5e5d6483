import Glibc
import Kernels
import Testing

@Suite struct OpenBLASTests {
  @Test func libraryTellsWhatItIs() {
    #expect(OpenBLAS.configuration.contains("OpenBLAS"))
    #expect(!OpenBLAS.coreName.isEmpty)
  }

  /// The library asks the program how many threads to start, see `openBLASThreadsWhenLoaded`.
  @Test func libraryAsksTheProgramForThreads() throws {
    let asked = UInt(bitPattern: try #require(dlsym(nil, "openblas_num_threads_env")))
    let mapping = SystemFile.text("/proc/self/maps").split(separator: "\n").first { line in
      let borders = line.prefix { $0 != " " }.split(separator: "-").map { UInt($0, radix: 16) ?? 0 }
      return borders.count == 2 && (borders[0]..<borders[1]).contains(asked)
    }
    #expect(mapping?.contains("openblas") == false, "\(mapping ?? "")")
  }

  @Test func poolsThatMultiply() throws {
    // The second needs no more buffers than the first has mapped.
    for threads in [3, 2] {
      let pool = try OpenBLAS.threadPool(threads)
      #expect(pool.threads == threads && OpenBLAS.threads == 1)
      let products = (0..<threads).map { _ in Matrix(zeros: 70, 70) }
      let ones = Matrix(zeros: 70, 70)
      ones.fill(1)
      try pool.run(count: threads) { Kernel.gemm(ones, .none, ones, .none, into: products[$0]) }
      #expect(products.allSatisfy { $0.values.allSatisfy { $0 == 70 } })
    }
  }

  @Test func oneThreadIsEnoughForTheRightResult() {
    OpenBLAS.useOneThread()
    var draws = Draws(1)
    let (a, b, c) = (Guarded(130, 65, &draws), Guarded(65, 130, &draws), Guarded(130, 130))
    Kernel.gemm(a.view, .none, b.view, .none, into: c.view)
    #expect(deviation(c.view, (Table(a) * Table(b)).values) < 65 * 4 * roundoff)
  }

  /// The tests run on the machine that built them, so there is nothing to complain about.
  @Test func processorHasWhatTheBuildNeeds() {
    #expect(Processor.complaint == nil)
    #expect(["AVX-512", "AVX2", "baseline"].contains(Processor.builtFor))
  }
}
