import MateKDCommands
import Synchronization

/// A stream that keeps what is written to it.
final class CapturedStream: Sendable {
  private let written = Mutex("")

  /// Everything so far.
  var text: String { written.withLock { $0 } }

  func stream(_ style: TerminalStyle = .plain) -> TerminalStream {
    TerminalStream(style: style) { [self] text in written.withLock { $0 += text } }
  }
}

/// A clock that goes on only when told to.
final class SetClock: Sendable {
  private let moment = Mutex(Duration.zero)

  var now: @Sendable () -> Duration { { [self] in moment.withLock { $0 } } }

  func advance(_ time: Duration) { moment.withLock { $0 += time } }
}
