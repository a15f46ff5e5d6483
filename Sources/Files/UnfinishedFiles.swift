import Glibc
import Synchronization

/// The files of this process that still have a temporary name. Where a process ends without
/// unwinding anything, in a signal's handler for example, they can be removed all the same.
package enum UnfinishedFiles {
  /// Room for the path of one file. A handler may read it at any moment, on any thread, so its
  /// memory is never given back, and nothing is written to it while it can be read.
  final class Slot: @unchecked Sendable {
    fileprivate static let capacity = Int(PATH_MAX)
    fileprivate let use = Atomic<Use>(.free)
    fileprivate let path = UnsafeMutablePointer<CChar>.allocate(capacity: Slot.capacity)

    /// To be called when the file has its own name or is gone.
    func free() {
      // A slot that is being read stays as it is: the process is about to end.
      _ = use.compareExchange(expected: .listed, desired: .free, ordering: .acquiringAndReleasing)
    }
  }

  fileprivate enum Use: Int, AtomicRepresentable { case free, written, listed, read }

  /// As many files as are ever written at the same time, and more.
  private static let slots = (0..<16).map { _ in Slot() }

  /// To be called once before a handler can call `removeAll`, which must not make the list itself.
  package static func prepare() { _ = slots.count }

  /// Lists a file that is about to be made; nil if there is no room for it.
  static func add(_ path: String) -> Slot? {
    guard path.utf8.count < Slot.capacity else { return nil }
    for slot in slots {
      let (isOurs, _) = slot.use.compareExchange(
        expected: .free, desired: .written, ordering: .acquiringAndReleasing)
      guard isOurs else { continue }
      _ = path.withCString { strcpy(slot.path, $0) }
      slot.use.store(.listed, ordering: .releasing)
      return slot
    }
    return nil
  }

  /// Removes all of them, for a process that ends now. May be called in a signal's handler.
  package static func removeAll() {
    for slot in slots {
      let (isListed, _) = slot.use.compareExchange(
        expected: .listed, desired: .read, ordering: .acquiringAndReleasing)
      if isListed { unlink(slot.path) }
    }
  }
}
