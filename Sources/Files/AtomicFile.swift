import Glibc

/// Writes a file so that its name always refers either to the old content or to all of the new
/// content: temporary file in the same folder, fsync, rename, fsync of the folder. A device or
/// pipe, such as /dev/stdout, is written to directly, since a rename would replace it.
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
  private let file: OpenFile

  private init(path: String, temporary: TemporaryName?, file: consuming OpenFile) {
    (self.path, self.temporary) = (path, temporary)
    self.file = file
  }

  /// Writes a file whose content `body` produces piece by piece. If `body` throws, nothing is left
  /// behind. What an earlier process left behind when it was killed is removed.
  /// - Throws: whatever `body` throws, and `FileError` of kind `unwritable`.
  package static func write(
    _ path: String, _ body: (borrowing AtomicFile) throws -> Void
  ) throws {
    let file = try opening(path)
    let temporary = file.temporary
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
    // /dev/stdout may lead to a regular file, but the stream that is already open is meant.
    let isStream = path.hasPrefix("/dev/") || path.hasPrefix("/proc/")
    guard !isStream, stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      // Opened anew, a file that the shell appends to would be written over from its beginning.
      let opened = path == "/dev/stdout" ? OpenFile(duplicating: 1) : OpenFile(path, O_WRONLY)
      guard let file = opened else { throw error(path) }
      return AtomicFile(path: path, temporary: nil, file: file)
    }
    TemporaryName.removeLeftovers(of: path)
    while true {
      let name = TemporaryName(for: path)
      // A file or link of that name, whoever put it there, is neither written to nor followed.
      if let file = OpenFile(name.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW) {
        // Where locks are not to be had, the number of the process in the name must do.
        flock(file.descriptor, LOCK_EX | LOCK_NB)
        return AtomicFile(path: path, temporary: name, file: file)
      }
      guard errno == EEXIST else { throw error(path) }
    }
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

  private static func error(_ path: String) -> FileError {
    FileError(
      .unwritable, file: path,
      problem: "the file cannot be written: \(String(cString: strerror(errno))).")
  }
}
