import Glibc

/// Writes a file so that its name always refers either to the old content or to all of the new
/// content: temporary file in the same folder, fsync, rename, fsync of the folder. A device or
/// pipe, such as /dev/stdout, is written to directly, since a rename would replace it; `-` is
/// standard output.
///
/// ```swift
/// try AtomicFile.write(path) { file in
///   try file.append(Array("first line\n".utf8))
///   try file.append(Array("second line\n".utf8))
/// }
/// ```
package struct AtomicFile: ~Copyable {
  private let path: String
  /// Nil for a device or pipe.
  private let temporary: TemporaryName?
  private let slot: UnfinishedFiles.Slot?
  private let file: OpenFile

  private init(
    path: String, temporary: TemporaryName? = nil, slot: UnfinishedFiles.Slot? = nil,
    file: consuming OpenFile
  ) {
    (self.path, self.temporary, self.slot) = (path, temporary, slot)
    self.file = file
  }

  /// Writes a file whose content `body` produces piece by piece. If `body` throws, nothing is left
  /// behind. What an earlier process left behind when it was killed is removed. If this process
  /// ends meanwhile, `UnfinishedFiles.removeAll` removes what it has written so far.
  /// - Throws: whatever `body` throws, and `FileError` of kind `unwritable`.
  package static func write(
    _ path: String, _ body: (borrowing AtomicFile) throws -> Void
  ) throws {
    let file = try opening(path)
    let (temporary, slot) = (file.temporary, file.slot)
    defer { slot?.free() }
    do {
      try body(file)
      try file.commit()
    } catch {
      if let temporary { unlink(temporary.path) }
      throw error
    }
  }

  private static func opening(_ path: String) throws -> AtomicFile {
    var status = stat()
    // It may lead to a regular file, in which what is there already must stay.
    if isStandardOutput(path) {
      guard let file = OpenFile(stream: STDOUT_FILENO) else { throw error(path) }
      return AtomicFile(path: path, temporary: nil, file: file)
    }
    let isStream = path.hasPrefix("/dev/") || path.hasPrefix("/proc/")
    guard !isStream, stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      return try streaming(path)
    }
    TemporaryName.removeLeftovers(of: path)
    while true {
      let name = TemporaryName(for: path)
      let slot = UnfinishedFiles.add(name.path)
      // A file or link of that name, whoever put it there, is neither written to nor followed.
      if let file = OpenFile(name.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW) {
        // Where locks are not to be had, the number of the process in the name must do.
        flock(file.descriptor, LOCK_EX | LOCK_NB)
        return AtomicFile(path: path, temporary: name, slot: slot, file: file)
      }
      slot?.free()
      guard errno == EEXIST else { throw error(path) }
    }
  }

  /// Opens a device or pipe. A named pipe has some seconds to find somebody who reads from it.
  private static func streaming(_ path: String) throws -> AtomicFile {
    for _ in 0..<ReadableKind.secondsForPartner * 20 {
      if let file = OpenFile(path, O_WRONLY | O_NONBLOCK | O_NOCTTY) {
        file.block()
        return AtomicFile(path: path, file: file)
      }
      guard errno == ENXIO else { break }
      usleep(50_000)
    }
    throw error(path)
  }

  /// Appends bytes.
  /// - Throws: `FileError` of kind `unwritable`.
  package func append(_ bytes: UnsafeRawBufferPointer) throws {
    guard file.write(bytes) else { throw Self.error(path) }
  }

  /// Appends bytes.
  /// - Throws: `FileError` of kind `unwritable`.
  package func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

  private consuming func commit() throws {
    let (path, temporary) = (path, temporary)
    guard let temporary else {
      guard file.close() else { throw Self.error(path) }
      return
    }
    guard fsync(file.descriptor) == 0, file.close(), rename(temporary.path, path) == 0 else {
      throw Self.error(path)
    }
    // Some file systems cannot sync a folder. The content itself is safe by now.
    if let folder = OpenFile(temporary.folder, O_RDONLY | O_DIRECTORY) { fsync(folder.descriptor) }
  }

  private static func isStandardOutput(_ path: String) -> Bool {
    ["-", "/dev/stdout", "/dev/fd/1"].contains(path)
  }

  private static func error(_ path: String) -> FileError {
    let number = errno
    let folder = TemporaryName(for: path).folder
    let reason =
      switch number {
      case EISDIR: "it is a folder; name a file."
      case ENOENT where !ByteFile.exists(folder): "there is no folder \(folder); make it first."
      default: "\(String(cString: strerror(number)))."
      }
    return FileError(
      isStandardOutput(path) ? .brokenStream : .unwritable, file: path,
      problem: "the file cannot be written: \(reason)")
  }
}
