import Glibc
import Synchronization

/// The work that one thread of a pool shares with the others, and what the pool knows of the
/// thread.
///
/// Whoever finds a part that nobody has taken takes it. The owner writes the other fields while
/// `claim` has no part left, and a part is taken by exchanging `claim`, so a field that was read
/// before a successful exchange belongs to that part.
final class SharedWork: Sendable {
  /// A count of the owner's shared works (32 bits), the number of parts of the current one (16) and
  /// the next of them (16). They are one word: a number of parts that is newer than the next part
  /// would open parts that do not exist.
  private let claim = Atomic<UInt64>(0)
  /// As many parts as `claim` can count.
  static let mostParts = 0xffff
  /// The address of the closure that does a part, on the owner's stack.
  private let body = Atomic<UInt>(0)
  /// Parts that have not ended yet.
  private let unfinished = Atomic<Int>(0)
  /// True while the owner sleeps until `unfinished` is 0.
  private let ownerSleeps = Atomic<Bool>(false)

  /// A part that somebody has taken and must now do.
  struct Part {
    fileprivate let work: SharedWork
    fileprivate let index: Int
    fileprivate let body: UInt

    /// Does the part.
    ///
    /// - Parameter count: is called when the part has been done, before anybody hears of it.
    /// - Returns: true if the owner sleeps and has to be woken.
    func run(_ count: () -> Void) -> Bool {
      guard let body = UnsafePointer<(Int) -> Void>(bitPattern: body) else { return false }
      body.pointee(index)
      count()
      let left = work.unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue
      return left == 0 && work.ownerSleeps.load(ordering: .sequentiallyConsistent)
    }
  }

  /// Takes a part; nil if there is none left.
  func take() -> Part? {
    var seen = claim.load(ordering: .acquiring)
    while true {
      let index = Self.next(seen)
      guard index < Self.parts(seen) else { return nil }
      let body = body.load(ordering: .relaxed)
      let (exchanged, found) = claim.weakCompareExchange(
        expected: seen, desired: seen + 1, successOrdering: .acquiringAndReleasing,
        failureOrdering: .acquiring)
      if exchanged { return Part(work: self, index: Int(index), body: body) }
      seen = found
    }
  }

  /// Whether a part is left to take.
  var isOpen: Bool {
    let seen = claim.load(ordering: .sequentiallyConsistent)
    return Self.next(seen) < Self.parts(seen)
  }

  private static func next(_ claim: UInt64) -> UInt64 { claim & 0xffff }
  private static func parts(_ claim: UInt64) -> UInt64 { claim &>> 16 & 0xffff }

  /// Offers parts to others. The closure must stay where it is until all have ended.
  func open(parts count: Int, _ address: UnsafePointer<(Int) -> Void>) {
    body.store(UInt(bitPattern: address), ordering: .relaxed)
    unfinished.store(count, ordering: .relaxed)
    let number = claim.load(ordering: .relaxed) &>> 32
    claim.store(
      (number &+ 1) &<< 32 | UInt64(count) &<< 16, ordering: .sequentiallyConsistent)
  }

  /// Whether all parts have ended.
  var isFinished: Bool { unfinished.load(ordering: .acquiring) == 0 }

  /// Whether all parts have ended; if not, whoever ends the last one wakes the owner. To be asked
  /// with the pool's mutex held.
  func isFinishedBeforeSleep() -> Bool {
    ownerSleeps.store(true, ordering: .sequentiallyConsistent)
    return unfinished.load(ordering: .sequentiallyConsistent) == 0
  }

  /// The owner is awake again.
  func wakeUp() { ownerSleeps.store(false, ordering: .relaxed) }
}

/// The place of a thread in the pool that it is working for.
final class PoolPlace {
  /// The pool outlives its threads, and whoever waits for it.
  unowned(unsafe) let pool: ThreadPool
  let work: SharedWork
  /// True while the thread does a part of shared work. What is shared within that is done at once.
  var isSharing = false

  init(pool: ThreadPool, work: SharedWork) {
    self.pool = pool
    self.work = work
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// The place of the calling thread; nil outside the tasks of a pool.
  static var current: PoolPlace? {
    pthread_getspecific(key).map { Unmanaged<PoolPlace>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Sets the place of the calling thread, which does not keep it alive.
  static func setCurrent(_ place: PoolPlace?) {
    pthread_setspecific(key, place.map { Unmanaged.passUnretained($0).toOpaque() })
  }
}

extension Kernel {
  /// The number of threads that can work on what the calling thread does, itself included. It
  /// changes from moment to moment, so no result may depend on it.
  static var team: Int {
    guard let place = PoolPlace.current, !place.isSharing else { return 1 }
    return place.pool.team
  }

  /// Calls `body(0) ... body(parts - 1)`, some of them on other threads of the pool.
  ///
  /// - Parameters:
  ///   - part: what the profile counts the work as.
  ///   - work: how much it is, in operations or bytes, for the profile.
  package static func share(
    _ part: Profile.Part, parts: Int, work: Int = 0, _ body: (Int) -> Void
  ) {
    guard parts > 1, parts <= SharedWork.mostParts, let place = PoolPlace.current, !place.isSharing
    else {
      for part in 0..<parts { body(part) }
      return
    }
    if Profile.isEnabled { Profile.addShare(part, parts: parts, team: place.pool.team, work: work) }
    // The closure does not outlive this call: every part has ended before it returns.
    withoutActuallyEscaping(body) { place.pool.share(place, parts: parts, $0) }
  }

  /// Calls `body` for all rows of a matrix, in consecutive ranges if other threads help.
  ///
  /// - Parameters:
  ///   - part: what the profile counts the work as.
  ///   - bytes: what a row moves; also decides how many rows are worth giving away.
  static func shareRows(
    _ count: Int, _ part: Profile.Part, bytes: Int, _ body: (_ rows: Range<Int>) -> Void
  ) {
    let team = team
    // Twice as many as threads, since a helper may come late or be slower than the others.
    let parts = team == 1 ? 1 : min(2 * team, count, count * bytes / smallestBytes)
    guard parts > 1 else {
      let span = Profile.begin(part, bytes: bytes * count)
      defer { span.end() }
      return body(0..<count)
    }
    share(part, parts: parts, work: count * bytes) { number in
      let rows = count * number / parts..<count * (number + 1) / parts
      let span = Profile.begin(part, bytes: bytes * rows.count)
      defer { span.end() }
      body(rows)
    }
  }

  /// Calls `body` for all columns of a matrix in ranges whose borders are borders of vectors, for
  /// sums over rows: their order is that of the rows in every column.
  ///
  /// - Parameter bytes: what a column moves.
  static func shareColumns(
    _ count: Int, _ part: Profile.Part, bytes: Int, _ body: (_ columns: Range<Int>) -> Void
  ) {
    let units = (count + 15) / 16
    shareRows(units, part, bytes: 16 * bytes) { range in
      body(16 * range.lowerBound..<min(count, 16 * range.upperBound))
    }
  }

  /// What is worth giving to another thread: some 5 microseconds of work.
  private static let smallestBytes = 1 << 16
}

extension ThreadPool {
  /// The seconds that two threads of this machine take to share nothing: to hand out parts and to
  /// hear that they have ended.
  public static func measuredMeeting() -> Double {
    let rounds = 2000
    let pool = ThreadPool(threads: 2)
    let seconds = Mutex(0.0)
    try? pool.run(count: 1) { _ in
      let start = ContinuousClock.now
      for _ in 0..<rounds { Kernel.share(.other, parts: 2) { _ in } }
      let elapsed = (ContinuousClock.now - start) / .seconds(1)
      seconds.withLock { $0 = elapsed }
    }
    return seconds.withLock { $0 } / Double(rounds)
  }
}
