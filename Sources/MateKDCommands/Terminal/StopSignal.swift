import Files
import Foundation
import Glibc
import Processes
import Synchronization

/// Handles SIGINT (Ctrl-C), SIGTERM, SIGUSR1 and SIGHUP.
///
/// The first signal asks a run to end after the current update and to save itself; where there is
/// nothing to save yet, it ends the process at once. The second one always does.
enum StopSignal {
  /// The first signal that came; 0 for none.
  private static let first = Atomic<Int32>(0)
  /// Whether a run is going on that looks at `isRaised`.
  private static let isPolled = Atomic<Bool>(false)
  /// Whether the line on the terminal may be a progress bar.
  private static let isTerminal = Atomic<Bool>(false)

  /// Whether another process of the run says what happens.
  private static let isFollowing = Atomic<Bool>(false)

  /// True after the first signal.
  static var isRaised: Bool { number != 0 }

  /// The first signal; 0 for none.
  static var number: Int32 { first.load(ordering: .relaxed) }

  /// How a process ends that a signal has interrupted.
  static var status: ExitStatus { number == SIGINT ? .interrupted : .temporary }

  /// Says whether the first signal waits for the run, which polls `isRaised` from now on, or ends
  /// the process at once.
  static func waitsForRun(_ waits: Bool) { isPolled.store(waits, ordering: .relaxed) }

  /// Says whether another process of the run gets the same signals and tells of them.
  static func isFollower(_ follows: Bool) { isFollowing.store(follows, ordering: .relaxed) }

  /// Installs the handlers. To be called once, before anything is read or written.
  static func install() {
    isTerminal.store(isatty(2) == 1, ordering: .relaxed)
    _ = (isRaised, isPolled.load(ordering: .relaxed), isFollowing.load(ordering: .relaxed))
    for number in [SIGINT, SIGTERM, SIGUSR1, SIGHUP] {
      let old = signal(number) { StopSignal.receive($0) }
      // nohup says that this one does not count.
      if number == SIGHUP, unsafeBitCast(old, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      {
        signal(number, SIG_IGN)
      }
    }
    // A reader that goes away and a limit of file sizes are errors of writing, not the end.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  }

  /// Runs in the signal's handler, so it may only use what is allowed there.
  private static func receive(_ number: Int32) {
    let savedError = errno
    let (isFirst, _) = first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    guard isFirst else { leave(128 + number) }
    if isTerminal.load(ordering: .relaxed) { say("\n") }
    say("mate-kd: ")
    switch number {
    case SIGINT: say("SIGINT")
    case SIGTERM: say("SIGTERM")
    case SIGUSR1: say("SIGUSR1")
    default: say("SIGHUP")
    }
    guard isPolled.load(ordering: .relaxed) else {
      say(": stopped, with nothing left to save; give the same command again\n")
      leave(status.rawValue)
    }
    say(": stopping after this update; again to leave at once\n")
    errno = savedError
  }

  private static func leave(_ code: Int32) -> Never {
    UnfinishedFiles.removeAll()
    LockSlots.releaseAll()
    _exit(code)
  }

  private static func say(_ text: StaticString) {
    if isFollowing.load(ordering: .relaxed) { return }
    _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
  }
}

/// The error for a run that a signal ended.
struct Interrupted: ExitStatusProviding, CustomStringConvertible {
  /// What it goes on from; nil if it had not begun.
  let checkpoint: String?
  var exitStatus: ExitStatus { StopSignal.status }
  var description: String {
    let saved = checkpoint.map { "saved to \($0)" } ?? "with nothing left to save"
    let isShared = LaunchedProcesses(ProcessInfo.processInfo.environment) != nil
    return "interrupted, \(saved); continue with\(isShared ? " the same launcher and" : ""): "
      + CommandLine.resuming
  }
}

extension CommandLine {
  /// The command that continues the run of this process.
  fileprivate static var resuming: String {
    var words = arguments.filter { $0 != "--overwrite-output-dir" }
    if !words.contains("--resume") { words.append("--resume") }
    return words.map(ShellText.quoted).joined(separator: " ")
  }
}
