import CBLAS
import Glibc

/// The BLAS library behind `Kernel.gemm`, and what this program was compiled for.
public enum OpenBLAS {
  /// Turns OpenBLAS's own threads off: mate-kd splits the work itself (one shard per thread).
  public static func useOneThread() { openblas_set_num_threads(1) }

  /// Version and build options, as the library reports them.
  public static var configuration: String {
    openblas_get_config().map { String(cString: $0) } ?? ""
  }

  /// The processor type whose kernels are in use, such as `Cooperlake` or `Haswell`.
  public static var coreName: String { openblas_get_corename().map { String(cString: $0) } ?? "" }

  /// The number of threads that OpenBLAS would use for a product.
  public static var threads: Int { Int(openblas_get_num_threads()) }

  /// The address of the function behind every product; nil if it cannot be found. It belongs to
  /// another library if one with a function of the same name was loaded before OpenBLAS.
  package static var productAddress: UInt? {
    dlsym(nil, "cblas_sgemm").map { UInt(bitPattern: $0) }
  }
}

/// The instruction sets of the processor and of this binary.
public enum Processor {
  /// Nil if the processor has every instruction set that the numeric code was compiled for,
  /// otherwise one sentence for the user. To be checked before any kernel runs.
  public static var complaint: String? {
    let missing = mate_kd_built_for() & ~mate_kd_processor_has()
    guard missing != 0 else { return nil }
    let names = [(Int32(2), "AVX-512"), (1, "AVX2 and FMA")]
      .filter { missing & $0.0 != 0 }.map { $0.1 }.joined(separator: ", ")
    return
      "this binary was built for a processor with \(names), which this one lacks; build it here "
      + "(swift build -c release) or with MATE_KD_MARCH=x86-64-v3"
  }

  /// The widest vector instructions that the numeric code was compiled for.
  public static var builtFor: String {
    let built = mate_kd_built_for()
    return built & 2 != 0 ? "AVX-512" : built & 1 != 0 ? "AVX2" : "baseline"
  }
}
