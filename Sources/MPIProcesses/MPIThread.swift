#if MPI
  import CMPI
  import Glibc
  import Kernels
  import Processes

  /// The thread that makes all calls of MPI.
  ///
  /// Once a second it tells every other process that this one is alive, whatever the run does
  /// meanwhile. When nothing was heard of a process for too long, everything that the run waits for
  /// fails with a sentence that names it.
  final class MPIThread: @unchecked Sendable {
    private enum Tag {
      static let size: Int32 = 1
      static let bytes: Int32 = 2
      static let life: Int32 = 3

      static func floats(_ stream: Transfer.Stream) -> Int32 { 4 + Int32(stream.rawValue) }
    }

    /// Seconds between signs of life.
    private static let interval = 1.0
    /// Bytes of a long message that go together.
    private static let piece = 1 << 28

    private let silence: Double
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    // Under the mutex.
    private var queue: [MPIOperation] = []
    private var joined: (rank: Int, count: Int)?
    private var failure: ProcessError?
    private var hosts: [String] = []
    private var lastTurn = MPIThread.now()

    // Of the thread alone.
    private var rank = 0, count = 1
    private var active: [MPIOperation] = []
    private var heard: [Double] = []
    private var signsSent: [MPIRequest?] = []
    private var signsAwaited: [MPIRequest?] = []
    private var nextSign = 0.0

    init(silence: Double) {
      self.silence = silence
      mutex = .allocate(capacity: 1)
      changed = .allocate(capacity: 1)
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(changed, nil)
    }

    /// Starts the thread, which joins the other processes.
    ///
    /// - Throws: `ProcessError`.
    func start() throws -> (rank: Int, count: Int) {
      var handle = pthread_t()
      let started = pthread_create(
        &handle, nil,
        { argument in
          // It lives as long as the process.
          if let argument { Unmanaged<MPIThread>.fromOpaque(argument).takeRetainedValue().serve() }
          return nil
        }, Unmanaged.passRetained(self).toOpaque())
      guard started == 0 else {
        throw ProcessError("no thread can be started for MPI; raise the limit of processes")
      }
      pthread_detach(handle)
      return try locked {
        while joined == nil, failure == nil { wait(seconds: 1) }
        if let failure { throw failure }
        return joined ?? (0, 1)
      }
    }

    /// Says what the machines are called, for sentences.
    func name(_ hosts: [String]) { locked { self.hosts = hosts } }

    // MARK: - What the run calls

    func begin(_ transfers: [Transfer]) -> any PendingTransfers {
      let operation = MPIOperation(.transfers(transfers))
      submit(operation)
      return Pending(thread: self, operation: operation)
    }

    func gather(_ bytes: [UInt8]) throws -> [[UInt8]] {
      let operation = MPIOperation(.gather(bytes))
      submit(operation)
      try Profile.waitingForProcesses { try finish(operation) }
      return operation.gathered
    }

    /// Ends MPI; gives up if that takes longer than it should.
    func end(_ kind: MPIOperation.Kind) {
      let operation = MPIOperation(kind)
      submit(operation)
      let latest = Self.now() + 5
      locked {
        while !operation.isDone, Self.now() < latest { wait(seconds: 0.1) }
      }
    }

    private struct Pending: PendingTransfers {
      let thread: MPIThread
      let operation: MPIOperation
      var isDone: Bool { thread.locked { operation.isDone || thread.failure != nil } }
      func wait() throws { try Profile.waitingForProcesses { try thread.finish(operation) } }
    }

    private func submit(_ operation: MPIOperation) {
      locked {
        queue.append(operation)
        pthread_cond_broadcast(changed)
      }
    }

    private func finish(_ operation: MPIOperation) throws {
      try locked {
        while !operation.isDone {
          if let failure { throw failure }
          // The thread itself may hang in MPI, which waits without end for a machine that is gone.
          if Self.now() - lastTurn > 2 * silence {
            throw ProcessError(
              "MPI has not answered for \(Int(2 * silence)) s, as if another machine were gone")
          }
          wait(seconds: 1)
        }
        if let error = operation.error { throw error }
      }
    }

    // MARK: - The thread

    private func serve() {
      var (rank, count): (Int32, Int32) = (0, 1)
      let status = mate_kd_mpi_join(&rank, &count)
      (self.rank, self.count) = (Int(rank), Int(count))
      heard = Array(repeating: Self.now(), count: self.count)
      signsSent = Array(repeating: nil, count: self.count)
      signsAwaited = (0..<self.count).map { $0 == self.rank ? nil : awaitSign(of: $0) }
      locked {
        if status == mate_kd_mpi_success() {
          joined = (self.rank, self.count)
          lastTurn = Self.now()
        } else {
          failure = ProcessError("MPI cannot begin: \(MPIRequest.explanation(status))")
        }
        pthread_cond_broadcast(changed)
      }
      var idle = 0
      while true {
        let added = locked { () -> [MPIOperation] in
          if queue.isEmpty, active.isEmpty { wait(seconds: 0.05) }
          defer { queue = [] }
          let turn = Self.now()
          // After a stop of this very process, others have not been silent for that long.
          let pause = max(0, turn - lastTurn - Self.interval)
          if pause > 0 { for peer in heard.indices { heard[peer] += pause } }
          lastTurn = turn
          return queue
        }
        for operation in added {
          if begin(operation) { return }
        }
        let hasMoved = advance()
        exchangeSigns()
        idle = hasMoved || !added.isEmpty ? 0 : idle + 1
        // Others may need the processor to answer.
        if !active.isEmpty, idle > 20 { usleep(idle > 1000 ? 200 : 20) }
      }
    }

    /// - Returns: whether it was the last one.
    private func begin(_ operation: MPIOperation) -> Bool {
      switch operation.kind {
      case .transfers(let all):
        let transfers = all.filter { !$0.range.isEmpty }
        operation.requests = transfers.compactMap { transfer in
          transfer.buffer.withFloats { floats in
            let part = UnsafeMutableRawBufferPointer(
              UnsafeMutableBufferPointer(rebasing: floats[transfer.range]))
            return part.baseAddress.map {
              MPIRequest(
                transfer.direction, $0, part.count, peer: transfer.peer,
                tag: Tag.floats(transfer.stream))
            }
          }
        }
        active.append(operation)
      case .gather(let bytes): beginGather(bytes, operation)
      case .finish:
        for request in signsAwaited { request?.cancel() }
        mate_kd_mpi_finish()
        complete(operation)
        return true
      case .abort(let status):
        mate_kd_mpi_abort(status)
        complete(operation)
        return true
      }
      return false
    }

    private func beginGather(_ bytes: [UInt8], _ operation: MPIOperation) {
      let others = (0..<count).filter { $0 != rank }
      let size = withUnsafeBytes(of: Int64(bytes.count).littleEndian) { Array($0) }
      let sizes = others.map { MPIRequest(receiving: 8, from: $0, tag: Tag.size) }
      let kept = MPIMemory(copying: bytes)
      operation.kept = kept
      let sent = others.flatMap { peer in
        [MPIRequest(sending: size, to: peer, tag: Tag.size)]
          + pieces(bytes.count).map {
            MPIRequest(.send, kept.start + $0.lowerBound, $0.count, peer: peer, tag: Tag.bytes)
          }
      }
      operation.gathered = Array(repeating: [], count: count)
      operation.gathered[rank] = bytes
      operation.requests = sizes
      operation.next = { [self] in
        let parts = sizes.flatMap { size in
          let length = size.bytes.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
          return pieces(length).map {
            MPIRequest(receiving: $0.count, from: size.peer, tag: Tag.bytes)
          }
        }
        // What was sent may not be gone before its receiver has asked for it.
        operation.requests = parts + sent
        operation.next = {
          for part in parts { operation.gathered[part.peer] += part.bytes }
        }
      }
      active.append(operation)
    }

    private func pieces(_ count: Int) -> [Range<Int>] {
      stride(from: 0, to: count, by: Self.piece).map { $0..<min(count, $0 + Self.piece) }
    }

    /// Looks at what is under way.
    ///
    /// - Returns: whether anything has arrived.
    private func advance() -> Bool {
      var hasMoved = false
      for operation in active {
        do {
          try operation.requests.removeAll { request in
            guard try request.isDone() else { return false }
            heard[request.peer] = Self.now()
            hasMoved = true
            return true
          }
          while operation.requests.isEmpty, let next = operation.next {
            operation.next = nil
            next()
          }
        } catch {
          operation.error = error as? ProcessError
          operation.requests = []
          operation.next = nil
        }
        if operation.requests.isEmpty { complete(operation) }
      }
      active.removeAll { $0.requests.isEmpty }
      return hasMoved
    }

    private func complete(_ operation: MPIOperation) {
      locked {
        operation.isDone = true
        pthread_cond_broadcast(changed)
      }
    }

    // MARK: - Signs of life

    private func exchangeSigns() {
      let now = Self.now()
      let isDue = now >= nextSign
      if isDue { nextSign = now + Self.interval }
      for peer in 0..<count where peer != rank {
        if let sign = signsAwaited[peer], (try? sign.isDone()) == true {
          heard[peer] = now
          signsAwaited[peer] = awaitSign(of: peer)
        }
        guard isDue else { continue }
        if let sign = signsSent[peer], (try? sign.isDone()) == true { signsSent[peer] = nil }
        if signsSent[peer] == nil {
          signsSent[peer] = MPIRequest(sending: [1], to: peer, tag: Tag.life)
        }
        if now - heard[peer] > silence { lose(peer, silentFor: now - heard[peer]) }
      }
    }

    private func awaitSign(of peer: Int) -> MPIRequest {
      MPIRequest(receiving: 1, from: peer, tag: Tag.life)
    }

    private func lose(_ peer: Int, silentFor seconds: Double) {
      locked {
        let host = hosts.isEmpty ? "" : " on \(hosts[peer])"
        failure =
          failure
          ?? ProcessError(
            "process \(peer) of \(count)\(host) has not been heard of for \(Int(seconds)) s")
        pthread_cond_broadcast(changed)
      }
    }

    // MARK: - Means

    private func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
      pthread_mutex_lock(mutex)
      defer { pthread_mutex_unlock(mutex) }
      return try body()
    }

    /// Waits for a change. The mutex is held.
    private func wait(seconds: Double) {
      var end = timespec()
      clock_gettime(CLOCK_REALTIME, &end)
      let nanoseconds = end.tv_nsec + Int(seconds * 1e9)
      end.tv_sec += nanoseconds / 1_000_000_000
      end.tv_nsec = nanoseconds % 1_000_000_000
      pthread_cond_timedwait(changed, mutex, &end)
    }

    private static func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
  }
#endif
