import Glibc
import Synchronization

/// Where the time of a run goes: calls, seconds, arithmetic and bytes by kind of kernel.
///
/// Off by default; a kernel then pays one relaxed load per call. When on, every kernel call reads
/// the clock twice and adds to the counters of its own thread, so threads never wait for each other
/// here. A kernel within a kernel is counted separately: no time is ever counted twice.
public enum Profile {
  /// A kind of kernel, or of time in which no kernel ran.
  public enum Part: Int, CaseIterable, Sendable {
    /// x W^T of a linear layer.
    case forwardProduct
    /// dY W: the gradient of a linear layer's input.
    case inputGradientProduct
    /// dY^T x: the gradient of a linear layer's weight.
    case weightGradientProduct
    /// Any product with a weight that has a side longer than 8,192, that is, with the vocabulary.
    case vocabularyProduct
    /// Scores, softmax, dropout and context of attention, products included.
    case attention
    /// Backward of attention.
    case attentionGradient
    /// Softmax and its gradient outside attention.
    case softmax
    /// Dropout, residual and LayerNorm.
    case layerNorm
    /// Backward of LayerNorm, residual and dropout.
    case layerNormGradient
    /// GELU and other element-wise functions.
    case activation
    /// Their gradients.
    case activationGradient
    /// Dropout by itself.
    case dropout
    /// Sums of table rows.
    case embedding
    /// Scattered sums into tables.
    case embeddingGradient
    /// Losses with their gradients.
    case loss
    /// Gumbel noise and the largest word of each row.
    case gumbel
    /// The shards' gradients added up, and their norm.
    case gradientSum
    /// Adam.
    case optimizer
    /// Biases, sums, gathers, copies and fills.
    case elementwise
    /// Threads that waited at the end of a kernel for those who had helped with it.
    case meeting
    /// Threads of a pool that had no task left, or were not awake yet, while others were working.
    case waiting
    /// Threads of a pool while only the calling thread was working.
    case idle
    /// Waiting for other processes that share the run.
    case exchange
    /// Everything else: batches, tapes, memory.
    case other

    /// The name that users see.
    public var name: String {
      switch self {
      case .forwardProduct: "products, forward"
      case .inputGradientProduct: "products, input gradient"
      case .weightGradientProduct: "products, weight gradient"
      case .vocabularyProduct: "products, vocabulary"
      case .attention: "attention"
      case .attentionGradient: "attention, gradient"
      case .softmax: "softmax"
      case .layerNorm: "LayerNorm"
      case .layerNormGradient: "LayerNorm, gradient"
      case .activation: "activation"
      case .activationGradient: "activation, gradient"
      case .dropout: "dropout"
      case .embedding: "embedding"
      case .embeddingGradient: "embedding, gradient"
      case .loss: "losses"
      case .gumbel: "Gumbel"
      case .gradientSum: "gradient sum and norm"
      case .optimizer: "optimiser"
      case .elementwise: "biases, sums, copies"
      case .meeting: "waiting for helpers"
      case .waiting: "waiting for other threads"
      case .idle: "idle beside serial work"
      case .exchange: "waiting for other processes"
      case .other: "everything else"
      }
    }
  }

  /// What was counted for one part.
  public struct Total: Sendable, Equatable {
    /// Kernel calls.
    public var calls = 0
    /// Seconds of thread time, without the time of kernels called from within.
    public var seconds = 0.0
    /// Floating-point operations of products (two for a multiplication with addition); 0 for parts
    /// whose time goes elsewhere.
    public var flops = 0.0
    /// Bytes of all operands, each counted once: the least that has to be moved.
    public var bytes = 0.0
    /// How often work was cut into parts that threads could share, and the number of these parts.
    public var shares = 0, parts = 0
    /// The work that was cut, in operations or bytes, and how much the threads could have done in
    /// the time of the one with the most parts.
    public var sharedWork = 0.0, roomForWork = 0.0

    /// Nothing counted.
    public init() {}

    static func - (a: Total, b: Total) -> Total {
      var result = a
      result.calls -= b.calls
      result.seconds -= b.seconds
      result.flops -= b.flops
      result.bytes -= b.bytes
      result.shares -= b.shares
      result.parts -= b.parts
      result.sharedWork -= b.sharedWork
      result.roomForWork -= b.roomForWork
      return result
    }

    /// Adds the counts of another total.
    public static func += (a: inout Total, b: Total) {
      a.calls += b.calls
      a.seconds += b.seconds
      a.flops += b.flops
      a.bytes += b.bytes
      a.shares += b.shares
      a.parts += b.parts
      a.sharedWork += b.sharedWork
      a.roomForWork += b.roomForWork
    }
  }

  private static let isOn = Atomic(false)

  private static let sessions = Mutex(())

  /// Whether kernels are being counted.
  public static var isEnabled: Bool { isOn.load(ordering: .relaxed) }

  /// Counts the kernels of all threads while `body` runs. There is one session at a time; others
  /// wait.
  ///
  /// - Parameter counting: false waits for the turn without counting.
  public static func session<R: Sendable, E: Error>(
    counting: Bool = true, _ body: () throws(E) -> R
  ) throws(E) -> R {
    try sessions.withLock { _ throws(E) in
      isOn.store(counting, ordering: .relaxed)
      defer { isOn.store(false, ordering: .relaxed) }
      return try body()
    }
  }

  /// One kernel call that is being timed.
  struct Span {
    fileprivate let record: UnsafeMutablePointer<ProfileRecord>?
    fileprivate var part = Part.other
    fileprivate var start: UInt64 = 0
    fileprivate var nestedBefore: UInt64 = 0
    fileprivate var flops = 0.0
    fileprivate var bytes = 0.0

    /// Counts the call.
    @inline(__always)
    func end() {
      if let record { record.pointee.close(self) }
    }

    /// Counts a call of which only its end knows how much memory it has touched.
    @inline(__always)
    func end(bytes: Int) {
      guard let record else { return }
      var known = self
      known.bytes = Double(bytes)
      record.pointee.close(known)
    }
  }

  /// Starts timing a kernel call. In a kernel: `let span = Profile.begin(.layerNorm, bytes: 16 *
  /// x.count); defer { span.end() }`.
  @inline(__always)
  static func begin(
    _ part: @autoclosure () -> Part, flops: @autoclosure () -> Int = 0,
    bytes: @autoclosure () -> Int = 0
  ) -> Span {
    guard isEnabled else { return Span(record: nil) }
    return open(part(), flops(), bytes())
  }

  @inline(never)
  private static func open(_ part: Part, _ flops: Int, _ bytes: Int) -> Span {
    let record = ProfileRecord.ofThisThread
    var span = Span(record: record)
    span.part = part
    span.flops = Double(flops)
    span.bytes = Double(bytes)
    span.nestedBefore = record.pointee.nested
    record.pointee.nested = 0
    span.start = now()
    return span
  }

  /// Counts work that was cut into parts for a team of threads.
  static func addShare(_ part: Part, parts: Int, team: Int, work: Int) {
    let total = ProfileRecord.ofThisThread.pointee.totals + part.rawValue
    total.pointee.shares += 1
    total.pointee.parts += parts
    let places = (parts + team - 1) / team * team
    total.pointee.sharedWork += Double(work)
    total.pointee.roomForWork += Double(work) * Double(places) / Double(parts)
  }

  /// Counts the wait of a thread for those who helped it.
  static func addMeeting(_ nanoseconds: UInt64) {
    let total = ProfileRecord.ofThisThread.pointee.totals + Part.meeting.rawValue
    total.pointee.calls += 1
    total.pointee.seconds += Double(nanoseconds) * 1e-9
  }

  /// Counts what a thread waits for other processes while `body` runs.
  package static func waitingForProcesses<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    guard isEnabled else { return try body() }
    let start = now()
    defer {
      let total = ProfileRecord.ofThisThread.pointee.totals + Part.exchange.rawValue
      total.pointee.calls += 1
      total.pointee.seconds += Double(now() - start) * 1e-9
    }
    return try body()
  }

  /// Counts one joint run of a pool's threads.
  ///
  /// - Parameters:
  ///   - duration: nanoseconds from beginning to end.
  ///   - busy: nanoseconds of all its tasks together.
  static func addRendezvous(threads: Int, duration: UInt64, busy: UInt64) {
    let record = ProfileRecord.ofThisThread
    let available = UInt64(threads) * duration
    let waiting = Part.waiting.rawValue
    record.pointee.totals[waiting].calls += 1
    record.pointee.totals[waiting].seconds +=
      available > busy ? Double(available - busy) * 1e-9 : 0
    record.pointee.parallelSeconds += Double(duration) * 1e-9
  }

  /// Nanoseconds of a clock that never goes back.
  @inline(__always)
  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}

/// The counters of one thread. Only that thread writes them, and they are read while no kernel
/// runs. They outlive the thread, so its work stays counted.
struct ProfileRecord {
  fileprivate(set) var totals: UnsafeMutablePointer<Profile.Total>
  fileprivate(set) var parallelSeconds = 0.0
  /// Nanoseconds of the kernels that ran within the one being timed.
  fileprivate var nested: UInt64 = 0

  @inline(never)
  fileprivate mutating func close(_ span: Profile.Span) {
    let elapsed = Profile.now() &- span.start
    let index = span.part.rawValue
    totals[index].calls += 1
    totals[index].seconds += Double(elapsed - min(elapsed, nested)) * 1e-9
    totals[index].flops += span.flops
    totals[index].bytes += span.bytes
    nested = span.nestedBefore &+ elapsed
  }

  private struct Registry: @unchecked Sendable {
    var records: [UnsafeMutablePointer<ProfileRecord>] = []
  }

  private static let registry = Mutex(Registry())

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  static var ofThisThread: UnsafeMutablePointer<ProfileRecord> {
    if let found = pthread_getspecific(key) {
      return found.assumingMemoryBound(to: ProfileRecord.self)
    }
    let totals = UnsafeMutablePointer<Profile.Total>.allocate(capacity: Profile.Part.allCases.count)
    totals.initialize(repeating: Profile.Total(), count: Profile.Part.allCases.count)
    let record = UnsafeMutablePointer<ProfileRecord>.allocate(capacity: 1)
    record.initialize(to: ProfileRecord(totals: totals))
    pthread_setspecific(key, record)
    registry.withLock { $0.records.append(record) }
    return record
  }

  static func snapshot() -> ProfileSnapshot {
    registry.withLock { registry in
      var result = ProfileSnapshot()
      for record in registry.records { result += record.pointee.counts }
      return result
    }
  }

  /// The counters as they are now.
  var counts: ProfileSnapshot {
    var result = ProfileSnapshot()
    for index in result.totals.indices { result.totals[index] = totals[index] }
    result.parallelSeconds = parallelSeconds
    return result
  }
}
