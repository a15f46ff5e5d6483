import Glibc
import Synchronization

/// Handles Ctrl-C, SIGTERM and SIGUSR1: the first signal asks the run to end after the current
/// update, the second ends the process at once.
enum StopSignal {
  /// The first signal that came; 0 for none.
  private static let first = Atomic<Int32>(0)

  /// True after the first signal.
  static var isRaised: Bool { number != 0 }

  /// The first signal; 0 for none.
  static var number: Int32 { first.load(ordering: .relaxed) }

  /// How a process ends that a signal has interrupted.
  static var status: ExitStatus { number == SIGINT ? .interrupted : .temporary }

  /// Installs the handlers. They count, and the first one acknowledges.
  static func install() {
    for number in [SIGINT, SIGTERM, SIGUSR1, SIGHUP] {
      signal(number) { number in
        let (isFirst, _) = StopSignal.first.compareExchange(
          expected: 0, desired: number, ordering: .relaxed)
        guard isFirst else { _exit(128 + number) }
        let text: StaticString = "\nmate-kd: stopping after this update; again to leave at once\n"
        _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
      }
    }
    // A terminal or a pipe that goes away must not take the run with it.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  }
}

/// The error for a run that a signal ended; its model so far has been saved.
struct Interrupted: ExitStatusProviding, CustomStringConvertible {
  /// What it goes on from.
  let checkpoint: String
  var exitStatus: ExitStatus { StopSignal.status }
  var description: String {
    "interrupted and saved to \(checkpoint); the same command with --resume continues"
  }
}
