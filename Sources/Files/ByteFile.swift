import CSystem
import Foundation
import Glibc

/// Whole files as bytes. Text stays bytes from here to the token ids, because `String` folds CR LF
/// into one character and compares by canonical equivalence.
package enum ByteFile {
  /// The content of a file.
  ///
  /// - Throws: `FileError` of kind `missing` or `unreadable`.
  package static func read(_ path: String) throws -> [UInt8] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw FileError(.missing, file: path, problem: "there is no such file.")
    }
    guard !isDirectory.boolValue else {
      throw FileError(
        .unreadable, file: path, problem: "this is a folder; a file is expected here.")
    }
    do {
      return [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw FileError(
        .unreadable, file: path,
        problem: "the file cannot be read; check its permissions and the disk.")
    }
  }

  /// Writes a file whole or not at all, creating its folder.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    try AtomicFile.write(path) { try $0.append(Array(bytes)) }
  }

  /// Adds bytes to the end of a file, which is made if it is not there.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func append(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw lastError(path) }
    var left = bytes[...]
    while !left.isEmpty {
      let count = left.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        let error = lastError(path)
        close(descriptor)
        throw error
      }
      left = left.dropFirst(count)
    }
    guard close(descriptor) == 0 else { throw lastError(path) }
  }

  /// Makes a folder and those above it; does nothing where it is there.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
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
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw FileError(
        errno == ENOENT ? .missing : .unreadable, file: path,
        problem: "the file cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { close(descriptor) }
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { piece.deallocate() }
    while true {
      let count = Glibc.read(descriptor, piece.baseAddress, piece.count)
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR { continue }
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
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw lastError(path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw lastError(path)
    }
  }

  /// Renames a folder. If a folder of the new name exists, the two are exchanged in one step, so
  /// that the name always refers to a folder; the old folder is then left under the first name.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func rename(_ path: String, to target: String) throws {
    let isThere = exists(target)
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
