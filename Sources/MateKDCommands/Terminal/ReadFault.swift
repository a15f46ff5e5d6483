import Glibc

/// Ends the process with a sentence where it would die of SIGBUS: a file that was mapped into
/// memory has become shorter, or its disk has failed, before all of it was read.
enum ReadFault {
  /// Installs the handler.
  static func install() {
    signal(SIGBUS) { _ in
      let text: StaticString = """
        mate-kd: error: a file became shorter, or its disk failed, while it was being read; leave \
        model files alone while a command opens them.

        """
      _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
      _exit(74)
    }
  }
}
