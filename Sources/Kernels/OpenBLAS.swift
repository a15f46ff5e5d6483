import CBLAS
import Glibc
import Synchronization

/// The library behind the factorisations of `LinearAlgebra`. Products are our own.
public enum OpenBLAS {
  /// Turns OpenBLAS's own threads off: mate-kd splits the work itself.
  public static func useOneThread() { openblas_set_num_threads(1) }

  /// The address space of one of OpenBLAS's buffers: 128 MB in all versions that we know, and some
  /// pages. A factorisation uses a few megabytes of it.
  private static let bufferSize = 129 << 20

  private static let isMapped = Mutex(false)

  /// A pool of threads, of which one at a time may call OpenBLAS.
  ///
  /// OpenBLAS maps a buffer when it is first used, and where it cannot, it tries again forever. So
  /// the buffer is mapped here, after a check that there is room for it.
  ///
  /// - Parameters:
  ///   - threads: 0 for `ThreadPool.defaultThreads`.
  ///   - cutFor: as in `ThreadPool`.
  /// - Throws: `MemoryShortage` if there is no room.
  package static func threadPool(
    _ threads: Int, cutFor: Int = 0
  ) throws(MemoryShortage) -> ThreadPool {
    useOneThread()
    let complaint = isMapped.withLock { isMapped -> MemoryShortage? in
      if isMapped { return nil }
      guard hasRoom else {
        let tightest = MemoryLimit.all().filter(\.countsWhatIsMapped).min { $0.left < $1.left }
        let reason = tightest?.description ?? "the system maps no more"
        return MemoryShortage(
          "a run needs \(MemoryLimit.text(Double(bufferSize + rest))) of address space for "
            + "OpenBLAS's buffer and the rest, but \(reason); raise the limit")
      }
      mapBuffer()
      isMapped = true
      return nil
    }
    if let complaint { throw complaint }
    return ThreadPool(threads: threads, cutFor: cutFor)
  }

  /// Bytes beside the buffer without which nothing else can go on: Swift's runtime ends the
  /// process when it cannot allocate. The smallest runs take about 20 MB.
  private static let rest = 48 << 20

  /// Whether the buffer and `rest` could be mapped now.
  private static var hasRoom: Bool {
    var found: [(address: UnsafeMutableRawPointer, size: Int)] = []
    defer { for (address, size) in found { munmap(address, size) } }
    for size in [bufferSize, rest] {
      let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let address, address != MAP_FAILED else { return false }
      found.append((address, size))
    }
    return true
  }

  /// Has OpenBLAS map its buffer, so that no later memory takes its room. These functions are not
  /// part of its interface; without them it maps the buffer when it first needs it.
  private static func mapBuffer() {
    typealias Allocate = @convention(c) (CInt) -> UnsafeMutableRawPointer?
    typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Void
    guard let allocate = dlsym(nil, "blas_memory_alloc"), let free = dlsym(nil, "blas_memory_free")
    else { return }
    unsafeBitCast(free, to: Free.self)(unsafeBitCast(allocate, to: Allocate.self)(0))
  }

  /// Version and build options, as the library reports them.
  public static var configuration: String {
    openblas_get_config().map { String(cString: $0) } ?? ""
  }

  /// The processor type whose kernels are in use, such as `Cooperlake` or `Haswell`.
  public static var coreName: String { openblas_get_corename().map { String(cString: $0) } ?? "" }

  /// The number of threads that OpenBLAS would use.
  public static var threads: Int { Int(openblas_get_num_threads()) }

  /// The address of a function of the library; nil if it cannot be found. It belongs to another
  /// library if one with a function of the same name was loaded before OpenBLAS.
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

/// The number of threads that OpenBLAS is to start when it is loaded, the main thread included.
///
/// OpenBLAS asks a function of this name for what `OPENBLAS_NUM_THREADS` says, and one of the
/// program takes precedence over the library's own. mate-kd never uses OpenBLAS's threads. Each of
/// them would map a buffer of 128 MB before `main`, and under a limit on the address space it would
/// try forever.
@_cdecl("openblas_num_threads_env")
public func openBLASThreadsWhenLoaded() -> CInt { 1 }
