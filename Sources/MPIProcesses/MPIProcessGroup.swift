#if MPI
  import CMPI
  import Glibc
  import Kernels
  import Processes

  /// The processes that mpirun or srun has started, which talk by MPI.
  ///
  /// All calls of MPI are made by a thread of its own (`MPIThread`), so transfers go on while the
  /// run computes, and a process that says nothing more is noticed.
  public final class MPIProcessGroup: ProcessGroup {
    /// This process's number.
    public let rank: Int
    /// How many processes there are.
    public let count: Int
    private let hosts: [String]
    private let thread: MPIThread

    /// Joins the other processes. To be called once, by all of them.
    ///
    /// - Parameter silence: seconds after which a process of which nothing was heard counts as
    ///   lost.
    /// - Throws: `ProcessError`.
    public init(silence: Double = 30) throws {
      thread = MPIThread(silence: silence)
      (rank, count) = try thread.start()
      hosts = try thread.gather(Array(Self.hostName.utf8)).map {
        String(decoding: $0, as: UTF8.self)
      }
      thread.name(hosts)
    }

    /// The machine that a process runs on.
    public func host(of rank: Int) -> String { hosts[rank] }

    /// Begins transfers.
    public func begin(_ transfers: [Transfer]) -> any PendingTransfers {
      thread.begin(transfers)
    }

    /// Gives every process the bytes of all.
    ///
    /// - Throws: `ProcessError`.
    public func gather(_ bytes: [UInt8]) throws -> [[UInt8]] { try thread.gather(bytes) }

    /// Waits for the others, and parts from them.
    public func leave() {
      _ = try? thread.gather([])
      thread.end(.finish)
    }

    /// Ends all processes.
    public func abort(status: Int32) -> Never {
      thread.end(.abort(status))
      // Whatever happens to MPI.
      _exit(status)
    }

    private static var hostName: String {
      var name = [CChar](repeating: 0, count: 256)
      guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
      return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
  }
#endif
