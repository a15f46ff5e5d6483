import BuildFacts
import Kernels
import Runs

/// What `mate-kd --version` tells: enough to make the same program again, and to know which kernels
/// of OpenBLAS it multiplies with here.
package struct BuildInformation: Sendable {
  /// The program's version.
  package var version = Version.current
  /// The commit it was built from; `-dirty` behind it means that files had changes.
  package var commit = "unknown"
  /// The value of `-march`, and the widest vector instructions that it stands for.
  package var march = "", vectors = ""
  /// Swift's version, and that of its Clang.
  package var swift = "", clang = ""
  /// OpenBLAS as it tells its version and build options, and the core whose kernels are in use.
  package var blasConfiguration = "", blasCore = ""

  /// Nothing known but the version.
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

  /// Four lines, the first of them `mate-kd` and its version.
  package var text: String {
    let library = blasConfiguration.split(separator: " ").prefix(2).joined(separator: " ")
    return """
      mate-kd \(version)
      commit: \(commit)
      built for: \(march) (\(vectors)), by Swift \(swift) with Clang \(clang)
      BLAS: \(library.isEmpty ? "unknown" : library), core \(blasCore)
      """
  }

  /// The compiler's version, as far as a program can ask for its own.
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
