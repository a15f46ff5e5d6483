import CSystem
import Foundation
import Glibc

/// Whole files as bytes. Text stays bytes from here to the token ids, because `String` folds CR LF
/// into one character and compares by canonical equivalence.
package enum ByteFile {
  /// The most bytes of a file that describes something: a configuration, or a model's config.json,
  /// vocabulary and the like. Those of data may be as long as they are.
  package static let longestDescription = 128 << 20

  /// The content of a file.
  ///
  /// - Parameters:
  ///   - kind: what the path may lead to.
  ///   - limit: the most bytes that it may have.
  ///   - grow: is told how much room is needed before it is taken: for the bytes that the file
  ///     system says there are, and for twice as many whenever there turn out to be more.
  ///   - check: sees each piece before it is kept.
  /// - Throws: `FileError` of kind `missing` or `unreadable`, or of kind `invalid` if it is longer;
  ///   whatever the closures throw.
  package static func read(
    _ path: String, _ kind: ReadableKind = .regularFile, atMost limit: Int = .max,
    grow: (_ bytes: Int) throws -> Void = { _ in },
    check: (_ piece: UnsafeRawBufferPointer) throws -> Void = { _ in }
  ) throws -> [UInt8] {
    let file = try kind.open(path)
    var bytes: [UInt8] = []
    func requireWithin(_ size: Int) throws {
      guard size <= limit else {
        throw FileError(
          file: path, problem: "the file is longer than \(limit) bytes, the most read here.")
      }
    }
    // What the file system says of the size may be wrong: files in /proc have none.
    if let size = file.status?.st_size, size > 0 {
      try requireWithin(size)
      try grow(size)
      bytes.reserveCapacity(min(size, 1 << 30))
    }
    try forEachPiece(of: file, path) { piece in
      try requireWithin(bytes.count + piece.count)
      try check(piece)
      if bytes.count + piece.count > bytes.capacity { try grow(2 * bytes.count) }
      bytes += piece
    }
    return bytes
  }

  /// The content of a file of data, unpacked if gzip packed it, whatever the file is called.
  ///
  /// - Parameters:
  ///   - kind: what the path may lead to.
  ///   - grow: is told how much room is needed before it is taken, as by `read`.
  ///   - check: sees each piece of the content once.
  /// - Throws: the errors of `read`, and `FileError` of kind `invalid` for a packed file that is
  ///   damaged, not whole, or much longer than its size suggests (`Gzip`).
  package static func readUnpacked(
    _ path: String, _ kind: ReadableKind = .regularFile,
    grow: (_ bytes: Int) throws -> Void = { _ in },
    check: (_ piece: ArraySlice<UInt8>) throws -> Void = { _ in }
  ) throws -> [UInt8] {
    let file = try kind.open(path)
    var content: [UInt8] = []
    if let size = file.status?.st_size, size > 0 {
      try grow(size)
      content.reserveCapacity(min(size, 1 << 30))
    }
    var gzip: Gzip?
    var checked = 0
    try forEachPiece(of: file, path) { piece in
      if content.count + piece.count > content.capacity { try grow(2 * content.count) }
      if let gzip {
        try gzip.append(piece, to: &content)
      } else {
        let isDecided = content.count >= Gzip.mark.count
        content += piece
        if !isDecided, content.starts(with: Gzip.mark) {
          // What has been read is the beginning of the packed file.
          let beginning = content
          content.removeAll(keepingCapacity: true)
          checked = 0
          let begun = try Gzip(path: path)
          gzip = begun
          try beginning.withUnsafeBytes { try begun.append($0, to: &content) }
        }
      }
      try check(content[checked...])
      checked = content.count
    }
    try gzip?.finish()
    return content
  }

  /// The content of a file, or nil if there is none of that name.
  ///
  /// - Throws: `FileError` of kind `unreadable`.
  package static func readIfThere(
    _ path: String, atMost limit: Int = .max
  ) throws -> [UInt8]? {
    do {
      return try read(path, atMost: limit)
    } catch let error as FileError where error.kind == .missing {
      return nil
    }
  }

  /// Writes a file whole or not at all, creating its folder.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    try AtomicFile.write(path) { try $0.append(Array(bytes)) }
  }

  /// Adds bytes to the end of a regular file, which is made if it is not there. A link is not
  /// followed, and a pipe not waited for.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func append(_ bytes: [UInt8], to path: String) throws {
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    guard let file = OpenFile(path, flags) else { throw lastError(path) }
    guard let mode = file.status?.st_mode, mode & S_IFMT == S_IFREG else {
      throw FileError.unwritable(path, reason: "it is not a regular file")
    }
    guard bytes.withUnsafeBytes({ file.write($0) }), file.close() else { throw lastError(path) }
  }

  /// Makes a folder; does nothing where it is there.
  ///
  /// - Parameter withThoseAbove: whether folders above it are made, too. Without them it must not
  ///   be there yet.
  /// - Throws: `FileError` of kind `unwritable`.
  package static func makeFolder(_ path: String, withThoseAbove: Bool = true) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: withThoseAbove)
    } catch {
      throw FileError.unwritable(path, reason: "the folder cannot be made here")
    }
  }

  /// Removes a file or folder; does nothing if there is none.
  package static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  /// True when something exists at the path.
  package static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }

  /// Passes on the content of a file piece by piece.
  ///
  /// - Throws: `FileError` of kind `missing` or `unreadable`, and whatever `body` throws.
  package static func forEachPiece(
    of path: String, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try forEachPiece(of: try ReadableKind.regularFile.open(path), path, body)
  }

  private static func forEachPiece(
    of file: borrowing OpenFile, _ path: String, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { piece.deallocate() }
    while true {
      let count = file.read(into: piece)
      if count == 0 { return }
      guard count > 0 else {
        throw FileError(
          .unreadable, file: path,
          problem: "the file cannot be read: \(String(cString: strerror(errno))).")
      }
      try body(UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
  }

  /// Waits until the entries of a folder are on the disk. Does nothing on file systems that cannot
  /// sync folders.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func sync(folder path: String) throws {
    guard let folder = OpenFile(path, O_RDONLY | O_DIRECTORY) else { throw lastError(path) }
    guard fsync(folder.descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw lastError(path)
    }
  }

  /// Renames a folder. If a folder of the new name exists, the two are exchanged in one step, so
  /// that the name always refers to a folder; the old folder is then left under the first name.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func rename(_ path: String, to target: String) throws {
    var found = stat()
    // Also a link that leads nowhere.
    let isThere = lstat(target, &found) == 0
    var status = isThere ? mate_kd_exchange(path, target) : Glibc.rename(path, target)
    if status != 0, isThere {
      // This file system cannot exchange folders, so the old one is gone for a moment.
      remove(target)
      status = Glibc.rename(path, target)
    }
    guard status == 0 else { throw lastError(target) }
    try sync(folder: URL(fileURLWithPath: target).deletingLastPathComponent().path)
  }

  private static func lastError(_ path: String) -> FileError {
    FileError.unwritable(path, reason: String(cString: strerror(errno)))
  }
}
