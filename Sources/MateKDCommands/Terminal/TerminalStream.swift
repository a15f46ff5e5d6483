import Foundation
import Glibc
import Synchronization

/// A stream of lines with at most one status line below them. Log lines and the progress bar share
/// one, so they never garble each other.
package final class TerminalStream: Sendable {
  /// What the stream can show.
  package let style: TerminalStyle
  private let write: @Sendable (String) -> Void
  private let status = Mutex("")

  /// A stream over any sink.
  package init(style: TerminalStyle, write: @escaping @Sendable (String) -> Void) {
    self.style = style
    self.write = write
  }

  /// Standard error of this process.
  package static let standardError = TerminalStream(
    style: TerminalStyle(
      environment: ProcessInfo.processInfo.environment, isTerminal: isatty(2) == 1,
      width: TerminalStyle.width(ofDescriptor: 2))
  ) { FileDescriptorWriter.write($0, to: 2) }

  /// Standard output of this process.
  package static let standardOutput = TerminalStream(
    style: TerminalStyle(
      environment: ProcessInfo.processInfo.environment, isTerminal: isatty(1) == 1,
      width: TerminalStyle.width(ofDescriptor: 1))
  ) { FileDescriptorWriter.write($0, to: 1) }

  /// Writes a line above the status line.
  package func print(_ line: String) {
    status.withLock { status in
      write(status.isEmpty ? line + "\n" : "\r\u{1B}[K\(line)\n\(status)")
    }
  }

  /// Replaces the status line. The text is cut to the width. Does nothing on a stream that cannot
  /// redraw.
  package func show(status text: String) {
    guard style.redraws else { return }
    status.withLock { status in
      let line = String(text.prefix(style.width - 1))
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
  static func write(_ text: String, to descriptor: Int32) {
    write(Array(text.utf8), to: descriptor)
  }

  /// It is no error of this program if nobody reads the stream any more; the rest is dropped.
  @discardableResult
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let written = Glibc.write(descriptor, piece.baseAddress, piece.count)
        if written < 0 {
          if errno == EINTR { continue }
          return false
        }
        rest = rest.dropFirst(written)
      }
      return true
    }
  }
}
