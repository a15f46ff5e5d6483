import Glibc

/// Less memory than something needs.
package struct MemoryShortage: Error, Sendable, Equatable, CustomStringConvertible {
  /// One sentence: what needs how much, how much there is, and what to do.
  package let description: String

  /// A shortage.
  package init(_ description: String) { self.description = description }

  /// How far an estimate may be off, as a factor: docs/performance.md compares estimates with
  /// measured peaks.
  package static let estimatesAccuracy = 1.15

  /// Compares an estimate with what there is.
  ///
  /// - Parameters:
  ///   - bytes: what will be needed beside what the process has now.
  ///   - subject: what needs it; the sentence begins with it.
  ///   - advice: what to do about it.
  /// - Returns: a sentence if it may be too much; nil if there is enough.
  /// - Throws: `MemoryShortage` if it is too much even if the estimate is as much too high as
  ///   estimates can be.
  package static func check(
    _ bytes: Double, for subject: String, advice: String, limits: [MemoryLimit] = MemoryLimit.all()
  ) throws(MemoryShortage) -> String? {
    guard let tightest = limits.min(by: { $0.left < $1.left }) else { return nil }
    let left = Double(tightest.left)
    let sentence = "needs about \(MemoryLimit.text(bytes)) of memory more than the program has now"
    if bytes / estimatesAccuracy > left {
      throw MemoryShortage(
        "\(subject) \(sentence), but \(tightest.description); \(advice)")
    }
    return bytes * estimatesAccuracy > left
      ? "\(subject) \(sentence), and \(tightest.description); if it is ended for lack of memory, "
        + advice
      : nil
  }

  /// Checks that there is address space for whatever a command does first. Where there is none,
  /// Swift's runtime ends the process without a word.
  ///
  /// - Throws: `MemoryShortage`.
  package static func checkStart() throws(MemoryShortage) {
    let bytes = 48 << 20
    let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    if let address, address != MAP_FAILED {
      munmap(address, bytes)
      return
    }
    let tightest = MemoryLimit.all().filter(\.countsWhatIsMapped).min { $0.left < $1.left }
    throw MemoryShortage(
      "mate-kd needs \(MemoryLimit.text(Double(bytes))) of address space to begin with, but "
        + "\(tightest?.description ?? "the system maps no more"); raise the limit")
  }

  /// Ends the process: no caller can continue without its memory, and none can free any.
  static func exit(wanting bytes: Int) -> Never {
    let limits = MemoryLimit.all()
    let reason = limits.min { $0.left < $1.left }.map { ", and \($0.description)" } ?? ""
    let message =
      "mate-kd: error: out of memory: \(MemoryLimit.text(Double(bytes))) asked for at once\(reason)"
      + "; take a smaller model, batch or data set, or raise the limit\n"
    _ = message.withCString { write(2, $0, strlen($0)) }
    Glibc.exit(71)
  }
}
