import Glibc

/// Keeps two processes out of one folder.
///
/// The lock ends with its process, however that ends, so that none is left behind by a crash.
package final class FolderLock: Sendable {
  private let file: OpenFile

  /// Locks a folder.
  ///
  /// - Throws: `FileError` of kind `unwritable` if another process holds the lock, or if the folder
  ///   cannot be written.
  package init(_ folder: String) throws {
    guard let file = OpenFile("\(folder)/.lock", O_RDWR | O_CREAT | O_NOFOLLOW) else {
      throw FileError.unwritable(folder, reason: String(cString: strerror(errno)))
    }
    guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = Self.line(of: file)
      throw FileError.unwritable(
        folder,
        reason: "another run is writing to it" + (holder.isEmpty ? "" : " (\(holder))"))
    }
    ftruncate(file.descriptor, 0)
    // Whoever is kept out is told this. The lock holds without it.
    _ = Array("process \(getpid())\n".utf8).withUnsafeBytes { file.write($0) }
    self.file = file
  }

  /// What the holder of the lock wrote into it.
  private static func line(of file: borrowing OpenFile) -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = bytes.withUnsafeMutableBytes { file.read(into: $0) }
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).filter { !$0.isNewline }
  }
}
