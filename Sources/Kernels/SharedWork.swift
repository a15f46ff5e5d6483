import Glibc
import Synchronization

/// The work that one thread of a pool shares with the others, and what the pool knows of the thread.
///
/// Whoever finds a part that nobody has taken takes it. The owner writes the fields while no part is
/// left to take, and a part is taken by exchanging `claim`, so fields that were read before a
/// successful exchange belong to that part.
final class SharedWork: Sendable {
  /// A count of the owner's shared works (high half) and the next part of the current one.
  private let claim = Atomic<UInt64>(0)
  private let parts = Atomic<UInt64>(0)
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
      let index = seen & 0xffff_ffff
      guard index < parts.load(ordering: .relaxed) else { return nil }
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
    claim.load(ordering: .sequentiallyConsistent) & 0xffff_ffff < parts.load(ordering: .relaxed)
  }

  /// Offers parts to others. The closure must stay where it is until all have ended.
  func open(parts count: Int, _ address: UnsafePointer<(Int) -> Void>) {
    parts.store(UInt64(count), ordering: .relaxed)
    body.store(UInt(bitPattern: address), ordering: .relaxed)
    unfinished.store(count, ordering: .relaxed)
    let number = claim.load(ordering: .relaxed) &>> 32
    claim.store((number &+ 1) &<< 32, ordering: .sequentiallyConsistent)
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
  /// Nanoseconds for which the thread waited for others to end their parts, in a timed job.
  var waited: UInt64 = 0

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
  /// The number of parts that work of the calling thread should be cut into: 1 if no thread could
  /// help. It changes from moment to moment, so no result may depend on it.
  static var wantedParts: Int {
    guard let place = PoolPlace.current, !place.isSharing else { return 1 }
    let helpers = place.pool.helpers
    // Twice as many as threads, since a helper may come late or be slower than the others.
    return helpers > 0 ? 2 * (helpers + 1) : 1
  }

  /// Calls `body(0) ... body(parts - 1)`, some of them on other threads of the pool.
  static func share(parts: Int, _ body: (Int) -> Void) {
    guard parts > 1, let place = PoolPlace.current, !place.isSharing else {
      for part in 0..<parts { body(part) }
      return
    }
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
    let parts = min(wantedParts, count, count * bytes / smallestBytes)
    guard parts > 1 else {
      let span = Profile.begin(part, bytes: bytes * count)
      defer { span.end() }
      return body(0..<count)
    }
    share(parts: parts) { number in
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
