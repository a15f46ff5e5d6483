import Glibc

/// A file that is open. All reading and writing of files goes through here, so that a short write
/// goes on where it stopped and no name is cut at a NUL.
struct OpenFile: ~Copyable {
  let descriptor: Int32

  /// Opens a file; the error is in `errno`, EINVAL for a path with a NUL in it.
  init?(_ path: String, _ flags: Int32) {
    // The system would take what stands before the NUL for the path.
    guard !path.utf8.contains(0) else {
      errno = EINVAL
      return nil
    }
    let found = Glibc.open(path, flags | O_CLOEXEC, 0o666)
    guard found >= 0 else { return nil }
    descriptor = found
  }

  /// A stream of the process that is open already, from where it stands; the error is in `errno`.
  init?(stream: Int32) {
    let found = fcntl(stream, F_DUPFD_CLOEXEC, 3)
    guard found >= 0 else { return nil }
    descriptor = found
  }

  deinit { Glibc.close(descriptor) }

  /// Makes reading wait for bytes, and writing for room, in a file that was opened with O_NONBLOCK.
  func block() {
    let flags = fcntl(descriptor, F_GETFL)
    if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) }
  }

  /// Closes the file. False, with the error in `errno`, if what was written may be lost.
  consuming func close() -> Bool {
    let status = Glibc.close(descriptor)
    discard self
    return status == 0
  }

  /// What the file system knows of the file.
  var status: stat? {
    var found = stat()
    return fstat(descriptor, &found) == 0 ? found : nil
  }

  /// Writes all bytes. False, with the error in `errno`, if they could not all be written.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
      if count < 0 {
        if errno == EINTR { continue }
        return false
      }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Reads up to as many bytes as there is room for: 0 at the end, -1 with the error in `errno`.
  func read(into room: UnsafeMutableRawBufferPointer) -> Int {
    while true {
      let count = Glibc.read(descriptor, room.baseAddress, room.count)
      if count >= 0 || errno != EINTR { return count }
    }
  }
}
