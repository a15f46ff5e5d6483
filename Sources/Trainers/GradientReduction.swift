import Kernels
import Processes

/// Adds up the gradients that the lanes of a run have computed for one update, on whatever
/// processes they are.
///
/// Nothing else stands between the backward passes and the optimiser. Lanes are added in the order
/// of `LaneShares`, so the sum has the same bits however they lie on processes.
///
/// Several processes share the work: each adds a part of every bucket, for which all others send it
/// their sums, and sends the result to all. With one node a process, that is 2 (n - 1) / n times
/// the gradient for each of n processes, the least there can be. While a bucket is on its way, the
/// next one is added up here.
package struct GradientReduction: Sendable {
  private let group: any ProcessGroup
  private let shares: LaneShares
  /// Floats that go on their way together.
  private let bucket: Int
  /// The sums that each process has.
  private let nodes: [[Range<Int>]]
  /// For each of two buckets and each process, where its sums go.
  private let received: [[[Buffer]]]

  /// A reduction of `lanes` lanes over the processes of a group.
  ///
  /// - Parameter capacity: the most gradients that there will be.
  package init(
    _ group: any ProcessGroup = SingleProcess(), lanes: Int, capacity: Int, bucket: Int = 1 << 20
  ) {
    self.group = group
    self.bucket = bucket
    let shares = LaneShares(lanes: lanes, processes: group.count)
    let nodes = (0..<group.count).map { shares.nodes(of: $0) }
    let length = (min(bucket, capacity) + group.count - 1) / group.count
    received = (0..<2).map { _ in
      nodes.enumerated().map { rank, nodes in
        rank == group.rank ? [] : nodes.map { _ in Buffer(zeroed: length) }
      }
    }
    self.nodes = nodes
    self.shares = shares
  }

  /// Leaves the sum of all lanes' gradients in the first buffer and zeros in the others.
  ///
  /// - Parameters:
  ///   - buffers: of the lanes that this process has.
  ///   - count: number of gradients.
  /// - Returns: the sum of the squares of the result.
  /// - Throws: `ProcessError`.
  package func reduce(_ buffers: [Buffer], count: Int, pool: ThreadPool) throws -> Double {
    guard group.isShared else {
      return Kernel.reduceGradients(buffers, count: count, pool: pool)
    }
    let first = shares.lanes(of: group.rank).lowerBound
    let own = nodes[group.rank].map { node in
      node.map { buffers[$0 - first] }
    }
    let exchange = Exchange(
      group: group, own: own.map { $0[0] }, additions: shares.additions, pool: pool,
      received: received)
    var open: (Exchange.Bucket, any PendingTransfers)?
    var last: [any PendingTransfers] = []
    for (number, start) in stride(from: 0, to: count, by: bucket).enumerated() {
      let range = start..<min(count, start + bucket)
      pool.ranges(total: range.count) { part in
        for node in own {
          Kernel.sumInTree(
            node, range: start + part.lowerBound..<start + part.upperBound)
        }
      }
      let bucket = Exchange.Bucket(range: range, processes: group.count, memory: number % 2)
      let next = (bucket, group.begin(exchange.collecting(bucket)))
      if let (bucket, pending) = open {
        try pending.wait()
        exchange.add(bucket)
        last.append(group.begin(exchange.giving(bucket)))
      }
      open = next
    }
    if let (bucket, pending) = open {
      try pending.wait()
      exchange.add(bucket)
      last.append(group.begin(exchange.giving(bucket)))
    }
    for pending in last { try pending.wait() }
    return Kernel.reduceGradients([buffers[0]], count: count, pool: pool)
  }
}

/// The parts of a reduction over processes.
private struct Exchange: Sendable {
  /// Some of the gradients. Each process adds a part of them.
  struct Bucket: Sendable {
    let range: Range<Int>
    let processes: Int
    /// Which of two sets of memory it uses.
    let memory: Int

    func part(of rank: Int) -> Range<Int> {
      let ends = [rank, rank + 1].map { range.lowerBound + range.count * $0 / processes }
      return ends[0]..<ends[1]
    }
  }

  let group: any ProcessGroup
  /// Where this process's sums are.
  let own: [Buffer]
  let additions: [(into: Int, from: Int)]
  let pool: ThreadPool
  /// For each set of memory and process, where its sums go.
  let received: [[[Buffer]]]

  private var others: [Int] { (0..<group.count).filter { $0 != group.rank } }

  /// Brings the sums of all processes to those that add them.
  func collecting(_ bucket: Bucket) -> [Transfer] {
    let length = bucket.part(of: group.rank).count
    return others.flatMap { peer in
      own.map { .send($0, bucket.part(of: peer), to: peer) }
        + received[bucket.memory][peer].map { .receive($0, 0..<length, from: peer) }
    }
  }

  /// Brings what was added to all processes.
  func giving(_ bucket: Bucket) -> [Transfer] {
    others.flatMap { peer -> [Transfer] in
      [
        .send(own[0], bucket.part(of: group.rank), to: peer),
        .receive(own[0], bucket.part(of: peer), from: peer),
      ]
    }
  }

  /// Adds this process's part of a bucket, in place of its own first sum, and clears its others.
  func add(_ bucket: Bucket) {
    let part = bucket.part(of: group.rank)
    let sums: [(buffer: Buffer, start: Int)] = (0..<group.count).flatMap { rank in
      rank == group.rank
        ? own.map { ($0, part.lowerBound) } : received[bucket.memory][rank].map { ($0, 0) }
    }
    pool.ranges(total: part.count) { range in
      func floats(_ index: Int) -> Matrix {
        Matrix(
          sums[index].buffer, offset: sums[index].start + range.lowerBound, rows: 1,
          columns: range.count)
      }
      for (into, from) in additions { Kernel.add(floats(from), to: floats(into)) }
      if group.rank != 0 {
        Matrix(own[0], offset: part.lowerBound + range.lowerBound, rows: 1, columns: range.count)
          .copy(from: floats(0))
      }
    }
    let rest = own.dropFirst()
    guard !rest.isEmpty else { return }
    pool.ranges(total: bucket.range.count) { range in
      for buffer in rest {
        Matrix(
          buffer, offset: bucket.range.lowerBound + range.lowerBound, rows: 1,
          columns: range.count
        ).fill(0)
      }
    }
  }
}
