import Kernels
import Processes
import TestSupport
import Testing
import Trainers

/// Sums of gradients over processes.
@Suite struct GradientReductionTests {
  private func values(lanes: Int, count: Int) -> [[Float]] {
    (0..<lanes).map { lane in
      var stream = RandomStream(seed: 3, purpose: .noise, step: lane, site: .part(0))
      return (0..<count).map { _ in Float(stream.nextNormal()) }
    }
  }

  private func bits(_ buffer: Buffer) -> [UInt32] {
    buffer.withFloats { $0.map(\.bitPattern) }
  }

  @Test(arguments: [
    (1, 1, 5), (4, 4, 1000), (12, 3, 20_011), (12, 4, 20_011), (7, 5, 999), (3, 2, 1),
  ])
  func processesAddAsOneDoes(lanes: Int, processes: Int, count: Int) throws {
    let values = values(lanes: lanes, count: count)
    let alone = values.map { Matrix($0, rows: 1, columns: count).buffer }
    let square = Kernel.reduceGradients(alone, count: count, pool: ThreadPool(threads: 1))
    let shares = LaneShares(lanes: lanes, processes: processes)
    for bucket in [64, 1 << 20] {
      let found = try ThreadGroup.run(processes) { group in
        let own = shares.lanes(of: group.rank).map {
          Matrix(values[$0], rows: 1, columns: count).buffer
        }
        let reduction = GradientReduction(group, lanes: lanes, capacity: count, bucket: bucket)
        let exchange = reduction.begin(own, count: count)
        let square = try exchange.finish(pool: ThreadPool(threads: 1))
        return (square, own, exchange.sent.bytes)
      }
      for (other, own, _) in found {
        #expect(other.bitPattern == square.bitPattern)
        #expect(bits(own[0])[..<count] == bits(alone[0])[..<count])
        for rest in own.dropFirst() { #expect(bits(rest)[..<count].allSatisfy { $0 == 0 }) }
      }
      // Every process sends 1/n of each of its sums to each other one, and 1/n of the result.
      let sums = (0..<processes).reduce(0) { $0 + shares.nodes(of: $1).count }
      let sent = found.reduce(0) { $0 + $1.2 }
      #expect(sent == 4 * count * ((sums - 1) + (processes - 1)) - 4 * extra(shares, count, bucket))
    }
  }

  /// Lanes say on threads of their own how far they are, and the sums begin.
  @Test(arguments: [(1, 1, 50), (4, 2, 5000), (6, 2, 20_011), (12, 4, 3000), (7, 5, 999)])
  func sumsThatBeginEarlyAreTheSame(lanes: Int, processes: Int, count: Int) throws {
    let values = values(lanes: lanes, count: count)
    let alone = values.map { Matrix($0, rows: 1, columns: count).buffer }
    let square = Kernel.reduceGradients(alone, count: count, pool: ThreadPool(threads: 1))
    let shares = LaneShares(lanes: lanes, processes: processes)
    for threads in [1, 3] {
      let found = try ThreadGroup.run(processes) { group in
        let own = shares.lanes(of: group.rank).map { _ in Buffer(zeroed: count) }
        let first = shares.lanes(of: group.rank).lowerBound
        let pool = ThreadPool(threads: threads)
        let exchange = GradientReduction(group, lanes: lanes, capacity: count, bucket: 64)
          .begin(own, count: count)
        exchange.open(idle: [])
        try pool.run(count: own.count) { lane in
          var floor = count
          while floor > 0 {
            let next = max(0, floor - 30 - 7 * lane)
            own[lane].withFloats { floats in
              for place in next..<floor { floats[place] = values[first + lane][place] }
            }
            floor = next
            exchange.report(lane: lane, floor: floor)
          }
        }
        return (try exchange.finish(pool: pool), own, exchange.sent)
      }
      for (other, own, sent) in found {
        #expect(other.bitPattern == square.bitPattern)
        #expect(bits(own[0])[..<count] == bits(alone[0])[..<count])
        for rest in own.dropFirst() { #expect(bits(rest)[..<count].allSatisfy { $0 == 0 }) }
        #expect(sent.bytesBefore <= sent.bytes && sent.bytesBegun <= sent.bytes)
        if threads == 1, processes > 1 { #expect(sent.bytesBegun > 0) }
      }
    }
  }

  /// Sums that a process has beside its first one need not be sent for the part that it adds.
  private func extra(_ shares: LaneShares, _ count: Int, _ bucket: Int) -> Int {
    var total = 0
    for start in stride(from: 0, to: count, by: bucket) {
      let size = min(bucket, count - start)
      for rank in 0..<shares.processes {
        let part = size * (rank + 1) / shares.processes - size * rank / shares.processes
        total += part * (shares.nodes(of: rank).count - 1)
      }
    }
    return total
  }

  @Test func aLostProcessIsAnError() throws {
    struct Crash: Error {}
    #expect(throws: Crash.self) {
      try ThreadGroup.run(3) { group in
        if group.rank == 1 { throw Crash() }
        let own = [Buffer(zeroed: 10)]
        _ = try GradientReduction(group, lanes: 3, capacity: 10, bucket: 4)
          .begin(own, count: 10).finish(pool: ThreadPool(threads: 1))
      }
    }
  }
}
