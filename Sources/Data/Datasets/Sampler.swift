import Kernels

/// Decides which rows go into which batch, epoch by epoch. A pure function of its arguments.
public struct Sampler: Sendable {
  /// The order of rows.
  public enum Strategy: String, Sendable, CaseIterable {
    /// A new permutation every epoch.
    case random
    /// File order.
    case sequential
    /// Batches of similar lengths in random order. Rows are shuffled, then sorted by length within
    /// groups of 50 batches (Hugging Face's `LengthGroupedSampler`). The longest batch comes first,
    /// so that a lack of memory shows at once.
    case groupByLength = "group_by_length"
  }

  private let strategy: Strategy
  private let lengths: [Int]
  private let batchSize: Int
  private let seed: UInt64
  private let dropLast: Bool

  /// A sampler over `lengths.count` rows.
  ///
  /// - Parameters:
  ///   - lengths: number of tokens of each row; only `groupByLength` reads the values.
  ///   - batchSize: rows per batch, treated as at least 1.
  ///   - seed: identifies the shuffles, together with the epoch.
  ///   - dropLast: whether to leave out a last batch that is not full.
  public init(
    strategy: Strategy, lengths: [Int], batchSize: Int, seed: UInt64, dropLast: Bool = false
  ) {
    self.strategy = strategy
    self.lengths = lengths
    self.batchSize = max(1, batchSize)
    self.seed = seed
    self.dropLast = dropLast
  }

  /// The row indices of each batch of an epoch; epochs count from 0.
  public func batches(epoch: Int) -> [[Int]] {
    var random = RandomStream(seed: seed, purpose: .shuffle, step: epoch, site: .rows)
    var rows = Array(lengths.indices)
    if strategy != .sequential { Self.shuffle(&rows, &random) }
    if strategy == .groupByLength {
      let group = batchSize * 50
      for start in stride(from: 0, to: rows.count, by: group) {
        let end = min(rows.count, start + group)
        // The position is the second key, so that ties keep their shuffled order.
        let sorted = rows[start..<end].enumerated().sorted {
          (lengths[$0.element], $1.offset) > (lengths[$1.element], $0.offset)
        }
        rows.replaceSubrange(start..<end, with: sorted.map(\.element))
      }
    }
    var batches = stride(from: 0, to: rows.count, by: batchSize).map { start in
      Array(rows[start..<min(rows.count, start + batchSize)])
    }
    let short = batches.last.map { $0.count < batchSize } ?? false
    let last = short ? batches.removeLast() : nil
    if strategy == .groupByLength {
      Self.shuffle(&batches, &random)
      let longest = batches.indices.max { tokens(batches[$0]) < tokens(batches[$1]) }
      if let longest { batches.swapAt(0, longest) }
    }
    if let last, !dropLast { batches.append(last) }
    return batches
  }

  private func tokens(_ batch: [Int]) -> Int { batch.reduce(0) { $0 + lengths[$1] } }

  /// Fisher-Yates with our own random stream: the algorithm of the standard library's `shuffle` may
  /// change between versions.
  private static func shuffle<Element>(_ items: inout [Element], _ random: inout RandomStream) {
    for last in stride(from: items.count - 1, to: 0, by: -1) {
      items.swapAt(last, random.nextBelow(last + 1))
    }
  }
}
