#if MPI
  import CMPI
  import Glibc
  import Kernels
  import Processes

  /// Something that the run has asked of the thread that calls MPI. Only that thread looks into it
  /// until it is done; then only the run does.
  final class MPIOperation: @unchecked Sendable {
    enum Kind {
      case transfers([Transfer])
      case gather([UInt8])
      case finish
      case abort(Int32)
    }

    let kind: Kind
    /// Set and read under the thread's mutex.
    var isDone = false
    var error: ProcessError?
    /// Of a `gather`, in the order of ranks.
    var gathered: [[UInt8]] = []
    /// What is sent to all, in one copy.
    var kept: MPIMemory?
    /// What is under way, and what is left to do when it has arrived.
    var requests: [MPIRequest] = []
    var next: (() -> Void)?

    init(_ kind: Kind) { self.kind = kind }
  }

  /// A copy of bytes that stays where it is.
  final class MPIMemory {
    let start: UnsafeMutableRawPointer

    init(copying bytes: [UInt8]) {
      start = .allocate(byteCount: max(1, bytes.count), alignment: 8)
      UnsafeMutableRawBufferPointer(start: start, count: bytes.count).copyBytes(from: bytes)
    }

    deinit { start.deallocate() }
  }

  /// A piece of memory on its way from or to another process.
  final class MPIRequest {
    let peer: Int
    private let request: UnsafeMutablePointer<mate_kd_mpi_request>
    /// Memory of its own, if it has any.
    private let memory: UnsafeMutableRawPointer?
    let size: Int

    /// What MPI said when the transfer began.
    private var status: Int32

    /// A transfer of memory that stays where it is until the transfer is done.
    init(
      _ direction: Transfer.Direction, _ memory: UnsafeMutableRawPointer, _ size: Int, peer: Int,
      tag: Int32
    ) {
      self.peer = peer
      self.size = size
      self.memory = nil
      request = .allocate(capacity: 1)
      status = Self.begin(direction, memory, size, peer, tag, request)
    }

    /// Sends a copy of bytes.
    init(sending bytes: some Collection<UInt8>, to peer: Int, tag: Int32) {
      self.peer = peer
      size = bytes.count
      let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 8)
      UnsafeMutableRawBufferPointer(start: memory, count: bytes.count).copyBytes(from: bytes)
      self.memory = memory
      request = .allocate(capacity: 1)
      status = Self.begin(.send, memory, size, peer, tag, request)
    }

    /// Receives bytes.
    init(receiving size: Int, from peer: Int, tag: Int32) {
      self.peer = peer
      self.size = size
      let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, size), alignment: 8)
      self.memory = memory
      request = .allocate(capacity: 1)
      status = Self.begin(.receive, memory, size, peer, tag, request)
    }

    deinit {
      request.deallocate()
      memory?.deallocate()
    }

    private static func begin(
      _ direction: Transfer.Direction, _ memory: UnsafeMutableRawPointer, _ size: Int, _ peer: Int,
      _ tag: Int32, _ request: UnsafeMutablePointer<mate_kd_mpi_request>
    ) -> Int32 {
      direction == .send
        ? mate_kd_mpi_send(memory, Int32(size), Int32(peer), tag, request)
        : mate_kd_mpi_receive(memory, Int32(size), Int32(peer), tag, request)
    }

    /// Whether it has arrived.
    /// - Throws: `ProcessError`.
    func isDone() throws -> Bool {
      var (done, bytes): (Int32, Int32) = (0, 0)
      if status == mate_kd_mpi_success() { status = mate_kd_mpi_test(request, &done, &bytes) }
      guard status == mate_kd_mpi_success() else {
        throw ProcessError(Self.explanation(status))
      }
      return done != 0
    }

    /// The bytes that were received.
    var bytes: [UInt8] {
      Array(UnsafeRawBufferPointer(start: memory, count: memory == nil ? 0 : size))
    }

    /// Gives up a receipt that nothing will come for.
    func cancel() { mate_kd_mpi_cancel(request) }

    static func explanation(_ status: Int32) -> String {
      var text = [CChar](repeating: 0, count: 1024)
      mate_kd_mpi_explain(status, &text)
      return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
  }
#endif
