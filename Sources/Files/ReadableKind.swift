import CSystem
import Glibc

/// What is read where a file is expected.
package enum ReadableKind: Sendable {
  /// A regular file and nothing else: a part of a model or a data set.
  case regularFile
  /// Also a pipe, a socket or a terminal: what the user names to be read once, from front to back.
  case fileOrStream

  /// Opens a path for reading.
  ///
  /// A pipe in place of a file, a device without end and the like are refused at once. They would
  /// be waited for, or read, for ever. Where a pipe may be read, it is waited for while somebody
  /// has it open for writing; whoever does not have it open yet has some seconds to do so. There
  /// `-` is standard input.
  ///
  /// - Throws: `FileError` of kind `missing` or `unreadable`.
  func open(_ path: String) throws -> OpenFile {
    func unreadable(_ problem: String) -> FileError {
      FileError(.unreadable, file: path, problem: problem)
    }
    // Otherwise opening a pipe would wait for whoever writes to it.
    let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
    let isStandardInput = self == .fileOrStream && path == "-"
    guard let file = isStandardInput ? OpenFile(stream: STDIN_FILENO) : OpenFile(path, flags) else {
      switch errno {
      case ENOENT, ENOTDIR:
        throw FileError(.missing, file: path, problem: "there is no such file.")
      case ENXIO: throw unreadable("this is a socket or a device; a file is expected here.")
      case EINVAL where path.utf8.contains(0):
        throw unreadable("the path has a NUL character in it; no file can be called that.")
      default:
        throw unreadable("the file cannot be read: \(String(cString: strerror(errno))).")
      }
    }
    switch (file.status?.st_mode ?? 0) & S_IFMT {
    case S_IFREG: return file
    case S_IFDIR: throw unreadable("this is a folder; a file is expected here.")
    case S_IFIFO where self == .fileOrStream:
      guard Self.hasWriter(file) else { throw unreadable("this is a pipe that nobody writes to.") }
      file.block()
      return file
    case S_IFSOCK where self == .fileOrStream,
      S_IFCHR where self == .fileOrStream && isatty(file.descriptor) == 1:
      file.block()
      return file
    case S_IFIFO: throw unreadable("this is a pipe; a regular file is expected here.")
    case S_IFSOCK: throw unreadable("this is a socket; a file is expected here.")
    default: throw unreadable("this is a device; a file is expected here.")
    }
  }

  /// How long a named pipe may be open without anybody at its other end.
  static let secondsForPartner = 5

  /// Waits until somebody writes to a pipe, has it open for writing, or has written to it. False if
  /// nobody does in time.
  private static func hasWriter(_ file: borrowing OpenFile) -> Bool {
    // A pipe without a name got its writers when it was made. If they are gone, it ends.
    if mate_kd_is_nameless_pipe(file.descriptor) != 0 { return true }
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return true }
    defer { ends.forEach { close($0) } }
    for _ in 0..<secondsForPartner * 20 {
      var events = pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0)
      if mate_kd_peek(file.descriptor, ends[1]) != 0 || poll(&events, 1, 50) != 0 { return true }
    }
    return false
  }
}
