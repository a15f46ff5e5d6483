import CBLAS

/// The limit on the first thread's stack, `ulimit -s`. Where the stack ends, the process ends
/// without a word, so that too small a limit is refused before anything is done. All other threads
/// have stacks of sizes of their own.
package enum StackLimit {
  /// Nothing in the program needs as much: readers go at most 128 levels deep.
  static let least = 1 << 20

  /// Compares a limit with what the program needs.
  ///
  /// - Parameter bytes: negative for none; by default the limit of this process.
  /// - Throws: `MemoryShortage` if it is too small.
  package static func check(_ bytes: Int = mate_kd_stack_limit()) throws(MemoryShortage) {
    guard bytes < 0 || bytes >= least else {
      throw MemoryShortage(
        "the limit on the stack (ulimit -s) is \(bytes >> 10) KiB, and mate-kd needs "
          + "\(least >> 10); raise it, for example by ulimit -s 8192.")
    }
  }
}
