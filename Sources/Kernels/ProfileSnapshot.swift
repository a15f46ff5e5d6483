/// All counters of `Profile` at one moment, or what was added to them between two moments.
public struct ProfileSnapshot: Sendable {
  var totals = Array(repeating: Profile.Total(), count: Profile.Part.allCases.count)
  /// Seconds in which the threads of a pool worked together.
  public package(set) var parallelSeconds = 0.0

  /// Zeros.
  public init() {}

  /// The counters of all threads so far. To be called while no kernel runs.
  public static func now() -> ProfileSnapshot { ProfileRecord.snapshot() }

  /// The counters of the calling thread so far.
  package static func ofThisThread() -> ProfileSnapshot {
    ProfileRecord.ofThisThread.pointee.counts
  }

  /// What was counted for a part.
  public package(set) subscript(_ part: Profile.Part) -> Profile.Total {
    get { totals[part.rawValue] }
    set { totals[part.rawValue] = newValue }
  }

  /// What was counted after `b`.
  public static func - (a: ProfileSnapshot, b: ProfileSnapshot) -> ProfileSnapshot {
    var result = a
    for index in a.totals.indices { result.totals[index] = a.totals[index] - b.totals[index] }
    result.parallelSeconds -= b.parallelSeconds
    return result
  }

  /// Adds what another snapshot counted.
  public static func += (a: inout ProfileSnapshot, b: ProfileSnapshot) {
    for index in a.totals.indices { a.totals[index] += b.totals[index] }
    a.parallelSeconds += b.parallelSeconds
  }
}

/// The thread time of a stretch of a run, divided completely among all parts.
public struct ProfileBreakdown: Sendable {
  /// The counts of one part.
  public struct Row: Sendable {
    /// The part.
    public let part: Profile.Part
    /// Its counts; waiting, idle and other time have only seconds.
    public let total: Profile.Total
    /// Its seconds as a share of all thread time, between 0 and 1.
    public let share: Double
  }

  /// Seconds from beginning to end.
  public let seconds: Double
  /// The number of threads that were available.
  public let threads: Int
  /// All parts that took time, in the order of `Profile.Part`.
  public let rows: [Row]

  /// Divides up `threads` times `seconds` of thread time.
  ///
  /// While a pool's threads do not work together, all but the calling thread are idle. What is left
  /// of the thread time after kernels, waiting and idling is `other`.
  public init(_ counted: ProfileSnapshot, seconds: Double, threads: Int) {
    self.seconds = seconds
    self.threads = threads
    let all = seconds * Double(threads)
    var parts = counted
    parts[.idle].seconds = Double(threads - 1) * max(0, seconds - counted.parallelSeconds)
    parts[.other].seconds = 0
    let known = Profile.Part.allCases.reduce(0) { $0 + parts[$1].seconds }
    parts[.other].seconds = max(0, all - known)
    rows = Profile.Part.allCases.filter { parts[$0].seconds > 0 }.map {
      Row(part: $0, total: parts[$0], share: all > 0 ? parts[$0].seconds / all : 0)
    }
  }

  /// Floating-point operations of all products.
  public var flops: Double { rows.reduce(0) { $0 + $1.total.flops } }
}
