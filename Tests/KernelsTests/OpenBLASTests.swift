import Kernels
import Testing

@Suite struct OpenBLASTests {
  @Test func libraryTellsWhatItIs() {
    #expect(OpenBLAS.configuration.contains("OpenBLAS"))
    #expect(!OpenBLAS.coreName.isEmpty)
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
