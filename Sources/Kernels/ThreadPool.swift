import CBLAS
import Glibc
import Synchronization

/// A few threads that run numbered tasks together with the caller and sleep in between.
///
/// There is one blocking rendezvous for each `run` and nothing spins, so a process that takes a
/// core away costs that core's share and no more. Tasks are claimed in order. Which thread runs a
/// task must not change its result.
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
  private var generation = 0
  private var nextTask = 0
  private var unfinished = 0
  /// Nanoseconds of the tasks of a timed job.
  private var busy: UInt64 = 0
  private var stopping = false
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
  public init(threads requested: Int = 0) {
    threads = requested > 0 ? requested : Self.defaultThreads
    turn = .allocate(capacity: 1)
    mutex = .allocate(capacity: 1)
    wake = .allocate(capacity: 1)
    done = .allocate(capacity: 1)
    pthread_mutex_init(turn, nil)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(done, nil)
    for _ in 1..<max(1, threads) {
      var attributes = pthread_attr_t()
      pthread_attr_init(&attributes)
      pthread_attr_setstacksize(&attributes, 8 << 20)
      var handle = pthread_t()
      let unmanaged = Unmanaged.passUnretained(self)
      let started = pthread_create(
        &handle, &attributes,
        { argument in
          if let argument {
            Unmanaged<ThreadPool>.fromOpaque(argument).takeUnretainedValue().serve()
          }
          return nil
        }, unmanaged.toOpaque())
      pthread_attr_destroy(&attributes)
      if started == 0 { handles.append(handle) }
    }
  }

  deinit {
    pthread_mutex_lock(mutex)
    stopping = true
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
    if handles.isEmpty || count == 1 {
      for index in 0..<count { body(index) }
      return
    }
    pthread_mutex_lock(turn)
    defer { pthread_mutex_unlock(turn) }
    let isTimed = Profile.isEnabled
    let start = isTimed ? Profile.now() : 0
    pthread_mutex_lock(mutex)
    job = Job(count: count, isTimed: isTimed, body: body)
    busy = 0
    nextTask = 0
    unfinished = count
    generation &+= 1
    pthread_cond_broadcast(wake)
    work()
    while unfinished > 0 { pthread_cond_wait(done, mutex) }
    job = nil
    if isTimed {
      Profile.addRendezvous(
        threads: handles.count + 1, duration: Profile.now() - start, busy: busy)
    }
    pthread_mutex_unlock(mutex)
  }

  /// Claims and runs tasks until none are left. The mutex is held on entry and on return.
  private func work() {
    while let current = job, nextTask < current.count {
      let index = nextTask
      nextTask += 1
      pthread_mutex_unlock(mutex)
      let start = current.isTimed ? Profile.now() : 0
      current.body(index)
      let end = current.isTimed ? Profile.now() : 0
      pthread_mutex_lock(mutex)
      busy += end - start
      unfinished -= 1
      if unfinished == 0 { pthread_cond_signal(done) }
    }
  }

  private func serve() {
    pthread_mutex_lock(mutex)
    var seen = 0
    while !stopping {
      if generation != seen {
        seen = generation
        work()
      } else {
        pthread_cond_wait(wake, mutex)
      }
    }
    pthread_mutex_unlock(mutex)
  }
}
