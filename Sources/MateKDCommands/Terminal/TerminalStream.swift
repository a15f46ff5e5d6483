import Files
import Foundation
import Glibc
import Processes
import StrictJSON
import Synchronization

/// A stream of lines with at most one status line below them. Log lines and the progress bar share
/// one, so they never garble each other. Control characters are escaped in whatever is shown.
package final class TerminalStream: Sendable {
  /// What the stream can show.
  package let style: TerminalStyle
  private let sink: @Sendable (String) throws -> Void
  private let status = Mutex("")
  private let failure = Mutex<(any Error)?>(nil)

  /// A stream over any sink.
  package init(style: TerminalStyle, write: @escaping @Sendable (String) throws -> Void) {
    self.style = style
    sink = write
  }

  /// Standard error of this process.
  package static let standardError = TerminalStream(
    style: TerminalStyle(
      environment: ProcessInfo.processInfo.environment, isTerminal: isTerminal(2),
      width: TerminalStyle.width(ofDescriptor: 2))
  ) { try FileDescriptorWriter.write($0, to: 2, named: "standard error") }

  /// Standard output of this process.
  package static let standardOutput = TerminalStream(
    style: TerminalStyle(
      environment: ProcessInfo.processInfo.environment, isTerminal: isTerminal(1),
      width: TerminalStyle.width(ofDescriptor: 1))
  ) { try FileDescriptorWriter.write($0, to: 1, named: "standard output") }

  /// Whether a terminal shows what is written. Launchers of several processes give some of them a
  /// terminal of their own, and pass on what they read there.
  private static func isTerminal(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1 && LaunchedProcesses(ProcessInfo.processInfo.environment) == nil
  }

  /// The first error of writing. What comes after it is dropped, so that work goes on when nobody
  /// reads any more.
  package var firstError: (any Error)? { failure.withLock { $0 } }

  private func write(_ text: String) {
    failure.withLock { failure in
      if failure != nil { return }
      do { try sink(text) } catch { failure = error }
    }
  }

  /// Writes a line above the status line.
  package func print(_ line: StyledText) {
    let line = line.drawn(style)
    status.withLock { status in
      write(status.isEmpty ? line + "\n" : "\r\u{1B}[K\(line)\n\(status)")
    }
  }

  /// Writes a line above the status line; a line end in it is escaped.
  package func print(_ line: String) { print(StyledText(line)) }

  /// Writes a text of several lines.
  package func print(lines text: String) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      print(String(line))
    }
  }

  /// Writes a JSON value over several lines.
  package func print(json: JSONValue) { print(lines: JSONWriter().string(json)) }

  /// Replaces the status line. The text is cut to the width. Does nothing on a stream that cannot
  /// redraw.
  package func show(status text: String) {
    guard style.redraws else { return }
    status.withLock { status in
      let line = String(text.withoutControls.prefix(style.width - 1))
      if line == status { return }
      status = line
      write("\r\u{1B}[K\(line)")
    }
  }

  /// Removes the status line, or leaves it as the last line.
  package func endStatus(keepingIt keeps: Bool = false) {
    status.withLock { status in
      if status.isEmpty { return }
      write(keeps ? "\n" : "\r\u{1B}[K")
      status = ""
    }
  }
}

/// Writes to a descriptor until everything has been written.
enum FileDescriptorWriter {
  static func write(_ text: String, to descriptor: Int32, named name: String) throws {
    try write(Array(text.utf8), to: descriptor, named: name)
  }

  /// - Parameter name: what errors call the descriptor.
  /// - Throws: `StreamError`.
  static func write(_ bytes: [UInt8], to descriptor: Int32, named name: String) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let written = Glibc.write(descriptor, piece.baseAddress, piece.count)
        if written < 0 {
          if errno == EINTR { continue }
          throw StreamError(
            problem: "\(name) cannot be written: \(String(cString: strerror(errno))).")
        }
        rest = rest.dropFirst(written)
      }
    }
  }

  /// Opens the null device in place of standard input, output and error where they are closed, so
  /// that no file which is opened later takes their number and what is written to them. Reading
  /// from the one and writing to standard output fail; what goes to standard error is dropped.
  static func occupyStandardDescriptors() {
    for (descriptor, mode) in [(0, O_WRONLY), (1, O_RDONLY), (2, O_WRONLY)] as [(Int32, Int32)]
    where fcntl(descriptor, F_GETFD) < 0 {
      // Opens the lowest free number, which is this one.
      _ = open("/dev/null", mode)
    }
  }
}

/// The error for standard input or output that failed.
struct StreamError: ExitStatusProviding, CustomStringConvertible {
  let problem: String
  var exitStatus: ExitStatus { .inputOutput }
  var description: String { problem }
}
