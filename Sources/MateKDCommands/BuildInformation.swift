import BuildFacts
import Kernels
import Runs

/// What `mate-kd --version` prints: enough to build the same program again, and to know which
/// OpenBLAS kernels it uses on this machine.
package struct BuildInformation: Sendable {
  /// The program's version.
  package var version = Version.current
  /// The commit that it was built from. The suffix `-dirty` means that files had changes.
  package var commit = "unknown"
  /// The value of `-march`, and the widest vector instructions that it stands for.
  package var march = "", vectors = ""
  /// Swift's version, and that of its Clang.
  package var swift = "", clang = ""
  /// OpenBLAS's own description of its version and build options, and the core whose kernels it
  /// uses.
  package var blasConfiguration = "", blasCore = ""

  /// Nothing is known but the version.
  package init() {}

  /// This program, on this machine.
  package static var current: BuildInformation {
    var build = BuildInformation()
    build.commit = String(cString: mate_kd_build_commit())
    build.march = String(cString: mate_kd_build_march())
    build.vectors = Processor.builtFor
    build.swift = compiler
    build.clang = String(cString: mate_kd_build_clang())
    build.blasConfiguration = OpenBLAS.configuration
    build.blasCore = OpenBLAS.coreName
    return build
  }

  /// Four lines, the first with `mate-kd` and its version.
  package var text: String {
    let library = blasConfiguration.split(separator: " ").prefix(2).joined(separator: " ")
    return """
      mate-kd \(version)
      commit: \(commit)
      built for: \(march) (\(vectors)), by Swift \(swift) with Clang \(clang)
      BLAS: \(library.isEmpty ? "unknown" : library), core \(blasCore)
      """
  }

  /// The compiler's version, as far as a program can find out its own.
  private static var compiler: String {
    #if compiler(>=6.5)
      "6.5 or later"
    #elseif compiler(>=6.4)
      "6.4"
    #elseif compiler(>=6.3)
      "6.3"
    #elseif compiler(>=6.2)
      "6.2"
    #else
      "6.1"
    #endif
  }
}
