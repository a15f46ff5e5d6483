import Kernels
import Processes
import Synchronization

/// The sum of one update's gradients over lanes and processes, which begins while the last backward
/// passes still run.
///
/// Weights lie in the order of the forward pass, so their gradients are finished from the end of
/// the buffers towards the beginning. When all lanes of this process have finished a bucket, the
/// thread that sees it adds it up and sends it; `finish` does what is left. A process that has no
/// others adds early, too: what a backward pass has just written need not come from memory.
///
/// Each process adds a part of every bucket, for which all others send it their sums, and sends the
/// result to all. With one node a process, that is 2 (n - 1) / n times the gradient for each of n
/// processes, the least there can be. Buckets go in the same order on all processes, and so do
/// their results, but how these two orders mix is different on each.
package final class GradientExchange: Sendable {
  /// What was sent by this process.
  package struct Sent: Sendable {
    /// Bytes of gradients.
    package var bytes = 0
    /// Those that had begun their way before the last backward pass of this process ended.
    package var bytesBegun = 0
    /// Those that had arrived by then.
    package var bytesBefore = 0

    static func += (a: inout Sent, b: Sent) {
      a.bytes += b.bytes
      a.bytesBegun += b.bytesBegun
      a.bytesBefore += b.bytesBefore
    }
  }

  private struct Floors {
    /// From where on each lane's gradients are finished.
    var lanes: [Int]
    var isOpen = false
  }

  private typealias Departure = (bytes: Int, pending: any PendingTransfers)

  private struct Work {
    /// How many buckets have gone to those that add them, and how many were added.
    var departed = 0, added = 0
    /// Those between.
    var collecting: [Departure] = []
    var giving: [Departure] = []
    /// Bytes of the buckets that were added.
    var done = 0
    var sent = Sent()
    var isLastPassOver = false
    var failure: (any Error)?
  }

  private let reduction: GradientReduction
  private let buffers: [Buffer]
  private let count: Int
  /// The buffers that each sum of this process is made of; it is left in the first of them.
  private let nodes: [[Buffer]]
  /// The sum of a run that no other process shares.
  private let sum: GradientSum
  private let floors: Mutex<Floors>
  private let work = Mutex(Work())

  private var group: any ProcessGroup { reduction.group }

  init(
    _ reduction: GradientReduction, buffers: [Buffer], touched: [TouchedBlocks], count: Int
  ) {
    self.reduction = reduction
    self.buffers = buffers
    self.count = count
    nodes = reduction.own.map { Array(buffers[$0]) }
    sum = GradientSum(reduction.group.isShared ? [] : buffers, touched: touched, count: count)
    floors = Mutex(Floors(lanes: buffers.map { _ in count }))
  }

  /// The size of the gradients.
  package var gradientBytes: Int { 4 * count }

  /// What this process has sent.
  package var sent: Sent { work.withLock { $0.sent } }

  // MARK: - While backward passes run

  /// Whether lanes have begun to report; no backward pass may follow those that they report.
  package var isOpen: Bool { floors.withLock { $0.isOpen } }

  /// Lanes are about to report how far their gradients are finished.
  ///
  /// - Parameter idle: those that have nothing to do.
  package func open(idle: [Int]) {
    floors.withLock { floors in
      floors.isOpen = true
      for lane in idle { floors.lanes[lane] = 0 }
    }
  }

  /// A lane's gradients from `floor` on are finished.
  package func report(lane: Int, floor: Int) {
    let highest = floors.withLock { floors in
      floors.lanes[lane] = floor
      return floors.lanes.max() ?? 0
    }
    guard group.isShared else { return sum.advance(above: highest) }
    // Who finds somebody at work computes on: the next report is not far.
    guard highest == 0 else {
      _ = work.withLockIfAvailable { advance(&$0, above: highest, pool: nil) }
      return
    }
    work.withLock {
      if !$0.isLastPassOver { $0.sent.bytesBegun = $0.sent.bytes }
      $0.isLastPassOver = true
      advance(&$0, above: 0, pool: nil)
      $0.sent.bytesBefore =
        $0.done + $0.giving.reduce(0) { $0 + ($1.pending.isDone ? $1.bytes : 0) }
    }
  }

  // MARK: - After them

  /// Leaves the sum of all lanes' gradients in the first buffer and zeros in the others.
  ///
  /// - Returns: the sum of the squares of the result.
  /// - Throws: `ProcessError`.
  package func finish(pool: ThreadPool) throws -> Double {
    guard group.isShared else { return sum.finish(pool: pool) }
    try work.withLock { work in
      while work.failure == nil, work.added < bucketCount {
        advance(&work, above: 0, pool: pool)
        if work.failure == nil, !work.collecting.isEmpty { takeOver(&work, pool: pool) }
      }
      if let failure = work.failure { throw failure }
      for departure in work.giving { try departure.pending.wait() }
    }
    return Kernel.reduceGradients([buffers[0]], count: count, pool: pool)
  }
}

// The steps of an exchange.
extension GradientExchange {
  private var bucketCount: Int { (count + reduction.bucket - 1) / reduction.bucket }

  /// The gradients of a bucket. The first is at the end.
  private func range(_ number: Int) -> Range<Int> {
    let start = (bucketCount - 1 - number) * reduction.bucket
    return start..<min(count, start + reduction.bucket)
  }

  /// The part of a bucket that a process adds.
  private func part(of rank: Int, _ range: Range<Int>) -> Range<Int> {
    let ends = [rank, rank + 1].map { range.lowerBound + range.count * $0 / group.count }
    return ends[0]..<ends[1]
  }

  private var others: [Int] { (0..<group.count).filter { $0 != group.rank } }

  /// Does everything for which it need not wait.
  ///
  /// - Parameters:
  ///   - floor: gradients from there on are finished.
  ///   - pool: nil on a thread of the pool itself.
  private func advance(_ work: inout Work, above floor: Int, pool: ThreadPool?) {
    while work.failure == nil {
      if work.collecting.first?.pending.isDone == true {
        takeOver(&work, pool: pool)
      } else if work.departed < bucketCount,
        work.departed - work.added < reduction.received.count,
        range(work.departed).lowerBound >= floor
      {
        collect(&work, pool: pool)
      } else {
        return
      }
    }
  }

  /// Adds up the next bucket over the lanes of this process, and sends it to those that add it.
  private func collect(_ work: inout Work, pool: ThreadPool?) {
    let range = range(work.departed)
    forRanges(of: range, pool) { part in
      for node in nodes { Kernel.sumInTree(node, range: part) }
    }
    let length = part(of: group.rank, range).count
    let memory = reduction.received[work.departed % reduction.received.count]
    let transfers = others.flatMap { peer in
      nodes.map { Transfer.send($0[0], part(of: peer, range), to: peer, in: .sums) }
        + memory[peer].map { .receive($0, 0..<length, from: peer, in: .sums) }
    }
    work.departed += 1
    work.collecting.append(begin(transfers, &work))
  }

  /// Waits for the others' sums of the oldest bucket that was sent, adds them and sends the result.
  private func takeOver(_ work: inout Work, pool: ThreadPool?) {
    let departure = work.collecting.removeFirst()
    do { try departure.pending.wait() } catch {
      work.failure = error
      return
    }
    work.done += departure.bytes
    let range = range(work.added)
    add(range, reduction.received[work.added % reduction.received.count], pool: pool)
    work.added += 1
    let transfers = others.flatMap { peer -> [Transfer] in
      [
        .send(nodes[0][0], part(of: group.rank, range), to: peer, in: .results),
        .receive(nodes[0][0], part(of: peer, range), from: peer, in: .results),
      ]
    }
    work.giving.append(begin(transfers, &work))
  }

  private func begin(_ transfers: [Transfer], _ work: inout Work) -> Departure {
    let bytes = transfers.reduce(0) { $0 + ($1.direction == .send ? 4 * $1.range.count : 0) }
    work.sent.bytes += bytes
    return (bytes, group.begin(transfers))
  }

  /// Adds this process's part of a bucket, in place of its own first sum, and clears its others.
  private func add(_ bucket: Range<Int>, _ memory: [[Buffer]], pool: ThreadPool?) {
    let part = part(of: group.rank, bucket)
    let sums: [(buffer: Buffer, start: Int)] = (0..<group.count).flatMap { rank in
      rank == group.rank
        ? nodes.map { ($0[0], part.lowerBound) } : memory[rank].map { ($0, 0) }
    }
    let first = nodes[0][0]
    forRanges(of: 0..<part.count, pool) { range in
      func floats(_ index: Int) -> Matrix {
        Matrix(
          sums[index].buffer, offset: sums[index].start + range.lowerBound, rows: 1,
          columns: range.count)
      }
      for (into, from) in reduction.additions { Kernel.add(floats(from), to: floats(into)) }
      if group.rank != 0 {
        Matrix(first, offset: part.lowerBound + range.lowerBound, rows: 1, columns: range.count)
          .copy(from: floats(0))
      }
    }
    let rest = nodes.dropFirst().map { $0[0] }
    guard !rest.isEmpty else { return }
    forRanges(of: bucket, pool) { range in
      for buffer in rest {
        Matrix(buffer, offset: range.lowerBound, rows: 1, columns: range.count).fill(0)
      }
    }
  }

  /// Element-wise work, in ranges on all threads if they are free for it.
  private func forRanges(
    of whole: Range<Int>, _ pool: ThreadPool?, _ body: @Sendable (Range<Int>) -> Void
  ) {
    guard let pool else { return body(whole) }
    pool.ranges(total: whole.count) { part in
      body(whole.lowerBound + part.lowerBound..<whole.lowerBound + part.upperBound)
    }
  }
}
