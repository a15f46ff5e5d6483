import Glibc

/// What is read where a file is expected.
package enum ReadableKind: Sendable {
  /// A regular file and nothing else: a part of a model or a data set.
  case regularFile
  /// Also a pipe, a socket or a terminal: what the user names to be read once, from front to back.
  case fileOrStream

  /// Opens a path for reading.
  ///
  /// A named pipe nobody writes to, a device without end and the like are refused at once. They
  /// would be waited for, or read, for ever. Where a stream may be read, `-` is standard input.
  /// - Throws: `FileError` of kind `missing` or `unreadable`.
  func open(_ path: String) throws -> OpenFile {
    func unreadable(_ problem: String) -> FileError {
      FileError(.unreadable, file: path, problem: problem)
    }
    // Opening a pipe waits for whoever writes to it, which is right only where a pipe may be read.
    let flags = self == .regularFile ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_RDONLY | O_NOCTTY
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
    case S_IFIFO where self == .fileOrStream, S_IFSOCK where self == .fileOrStream: return file
    case S_IFCHR where self == .fileOrStream && isatty(file.descriptor) == 1: return file
    case S_IFIFO: throw unreadable("this is a pipe; a regular file is expected here.")
    case S_IFSOCK: throw unreadable("this is a socket; a file is expected here.")
    default: throw unreadable("this is a device; a file is expected here.")
    }
  }
}
