import HeapModule

/// The merges of a byte-pair encoding in a hash table, and their application: again and again the
/// pair of the lowest rank, and the leftmost of equal ones.
package struct BytePairMerges: Sendable {
  /// One line of `merges.txt`, as ids.
  package struct Merge: Sendable, Equatable {
    /// The token on the left.
    package var left: Int32
    /// The token on the right.
    package var right: Int32
    /// The token that the two form.
    package var merged: Int32

    /// A merge of the given ids.
    package init(left: Int32, right: Int32, merged: Int32) {
      (self.left, self.right, self.merged) = (left, right, merged)
    }
  }

  /// Memory for merging a word; it is reused from word to word so that merging allocates nothing.
  package struct Workspace {
    /// The tokens of the word: its symbols before merging, and the result after it.
    package var tokens: [Int32] = []
    fileprivate var ranks: [UInt32] = []
    fileprivate var merged: [Int32] = []

    /// A workspace without a word.
    package init() {}
  }

  private struct Slot {
    /// left << 32 | right; all bits are set in a free slot.
    var pair = UInt64.max
    var rank: UInt32 = 0
    var merged: Int32 = 0
  }

  private static let never = UInt32.max
  /// From this many symbols on, a queue finds the next merge; below, a scan does.
  static let longWord = 48

  private var slots: [Slot]
  /// New in each process, so that crafted merges cannot force collisions.
  private let seed = UInt64.random(in: 0 ... .max)

  /// Merges in the order of their ranks. If a pair is listed twice, the last rank counts.
  package init(_ merges: [Merge]) {
    var size = 64
    while size < merges.count * 2 { size *= 2 }
    slots = [Slot](repeating: Slot(), count: size)
    for (rank, merge) in merges.enumerated() {
      let pair = Self.pair(merge.left, merge.right)
      slots[place(of: pair)] = Slot(pair: pair, rank: UInt32(rank), merged: merge.merged)
    }
  }

  /// Merges `workspace.tokens` as far as possible.
  package func apply(to workspace: inout Workspace) {
    if workspace.tokens.count < Self.longWord {
      applyByScan(to: &workspace)
    } else {
      applyByQueue(to: &workspace)
    }
  }

  /// `apply(to:)` in time quadratic in the number of symbols; faster for few symbols.
  package func applyByScan(to workspace: inout Workspace) {
    var count = workspace.tokens.count
    guard count > 1 else { return }
    workspace.ranks.removeAll(keepingCapacity: true)
    workspace.merged.removeAll(keepingCapacity: true)
    for i in 1..<count {
      let slot = slots[place(of: Self.pair(workspace.tokens[i - 1], workspace.tokens[i]))]
      workspace.ranks.append(slot.pair == .max ? Self.never : slot.rank)
      workspace.merged.append(slot.merged)
    }
    while count > 1 {
      var best = 0
      var lowest = Self.never
      for i in 0..<(count - 1) where workspace.ranks[i] < lowest {
        (best, lowest) = (i, workspace.ranks[i])
      }
      if lowest == Self.never { break }
      workspace.tokens[best] = workspace.merged[best]
      count -= 1
      for i in (best + 1)..<max(best + 1, count) {
        workspace.tokens[i] = workspace.tokens[i + 1]
        workspace.ranks[i - 1] = workspace.ranks[i]
        workspace.merged[i - 1] = workspace.merged[i]
      }
      for i in max(0, best - 1)..<min(count - 1, best + 1) { look(up: i, in: &workspace) }
    }
    workspace.tokens.removeLast(workspace.tokens.count - count)
  }

  @inline(__always)
  private func look(up i: Int, in workspace: inout Workspace) {
    let slot = slots[place(of: Self.pair(workspace.tokens[i], workspace.tokens[i + 1]))]
    workspace.ranks[i] = slot.pair == .max ? Self.never : slot.rank
    workspace.merged[i] = slot.merged
  }

  /// `apply(to:)` in time n log n, so that no text is slow.
  package func applyByQueue(to workspace: inout Workspace) {
    let count = workspace.tokens.count
    // A doubly linked list over the symbols, whose positions in `tokens` do not change.
    var following = (0..<count).map { Int32(truncatingIfNeeded: $0 + 1) }
    var previous = (0..<count).map { Int32(truncatingIfNeeded: $0 - 1) }
    var isGone = [Bool](repeating: false, count: count)
    var ranks = [UInt32](repeating: Self.never, count: count)
    var merged = [Int32](repeating: 0, count: count)
    // Waiting merges, as rank << 32 | position; the smallest comes first.
    var queue = Heap<UInt64>()

    func enqueue(_ i: Int) {
      let next = Int(following[i])
      ranks[i] = Self.never
      guard next < count else { return }
      let slot = slots[place(of: Self.pair(workspace.tokens[i], workspace.tokens[next]))]
      guard slot.pair != .max else { return }
      ranks[i] = slot.rank
      merged[i] = slot.merged
      queue.insert(UInt64(slot.rank) << 32 | UInt64(i))
    }

    for i in 0..<count { enqueue(i) }
    while let entry = queue.popMin() {
      let i = Int(entry & 0xFFFF_FFFF)
      // Entries of pairs that no longer exist stay in the queue; their rank identifies them.
      guard !isGone[i], ranks[i] == UInt32(truncatingIfNeeded: entry >> 32) else { continue }
      let absorbed = Int(following[i])
      workspace.tokens[i] = merged[i]
      isGone[absorbed] = true
      following[i] = following[absorbed]
      if Int(following[i]) < count { previous[Int(following[i])] = Int32(truncatingIfNeeded: i) }
      enqueue(i)
      if previous[i] >= 0 { enqueue(Int(previous[i])) }
    }
    var kept = 0
    for i in 0..<count where !isGone[i] {
      workspace.tokens[kept] = workspace.tokens[i]
      kept += 1
    }
    workspace.tokens.removeLast(count - kept)
  }

  @inline(__always)
  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// The slot of a pair, or the free slot where it would be stored.
  @inline(__always)
  private func place(of pair: UInt64) -> Int {
    let mask = slots.count - 1
    let product = (pair ^ seed) &* 0x9E37_79B9_7F4A_7C15
    var place = Int(truncatingIfNeeded: product >> 40) & mask
    while slots[place].pair != pair, slots[place].pair != .max { place = (place + 1) & mask }
    return place
  }
}
