/// Which blocks of a shard's gradients an update may have added to; all others are zero.
///
/// A batch has gradients for a few hundred rows of a table of word vectors, and the table is a third
/// to two thirds of a model. Neither the sum of gradients nor the optimiser need read the rest.
public struct TouchedBlocks: Sendable {
  /// Gradients of a block.
  static let size = 16384
  /// For each block 1 if it was added to. Written by the thread that adds.
  private let flags: Buffer

  /// Blocks of `count` gradients that are all zero.
  public init(count: Int) { flags = Buffer(zeroed: (count + Self.size - 1) / Self.size) }

  /// Gradients are about to be added to.
  public func touch(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    let first = range.lowerBound / Self.size, last = (range.upperBound - 1) / Self.size
    for block in first...last { flags.base[block] = 1 }
  }

  /// Whether some gradients may differ from zero; the range is not empty.
  package func mayBeTouched(_ range: Range<Int>) -> Bool {
    let first = range.lowerBound / Self.size, last = (range.upperBound - 1) / Self.size
    return (first...last).contains { flags.base[$0] != 0 }
  }

  /// All gradients are zero.
  public func reset() {
    flags.withFloats { $0.update(repeating: 0) }
  }
}
