import CBLAS
import Glibc
import Synchronization

/// A few threads that run numbered tasks together with the caller.
///
/// Tasks are claimed in order. Threads that find none left help those that still have one: kernels
/// cut their work into parts while somebody is free (`Kernel.share`), so a batch in two shards
/// keeps sixteen threads busy. Which thread runs a task or a part must not change a result.
///
/// A thread that has nothing to do looks around for some microseconds, since the next kernel
/// follows soon, and then sleeps. It sleeps at once if there are more threads than processors.
public final class ThreadPool: @unchecked Sendable {
  /// Number of threads that work during `run`, the caller included.
  public let threads: Int

  private struct Job {
    let count: Int
    let isTimed: Bool
    let body: @Sendable (Int) -> Void
  }

  /// Held from the beginning of a job to its end: callers on several threads take turns.
  private let turn: UnsafeMutablePointer<pthread_mutex_t>
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let wake: UnsafeMutablePointer<pthread_cond_t>
  private let done: UnsafeMutablePointer<pthread_cond_t>
  private var job: Job?
  private let generation = Atomic(0)
  private var nextTask = 0
  private let unfinished = Atomic(0)
  /// Nanoseconds of the tasks of a timed job, and of parts of them that others did.
  private let busy = Atomic<UInt64>(0)
  private let stopping = Atomic(false)
  /// What each thread shares; the caller's comes first.
  private let shared: [SharedWork]
  private let sleeping = Atomic(0)
  private let free = Atomic(0)
  /// How often a thread looks for work before it sleeps.
  private let looks: Int
  private let seemingHelpers: Int
  private var handles: [pthread_t] = []

  /// The number of processors this process may run on.
  public static var availableProcessors: Int {
    let allowed = Int(mate_kd_available_processors())
    return allowed > 0 ? allowed : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  /// The number of threads that can work at once: one per processor that this process may run on,
  /// or fewer if its control group grants less time than that.
  public static let defaultThreads = threads(
    processors: availableProcessors, quota: ControlGroup.processorQuota())

  /// - Parameter quota: the processors' worth of time that is granted; nil for no limit.
  package static func threads(processors: Int, quota: Double?) -> Int {
    guard let quota, quota < Double(processors) else { return processors }
    return max(1, Int(quota.rounded(.up)))
  }

  /// Starts `threads - 1` threads; 0 means `defaultThreads`.
  ///
  /// - Parameter cutFor: cuts work as a pool of so many threads does, to see what that costs; 0 for
  ///   no more than there are. Two of the threads have tasks of their own.
  public init(threads requested: Int = 0, cutFor: Int = 0) {
    seemingHelpers = max(0, cutFor - 2)
    threads = requested > 0 ? requested : Self.defaultThreads
    shared = (0..<max(1, threads)).map { _ in SharedWork() }
    looks = threads <= Self.availableProcessors ? 2000 : 0
    turn = .allocate(capacity: 1)
    mutex = .allocate(capacity: 1)
    wake = .allocate(capacity: 1)
    done = .allocate(capacity: 1)
    pthread_mutex_init(turn, nil)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(done, nil)
    for number in 1..<max(1, threads) {
      var attributes = pthread_attr_t()
      pthread_attr_init(&attributes)
      pthread_attr_setstacksize(&attributes, 8 << 20)
      var handle = pthread_t()
      let start = Unmanaged.passRetained(Start(pool: self, number: number))
      let started = pthread_create(
        &handle, &attributes,
        { argument in
          if let argument {
            let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            start.pool.serve(start.number)
          }
          return nil
        }, start.toOpaque())
      if started != 0 { start.release() }
      pthread_attr_destroy(&attributes)
      if started == 0 { handles.append(handle) }
    }
  }

  deinit {
    pthread_mutex_lock(mutex)
    stopping.store(true, ordering: .sequentiallyConsistent)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
    for handle in handles { pthread_join(handle, nil) }
    pthread_cond_destroy(wake)
    pthread_cond_destroy(done)
    pthread_mutex_destroy(mutex)
    pthread_mutex_destroy(turn)
    mutex.deallocate()
    turn.deallocate()
    wake.deallocate()
    done.deallocate()
  }

  /// Runs `body(0) ... body(count - 1)`, each once, and returns when all have ended.
  ///
  /// If any task throws, the error of the lowest-numbered failing task is thrown after all tasks
  /// have ended. Calls from several threads are served one after another. A call from inside a task
  /// of the same pool would wait for itself forever.
  public func run(count: Int, _ body: @Sendable (Int) throws -> Void) throws {
    guard count > 0 else { return }
    let failures = Mutex<[(Int, any Error)]>([])
    // The closure does not outlive this call: every task has ended before it returns.
    withoutActuallyEscaping(body) { body in
      execute(count: count) { index in
        do { try body(index) } catch { failures.withLock { $0.append((index, error)) } }
      }
    }
    if let first = failures.withLock({ $0.min { $0.0 < $1.0 } }) { throw first.1 }
  }

  /// Splits 0..<total into one contiguous range per thread, borders at multiples of `alignment`.
  ///
  /// For element-wise work only, in which the borders cannot change a result.
  public func ranges(
    total: Int, alignment: Int = 1024, _ body: @Sendable (Range<Int>) -> Void
  ) {
    let units = (total + alignment - 1) / alignment
    let parts = max(1, min(threads, units))
    withoutActuallyEscaping(body) { body in
      execute(count: parts) { part in
        let lower = min(total, units * part / parts * alignment)
        let upper = min(total, units * (part + 1) / parts * alignment)
        if lower < upper { body(lower..<upper) }
      }
    }
  }

  private func execute(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    guard count > 0 else { return }
    if handles.isEmpty {
      for index in 0..<count { body(index) }
      return
    }
    pthread_mutex_lock(turn)
    defer { pthread_mutex_unlock(turn) }
    let isTimed = Profile.isEnabled
    let start = isTimed ? Profile.now() : 0
    let place = PoolPlace(pool: self, work: shared[0])
    let outer = PoolPlace.current
    PoolPlace.setCurrent(place)
    defer { PoolPlace.setCurrent(outer) }
    pthread_mutex_lock(mutex)
    job = Job(count: count, isTimed: isTimed, body: body)
    busy.store(0, ordering: .relaxed)
    nextTask = 0
    unfinished.store(count, ordering: .relaxed)
    generation.add(1, ordering: .sequentiallyConsistent)
    pthread_cond_broadcast(wake)
    work(place)
    pthread_mutex_unlock(mutex)
    help(place) { unfinished.load(ordering: .acquiring) > 0 }
    pthread_mutex_lock(mutex)
    job = nil
    pthread_mutex_unlock(mutex)
    if isTimed {
      Profile.addRendezvous(
        threads: handles.count + 1, duration: Profile.now() - start,
        busy: busy.load(ordering: .relaxed))
    }
  }

  /// Claims and runs tasks until none are left. The mutex is held on entry and on return.
  private func work(_ place: PoolPlace) {
    while let current = job, nextTask < current.count {
      let index = nextTask
      nextTask += 1
      pthread_mutex_unlock(mutex)
      let start = current.isTimed ? Profile.now() : 0
      current.body(index)
      if current.isTimed { busy.add(Profile.now() - start, ordering: .relaxed) }
      pthread_mutex_lock(mutex)
      // Whoever waits for the end of the job may sleep with those who wait for something to do.
      if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 {
        pthread_cond_broadcast(wake)
      }
    }
  }

  private func serve(_ number: Int) {
    let place = PoolPlace(pool: self, work: shared[number])
    PoolPlace.setCurrent(place)
    var seen = 0
    pthread_mutex_lock(mutex)
    while !stopping.load(ordering: .relaxed) {
      seen = generation.load(ordering: .relaxed)
      work(place)
      pthread_mutex_unlock(mutex)
      help(place) {
        generation.load(ordering: .acquiring) == seen && !stopping.load(ordering: .acquiring)
      }
      pthread_mutex_lock(mutex)
    }
    pthread_mutex_unlock(mutex)
  }
}

// How threads help each other.
extension ThreadPool {
  /// The threads that could work on a task at the moment: those without a task of their own are
  /// divided among those that have one.
  var team: Int {
    let helpers = max(seemingHelpers, free.load(ordering: .relaxed))
    return 1 + helpers / max(1, min(threads, unfinished.load(ordering: .relaxed)))
  }

  /// Does parts of other threads' work while `isWaiting` says so.
  private func help(_ place: PoolPlace, while isWaiting: () -> Bool) {
    free.add(1, ordering: .relaxed)
    defer { free.subtract(1, ordering: .relaxed) }
    var looked = 0
    while isWaiting() {
      if let part = part() {
        free.subtract(1, ordering: .relaxed)
        run(part, place)
        free.add(1, ordering: .relaxed)
        looked = 0
      } else if looked < looks {
        looked += 1
        mate_kd_pause()
      } else {
        looked = 0
        pthread_mutex_lock(mutex)
        // Whoever opens shared work looks at this number afterwards, and this thread looks for work
        // after it has set the number: one of them sees the other.
        sleeping.add(1, ordering: .sequentiallyConsistent)
        if isWaiting() && !shared.contains(where: \.isOpen) { pthread_cond_wait(wake, mutex) }
        sleeping.subtract(1, ordering: .relaxed)
        pthread_mutex_unlock(mutex)
      }
    }
  }

  /// A part of any thread's shared work.
  private func part() -> SharedWork.Part? {
    for work in shared {
      if let part = work.take() { return part }
    }
    return nil
  }

  private func run(_ part: SharedWork.Part, _ place: PoolPlace) {
    let start = Profile.isEnabled ? Profile.now() : 0
    place.isSharing = true
    // Counted before the part ends: the job may be over when it has.
    let ownerSleeps = part.run {
      if start > 0 { busy.add(Profile.now() - start, ordering: .relaxed) }
    }
    place.isSharing = false
    guard ownerSleeps else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(done)
    pthread_mutex_unlock(mutex)
  }

  /// Shares work of the calling thread, which has the given place, and returns when it is done.
  func share(_ place: PoolPlace, parts: Int, _ body: @escaping (Int) -> Void) {
    var body = body
    withUnsafePointer(to: &body) { address in
      place.work.open(parts: parts, address)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
      }
      place.isSharing = true
      while let part = place.work.take() { _ = part.run {} }
      place.isSharing = false
      waitForOthers(place)
    }
  }

  /// Waits until all parts of the calling thread's shared work have ended.
  private func waitForOthers(_ place: PoolPlace) {
    let start = Profile.isEnabled ? Profile.now() : 0
    var looked = 0
    while !place.work.isFinished {
      if looked < looks {
        looked += 1
        mate_kd_pause()
        continue
      }
      pthread_mutex_lock(mutex)
      while !place.work.isFinishedBeforeSleep() { pthread_cond_wait(done, mutex) }
      place.work.wakeUp()
      pthread_mutex_unlock(mutex)
    }
    if start > 0 { Profile.addMeeting(Profile.now() - start) }
  }
}

/// What a new thread is told.
private final class Start {
  /// The pool's end waits for its threads, so they must not keep it alive.
  unowned(unsafe) let pool: ThreadPool
  let number: Int

  init(pool: ThreadPool, number: Int) {
    self.pool = pool
    self.number = number
  }
}
