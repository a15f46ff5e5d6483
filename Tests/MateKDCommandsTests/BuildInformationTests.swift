import Foundation
import Kernels
import MateKDCommands
import Runs
import Testing

@Suite struct BuildInformationTests {
  @Test func fourLines() {
    var build = BuildInformation()
    build.version = "1.2.3"
    build.commit = "0123456789ab-dirty"
    build.march = "x86-64-v3"
    build.vectors = "AVX2"
    build.swift = "6.3"
    build.clang = "21.0.0"
    build.blasConfiguration = "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH Zen MAX_THREADS=64"
    build.blasCore = "Zen"
    #expect(
      build.text == """
        mate-kd 1.2.3
        commit: 0123456789ab-dirty
        built for: x86-64-v3 (AVX2), by Swift 6.3 with Clang 21.0.0
        BLAS: OpenBLAS 0.3.21, core Zen
        """)
  }

  @Test func aLibraryThatTellsNothing() {
    #expect(BuildInformation().text.hasSuffix("BLAS: unknown, core "))
  }

  @Test func thisProgram() {
    let build = BuildInformation.current
    #expect(build.version == Version.current)
    #expect(build.vectors == Processor.builtFor)
    #expect(build.blasCore == OpenBLAS.coreName)
    // A commit that was named, one that git told, or none.
    #expect(build.commit.wholeMatch(of: /[A-Za-z0-9._+-]+/) != nil)
    #expect(
      build.march == (ProcessInfo.processInfo.environment["MATE_KD_MARCH"] ?? build.march))
    #expect(build.clang.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+/) != nil)
  }

  /// The flag prints what is tested above.
  @Test func flag() throws {
    #expect(MateKD.configuration.version == BuildInformation.current.text)
  }
}
