/// How the lanes of a batch lie on the processes that share a run, and in which order their
/// gradients are added.
///
/// The order is a binary tree over the lanes, as in `Kernel.reduceGradients`: a node of level k
/// begins at a multiple of 2^k and has 2^k lanes, or fewer at the end. It does not depend on the
/// processes. Each of them has lanes that follow one another, adds those of every whole node that
/// it has, and gives away these sums alone. If the number of lanes is that of processes times a
/// power of two, a process has a single node.
package struct LaneShares: Sendable {
  /// The number of lanes, and of processes.
  package let lanes, processes: Int

  /// Shares of lanes among processes.
  package init(lanes: Int, processes: Int) {
    self.lanes = lanes
    self.processes = processes
  }

  /// The lanes of a process; their numbers differ by at most one.
  package func lanes(of rank: Int) -> Range<Int> {
    lanes * rank / processes..<lanes * (rank + 1) / processes
  }

  /// The largest nodes of which a process has all lanes, in order.
  package func nodes(of rank: Int) -> [Range<Int>] {
    nodes(within: lanes(of: rank), below: 0..<lanes, size: rootSize)
  }

  /// The additions that make the sum of all lanes from the sums of all processes' nodes.
  ///
  /// - Returns: pairs of indices into the nodes of all processes, in order; the second is added to
  ///   the first. The sum of all is at index 0 in the end.
  package var additions: [(into: Int, from: Int)] {
    let starts = (0..<processes).flatMap { nodes(of: $0) }
    var found: [(into: Int, from: Int)] = []
    _ = add(0..<lanes, size: rootSize, starts, &found)
    return found
  }

  /// The number of lanes, rounded up to a power of two.
  private var rootSize: Int {
    var size = 1
    while size < lanes { size *= 2 }
    return size
  }

  private func nodes(
    within own: Range<Int>, below node: Range<Int>, size: Int
  ) -> [Range<Int>] {
    guard !node.isEmpty, own.overlaps(node) else { return [] }
    if own.lowerBound <= node.lowerBound, node.upperBound <= own.upperBound { return [node] }
    let (left, right) = halves(of: node, size: size)
    return nodes(within: own, below: left, size: size / 2)
      + nodes(within: own, below: right, size: size / 2)
  }

  /// - Returns: where the sum of a node is.
  private func add(
    _ node: Range<Int>, size: Int, _ parts: [Range<Int>],
    _ found: inout [(into: Int, from: Int)]
  ) -> Int {
    if let place = parts.firstIndex(of: node) { return place }
    let (left, right) = halves(of: node, size: size)
    let into = add(left, size: size / 2, parts, &found)
    if !right.isEmpty {
      found.append((into, add(right, size: size / 2, parts, &found)))
    }
    return into
  }

  private func halves(of node: Range<Int>, size: Int) -> (Range<Int>, Range<Int>) {
    let middle = min(node.upperBound, node.lowerBound + size / 2)
    return (node.lowerBound..<middle, middle..<node.upperBound)
  }
}
