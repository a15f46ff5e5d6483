import Kernels
import MateKDCommands
import Testing

@Suite struct DoctorTests {
  /// A machine that nothing is wrong with.
  private static func machine(
    _ change: (inout MachineDescription) -> Void = { _ in }
  ) -> MachineDescription {
    var m = MachineDescription()
    m.features = ["avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_bf16"]
    m.builtFor = .avx512
    m.onlineProcessors = 8
    m.allowedProcessors = 8
    m.hugePages = "madvise"
    m.blasConfiguration = "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Cooperlake"
    m.blasCore = "Cooperlake"
    m.blasLibrary = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so"
    change(&m)
    return m
  }

  @Test func nothingToSay() {
    #expect(Self.machine().warnings == [])
    #expect(Self.machine().blasVersion == "0.3.21")
  }

  /// A change of the machine, and a piece of each warning it must bring.
  struct Fault: Sendable {
    let change: @Sendable (inout MachineDescription) -> Void
    let expected: [String]

    init(_ expected: String..., change: @escaping @Sendable (inout MachineDescription) -> Void) {
      self.change = change
      self.expected = expected
    }
  }

  static let faults = [
    Fault(
      "its Haswell kernels (AVX2) on a processor with AVX-512: set OPENBLAS_CORETYPE=Cooperlake"
    ) { $0.blasCore = "Haswell" },
    Fault("OPENBLAS_CORETYPE=SkylakeX", "no bfloat16") {
      $0.blasCore = "Prescott"
      $0.features.remove("avx512_bf16")
    },
    Fault("OPENBLAS_CORETYPE=Haswell") {
      $0.features = ["avx2", "fma", "avx512_bf16"]
      $0.builtFor = .avx2
      $0.blasCore = "SANDYBRIDGE"
    },
    Fault {
      $0.features = ["avx2", "fma", "avx512_bf16"]
      $0.builtFor = .avx2
      $0.blasCore = "Zen"
    },
    Fault { $0.blasCore = "a core of the future" },
    Fault("generic kernels for aarch64") { $0.blasCore = "armv8" },
    Fault("products come from libblas.so.3.11.0, which is not OpenBLAS") {
      $0.blasLibrary = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0"
    },
    Fault { $0.blasLibrary = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3" },
    Fault { $0.blasLibrary = nil },
    Fault("OPENBLAS_CORETYPE=Zen decides") {
      $0.environment["OPENBLAS_CORETYPE"] = "Zen"
      $0.blasCore = "Zen"
    },
    Fault("OPENBLAS_NUM_THREADS=2 has no effect", "OMP_NUM_THREADS=4 has no effect") {
      $0.environment = [
        "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "2", "GOTO_NUM_THREADS": "1",
      ]
    },
    Fault("transparent huge pages are off") { $0.hugePages = "never" },
    Fault { $0.hugePages = nil },
    Fault("may use 2 of 8 processors") { $0.allowedProcessors = 2 },
    Fault("time of 2.5 processors to 8: mate-kd starts 3 threads by default") { $0.quota = 2.5 },
    Fault("its control group's limit of 700 MB leaves 650 MB") {
      $0.limits = [MemoryLimit(.controlGroup, total: 700_000_000, left: 650_000_000)]
    },
    Fault { $0.quota = 8 },
    Fault("built for AVX2 on a processor with AVX-512") { $0.builtFor = .avx2 },
    Fault("no bfloat16 products") { $0.features.remove("avx512_bf16") },
  ]

  @Test(arguments: faults) func warnings(_ fault: Fault) {
    let warnings = Self.machine(fault.change).warnings
    #expect(warnings.count == fault.expected.count, "\(warnings)")
    for (warning, piece) in zip(warnings, fault.expected) {
      #expect(warning.contains(piece), "\(warning)")
      #expect(warning.hasSuffix("."))
    }
  }

  @Test func slowProducts() {
    func warnings(_ product: Double, _ all: Double) -> [String] {
      SpeedMeasurement(peak: 100, peakOfAll: 200, product: product, productOfAll: all).warnings
    }
    #expect(warnings(90, 170) == [])
    #expect(warnings(50, 100).map { $0.contains("only 50 % of") } == [true])
    #expect(warnings(90, 90).map { $0.contains("only 1.0 times") } == [true])
    #expect(
      SpeedMeasurement(peak: 0, peakOfAll: 0, product: 0, productOfAll: 0).warnings == [])
  }

  @Test func linuxFiles() {
    var m = MachineDescription()
    m.readProcessor(
      fromCPUInfo: """
        processor\t: 0
        model name\t: Some CPU @ 2.0: GHz
        flags\t\t: fpu avx2 fma

        processor\t: 1
        model name\t: Another
        flags\t\t: fpu
        """)
    #expect(m.processor == "Some CPU @ 2.0: GHz")
    #expect(m.features == ["fpu", "avx2", "fma"])
    #expect(m.vectors == .avx2)
    #expect(!m.hasBF16)
    m.readMemory(fromMemInfo: "MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable:  1024 kB\n")
    #expect(m.memory == 2 << 20)
    #expect(m.availableMemory == 1 << 20)
    m.readLibraries(
      fromMaps: """
        7f00-7f10 r--p 00000000 08:01 1 /lib/nowhere/libopenblasp-r0.3.21.so
        7f10-7f20 r-xp 00000000 08:01 1 /lib/nowhere/libopenblasp-r0.3.21.so
        7f20-7f30 r--p 00000000 08:01 2 /lib/nowhere/liblapack.so.3
        7f30-7f40 r--p 00000000 00:00 0 [stack]
        7f40-7f50 r--p 00000000 08:01 3 /lib/nowhere/libc.so.6
        7f50-7f60 r-xp 00000000 08:01 4 /lib/nowhere/liblapacke.so.3
        """, address: 0x7f15, lapack: 0x7f22)
    #expect(m.blasLibrary == "/lib/nowhere/libopenblasp-r0.3.21.so")
    #expect(m.lapackLibrary == "/lib/nowhere/liblapack.so.3")
    #expect(m.otherLibraries == ["/lib/nowhere/liblapacke.so.3"])
    m.readLibraries(fromMaps: "7f00-7f10 r--p 0 08:01 1 /lib/my blas/libgoto.so", address: 0x7f00)
    #expect(m.blasLibrary == "/lib/my blas/libgoto.so")
    #expect(MachineDescription.chosen(in: "always [madvise] never\n") == "madvise")
    #expect(MachineDescription.chosen(in: "") == nil)
  }

  @Test func thisMachine() {
    let m = MachineDescription.current()
    #expect(m.blasVersion.hasPrefix("0."))
    #expect(m.blasLibrary?.contains("blas") == true)
    #expect(m.lapackVersion.hasPrefix("3."))
    #expect(m.lapackLibrary != nil)
    #expect(m.memory > 0 && m.availableMemory <= m.memory)
    #expect(m.allowedProcessors >= 1 && m.allowedProcessors <= m.onlineProcessors)
    #expect(!m.features.isEmpty)
    // What runs here is not wider than the processor.
    #expect(m.builtFor <= m.vectors)
  }
}
