import Glibc
import Synchronization

/// Handles Ctrl-C, SIGTERM and SIGUSR1: the first signal asks the run to end after the current
/// update, the second ends the process at once.
enum StopSignal {
  private static let count = Atomic<Int>(0)

  /// True after the first signal.
  static var isRaised: Bool { count.load(ordering: .relaxed) > 0 }

  /// Installs the handlers, which do nothing but count.
  static func install() {
    for number in [SIGINT, SIGTERM, SIGUSR1] {
      signal(number) { number in
        if StopSignal.count.add(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
      }
    }
  }
}

/// The error for a run that a signal ended; its model so far has been saved.
struct Interrupted: ExitStatusProviding, CustomStringConvertible {
  let folder: String
  var exitStatus: ExitStatus { .interrupted }
  var description: String {
    "interrupted; the model as it was after the last update is in \(folder)"
  }
}
