import Synchronization
import Trainers

/// Whether a run has been asked to end before it is finished. What the run is made of keeps it from
/// the beginning; whom to ask is known only when the run starts.
final class StopRequest: Sendable {
  private let ask = Mutex<@Sendable () -> Bool>({ false })

  /// Asks the observer of a run from now on.
  func follow(_ observer: any TrainingObserver) {
    // An observer answers this on any thread.
    let observer = Unchecked(observer)
    ask.withLock { $0 = { observer.value.shouldStop } }
  }

  /// Asks.
  var isMade: @Sendable () -> Bool {
    { [self] in
      let ask = ask.withLock { $0 }
      return ask()
    }
  }
}

/// A value that is used from another thread though the compiler cannot tell that this is safe.
struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
