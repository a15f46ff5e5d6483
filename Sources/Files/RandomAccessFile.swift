import Glibc

/// A regular file of which parts are read at will.
///
/// It is read and not mapped into memory, because a mapped file that somebody cuts short ends the
/// process by a signal. Here that is an error like any other.
package final class RandomAccessFile: Sendable {
  /// The path as the caller gave it.
  package let path: String
  /// Number of bytes when the file was opened.
  package let count: Int
  private let file: OpenFile

  /// Opens a file.
  /// - Throws: `FileError` of kind `missing` or `unreadable`.
  package init(_ path: String) throws {
    self.path = path
    let file = try ReadableKind.regularFile.open(path)
    count = file.status.map { Int($0.st_size) } ?? 0
    self.file = file
  }

  /// Fills `room` with the bytes from `start` on.
  /// - Throws: `FileError` of kind `unreadable`, also if the file ends before that.
  package func read(into room: UnsafeMutableRawBufferPointer, from start: Int) throws {
    var done = 0
    while done < room.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: room[done...])
      let count = pread(file.descriptor, rest.baseAddress, rest.count, start + done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let why =
          count == 0 ? "it was cut short while it was open" : String(cString: strerror(errno))
        throw FileError(.unreadable, file: path, problem: "the file cannot be read: \(why).")
      }
      done += count
    }
  }
}
