import Synchronization

/// The sum of the gradients of several shards, and the sum of its squares.
///
/// Backward passes finish gradients from the end of the buffers towards the beginning. Whoever sees
/// that all shards have finished some calls `advance(above:)`, which adds them while they are still
/// in a cache; `finish(pool:)` adds the rest. The result is the same whatever was added when.
///
/// Buffers are added in a binary tree: neighbours first, then the sums of neighbours, and so on; one
/// without a neighbour goes on as it is. So whoever has the buffers of a whole branch can add them
/// on its own. The squares are summed in double precision over blocks whose borders depend only on
/// the number of gradients, so the result does not depend on the number of threads.
public final class GradientSum: Sendable {
  /// Gradients whose squares are summed in single precision.
  private static let block = TouchedBlocks.size
  /// Blocks that are worth beginning with while the backward pass waits: 1 MB of each buffer.
  private static let fewest = 16

  private let buffers: [Buffer]
  private let touched: [TouchedBlocks]
  private let count: Int
  private let squares: Buffer
  private let blocks: Int
  /// Blocks from here on have been added.
  private let added: Mutex<Int>

  /// A sum that will be left in the first buffer. The other buffers become zero.
  ///
  /// - Parameters:
  ///   - touched: which blocks of each buffer are not zero; empty if nobody knows. That of the
  ///     first buffer will know those of the sum.
  ///   - count: number of gradients.
  public init(_ buffers: [Buffer], touched: [TouchedBlocks] = [], count: Int) {
    self.buffers = buffers
    self.touched = touched
    self.count = count
    blocks = buffers.isEmpty ? 0 : (count + Self.block - 1) / Self.block
    squares = Buffer(zeroed: blocks)
    added = Mutex(blocks)
  }

  /// Adds gradients that all shards have finished, those from `floor` on, if they are many and
  /// nobody else is adding. Threads of the caller's pool that are free help.
  public func advance(above floor: Int) {
    _ = added.withLockIfAvailable { added in
      let first = (floor + Self.block - 1) / Self.block
      guard added - first >= Self.fewest else { return }
      let range = first..<added
      let parts = min(2 * Kernel.team, range.count)
      Kernel.share(.gradientSum, parts: parts, work: bytes(range)) { part in
        add(
          first + range.count * part / parts..<first + range.count * (part + 1) / parts)
      }
      added = first
    }
  }

  /// Adds what is left.
  ///
  /// - Returns: the sum of the squares of the result.
  public func finish(pool: ThreadPool) -> Double {
    added.withLock { added in
      pool.ranges(total: added, alignment: 1) { add($0) }
      added = 0
    }
    var total = 0.0
    for block in 0..<blocks { total += Double(squares.base[block]) }
    return total
  }

  /// The most bytes that adding some blocks can move.
  private func bytes(_ blocks: Range<Int>) -> Int {
    4 * blocks.count * Self.block * (4 * buffers.count - 4)
  }

  private func add(_ blocks: Range<Int>) {
    let span = Profile.begin(.gradientSum)
    var bytes = 0
    defer { span.end(bytes: bytes) }
    for number in blocks {
      let range = number * Self.block..<min(count, (number + 1) * Self.block)
      if !touched.isEmpty {
        guard touched.contains(where: { $0.mayBeTouched(range) }) else { continue }
        touched[0].touch(range)
      }
      bytes += buffers.count == 1 ? 4 * range.count : Kernel.sumInTree(buffers, range: range)
      var square = Vector.zero
      let sum = buffers[0].base + range.lowerBound
      vectors(range.count) { i, n in
        let values = load(sum + i, n)
        square.addProduct(values, values)
      }
      squares.base[number] = square.sum()
    }
  }
}

extension Kernel {
  /// Leaves the sum of all buffers in the first, sets the others to zero, and returns the sum of
  /// squares; see `GradientSum`.
  public static func reduceGradients(_ buffers: [Buffer], count: Int, pool: ThreadPool) -> Double {
    GradientSum(buffers, count: count).finish(pool: pool)
  }

  /// Leaves the sum of a part of all buffers in the first and zeros in the others, in the order of
  /// `GradientSum`.
  ///
  /// - Returns: the bytes that were read and written.
  @discardableResult
  public static func sumInTree(_ buffers: [Buffer], range: Range<Int>) -> Int {
    var bytes = 0
    var step = 1
    while step < buffers.count {
      for left in stride(from: 0, to: buffers.count - step, by: 2 * step) {
        let p = buffers[left].base + range.lowerBound
        let q = buffers[left + step].base + range.lowerBound
        for start in stride(from: 0, to: range.count, by: RestingBlocks.size) {
          let count = min(RestingBlocks.size, range.count - start)
          bytes += 8 * count
          if isZero(q + start, count) { continue }
          bytes += 8 * count
          vectors(count) { i, n in
            store(load(p + start + i, n) + load(q + start + i, n), p + start + i, n)
            store(Vector.zero, q + start + i, n)
          }
        }
      }
      step *= 2
    }
    return bytes
  }

  /// Whether all bits of some floats are zero.
  @inline(__always)
  static func isZero(_ p: FloatPointer, _ count: Int) -> Bool {
    var bits = SIMD16<UInt32>.zero
    vectors(count) { i, n in bits |= unsafeBitCast(load(p + i, n), to: SIMD16<UInt32>.self) }
    return bits == .zero
  }
}
