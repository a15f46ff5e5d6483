import ArgumentParser

/// Limits of the numbers on a command line. They keep later arithmetic from overflowing, and a slip
/// of the keyboard from filling the memory.
enum OptionRange {
  /// `--threads`, as in configurations.
  static let threads = 0...1024

  /// - Throws: `ValidationError` if a value is out of range.
  static func check(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw ValidationError(
        "\(option) must be from \(range.lowerBound) to \(range.upperBound), found \(value).")
    }
  }
}
