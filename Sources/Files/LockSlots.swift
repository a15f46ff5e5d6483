import Glibc
import Synchronization

/// The first word of a lock's file. Both are equally long, so that one can replace the other.
enum LockMark {
  static let held = "held"
  static let free = "free"

  /// May be called in a signal's handler.
  static func writeFree(to descriptor: Int32) {
    let text: StaticString = "free"
    _ = pwrite(descriptor, text.utf8Start, text.utf8CodeUnitCount, 0)
  }
}

/// The locks that this process holds. Where it ends without unwinding anything, in a signal's
/// handler for example, they can be released all the same; other machines would have to wait
/// otherwise.
package enum LockSlots {
  final class Slot: Sendable {
    /// A descriptor of the lock's file which nobody but the slot closes; -1 for none.
    fileprivate let descriptor = Atomic<Int32>(-1)

    /// To be called when the lock is released.
    func empty() {
      let found = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
      // A handler that was quicker has it, and the process is about to end.
      if found >= 0 { close(found) }
    }
  }

  /// More locks than are ever held at the same time.
  private static let slots = (0..<16).map { _ in Slot() }

  /// To be called once before a handler can call `releaseAll`, which must not make the list itself.
  package static func prepare() { _ = slots.count }

  /// Lists a lock; nil if there is no room for it.
  static func add(_ descriptor: Int32) -> Slot? {
    let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard own >= 0 else { return nil }
    for slot in slots {
      let (isOurs, _) = slot.descriptor.compareExchange(
        expected: -1, desired: own, ordering: .acquiringAndReleasing)
      if isOurs { return slot }
    }
    close(own)
    return nil
  }

  /// Releases all of them, for a process that ends now. May be called in a signal's handler.
  package static func releaseAll() {
    for slot in slots {
      let found = slot.descriptor.exchange(-1, ordering: .acquiringAndReleasing)
      if found >= 0 { LockMark.writeFree(to: found) }
    }
  }
}
