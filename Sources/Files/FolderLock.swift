import Foundation
import Glibc

/// Keeps two processes out of one folder.
///
/// The lock ends with its process, however that ends, so that none is left behind by a crash.
package final class FolderLock: Sendable {
  private let descriptor: Int32

  /// Locks a folder.
  ///
  /// - Throws: `FileError` of kind `unwritable` if another process holds the lock, or if the folder
  ///   cannot be written.
  package init(_ folder: String) throws {
    let path = "\(folder)/.lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard descriptor >= 0 else {
      throw FileError.unwritable(folder, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      close(descriptor)
      throw FileError.unwritable(
        folder,
        reason: "another run is writing to it"
          + (holder.isEmpty ? "" : " (\(holder.filter { !$0.isNewline }))"))
    }
    ftruncate(descriptor, 0)
    let text = "process \(getpid())\n"
    _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
