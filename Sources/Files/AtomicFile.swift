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
  private let temporaryPath: String
  private var descriptor: Int32
  private let isRegular: Bool

  /// Writes a file whose content `body` produces piece by piece. If `body` throws, nothing is left
  /// behind.
  /// - Throws: whatever `body` throws, and `FileError` of kind `unwritable`.
  package static func write(
    _ path: String, _ body: (borrowing AtomicFile) throws -> Void
  ) throws {
    var file = try AtomicFile(path: path)
    do {
      try body(file)
      try file.commit()
    } catch {
      file.abandon()
      throw error
    }
  }

  private init(path: String) throws {
    self.path = path
    let (folder, name) = Self.split(path)
    var status = stat()
    // /dev/stdout may lead to a regular file, but the stream that is already open is meant.
    let isStream = path.hasPrefix("/dev/") || path.hasPrefix("/proc/")
    isRegular = !isStream && (stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG)
    temporaryPath = isRegular ? "\(folder)/.\(name).tmp-\(getpid())" : path
    let creation = isRegular ? O_CREAT | O_TRUNC : 0
    descriptor = open(temporaryPath, O_WRONLY | creation | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw Self.error(path) }
  }

  /// Appends bytes.
  /// - Throws: `FileError` of kind `unwritable`.
  package func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let written = Glibc.write(descriptor, piece.baseAddress, piece.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw Self.error(path)
      }
      rest = rest.dropFirst(written)
    }
  }

  /// Appends bytes.
  /// - Throws: `FileError` of kind `unwritable`.
  package func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

  private mutating func commit() throws {
    guard !isRegular || fsync(descriptor) == 0 else { throw Self.error(path) }
    let closed = close(descriptor)
    descriptor = -1
    if !isRegular {
      guard closed == 0 else { throw Self.error(path) }
      return
    }
    guard closed == 0, rename(temporaryPath, path) == 0 else { throw Self.error(path) }
    // Some file systems cannot sync a folder. The content itself is safe by now.
    let folder = open(Self.split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private mutating func abandon() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    if isRegular { unlink(temporaryPath) }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = String(path[..<slash])
    return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
  }

  private static func error(_ path: String) -> FileError {
    FileError(
      .unwritable, file: path,
      problem: "the file cannot be written: \(String(cString: strerror(errno))).")
  }
}
