import Kernels

/// What `mate-kd doctor` finds out about a machine. These are plain facts, so that what is said
/// about them can be tested without the machine.
package struct MachineDescription: Sendable {
  /// Sets of vector instructions, from the smallest to the largest.
  package enum VectorSet: Int, Comparable, Sendable {
    case baseline, avx2, avx512

    package static func < (a: VectorSet, b: VectorSet) -> Bool { a.rawValue < b.rawValue }

    /// The name that users see.
    package var name: String {
      switch self {
      case .baseline: "baseline"
      case .avx2: "AVX2"
      case .avx512: "AVX-512"
      }
    }
  }

  /// The processor's name.
  package var processor = ""
  /// Its features, under Linux's names, such as `avx512f`.
  package var features: Set<String> = []
  /// What the numeric code was compiled for.
  package var builtFor = VectorSet.baseline
  /// Processors that are online, and those that this process may run on.
  package var onlineProcessors = 1, allowedProcessors = 1
  /// The processors' worth of time that the control group grants; nil for no limit.
  package var quota: Double?
  /// What bounds this process's memory beside the machine itself.
  package var limits: [MemoryLimit] = []
  /// Memory nodes.
  package var nodes = 1
  /// Bytes of memory, and how many of them a program could get now.
  package var memory = 0, availableMemory = 0
  /// The setting of transparent huge pages: `always`, `madvise`, `never`; nil if the kernel has
  /// none.
  package var hugePages: String?
  /// OpenBLAS's own description of its version and build options.
  package var blasConfiguration = ""
  /// The processor type whose kernels OpenBLAS uses.
  package var blasCore = ""
  /// The number of OpenBLAS's own threads before mate-kd switches them off.
  package var blasThreads = 1
  /// The file whose `cblas_sgemm` is called.
  package var blasLibrary: String?
  /// The version of LAPACK's C interface.
  package var lapackVersion = ""
  /// The file whose factorisations are called.
  package var lapackLibrary: String?
  /// Other libraries in memory whose names suggest that they do linear algebra.
  package var otherLibraries: [String] = []
  /// The version of zlib, which unpacks files.
  package var zlibVersion = ""
  /// Variables that change what OpenBLAS does.
  package var environment: [String: String] = [:]

  /// The threads that mate-kd starts unless told otherwise.
  package var threads: Int { ThreadPool.threads(processors: allowedProcessors, quota: quota) }

  /// Nothing is known yet.
  package init() {}

  /// The widest vector instructions that mate-kd could use on this processor.
  package var vectors: VectorSet {
    if ["avx512f", "avx512bw", "avx512vl", "avx512dq"].allSatisfy(features.contains) {
      return .avx512
    }
    return features.isSuperset(of: ["avx2", "fma"]) ? .avx2 : .baseline
  }

  /// Whether the processor multiplies bfloat16.
  package var hasBF16: Bool { features.contains("avx512_bf16") || features.contains("bf16") }

  /// OpenBLAS's version, such as `0.3.21`; empty if OpenBLAS does not report it.
  package var blasVersion: String {
    let words = blasConfiguration.split(separator: " ")
    return words.count > 1 && words[0] == "OpenBLAS" ? String(words[1]) : ""
  }

  /// The widest vector instructions in the kernels that OpenBLAS uses; nil for a core that is not
  /// in the list.
  package var blasVectors: VectorSet? { Self.cores[blasCore.lowercased()] }

  /// OpenBLAS's names for x86-64 processor types, grouped by the kernels they stand for.
  private static let cores: [String: VectorSet] = {
    let old = [
      "generic", "prescott", "core2", "penryn", "dunnington", "atom", "nehalem", "sandybridge",
      "opteron", "opteron_sse3", "barcelona", "bobcat", "bulldozer", "piledriver", "nano",
      "northwood", "katmai", "coppermine", "banias", "athlon",
    ]
    // These have AVX2 or FMA3 with 256 bits.
    let middle = ["haswell", "zen", "excavator", "steamroller"]
    let new = ["skylakex", "cooperlake", "sapphirerapids"]
    return Dictionary(
      uniqueKeysWithValues: old.map { ($0, .baseline) } + middle.map { ($0, .avx2) }
        + new.map { ($0, .avx512) })
  }()
}
