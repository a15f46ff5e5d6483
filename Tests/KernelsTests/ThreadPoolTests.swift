import Kernels
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  private struct Failure: Error, Equatable { let task: Int }

  /// Counts how often each of `n` indices was met.
  private final class Tally: Sendable {
    private let counts: Mutex<[Int]>
    init(_ n: Int) { counts = Mutex(Array(repeating: 0, count: n)) }
    func meet(_ index: Int) { counts.withLock { $0[index] += 1 } }
    var all: [Int] { counts.withLock { $0 } }
  }

  @Test(arguments: [1, 2, 4])
  func everyTaskRunsOnce(threads: Int) throws {
    let pool = ThreadPool(threads: threads)
    #expect(pool.threads == threads)
    for count in [0, 1, 2, 3, 7, 64, 1000] {
      let tally = Tally(count)
      try pool.run(count: count) { tally.meet($0) }
      #expect(tally.all == Array(repeating: 1, count: count))
    }
  }

  @Test(arguments: [1, 2, 4])
  func manyShortRuns(threads: Int) throws {
    let pool = ThreadPool(threads: threads)
    let sum = Atomic<Int>(0)
    for run in 0..<5000 {
      let before = sum.load(ordering: .relaxed)
      let count = run % 5
      try pool.run(count: count) { sum.wrappingAdd($0 + 1, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) - before == count * (count + 1) / 2)
    }
  }

  @Test(arguments: [1, 2, 4])
  func errorOfTheLowestTaskAfterAllHaveEnded(threads: Int) throws {
    let pool = ThreadPool(threads: threads)
    for lowest in [0, 3, 17] {
      let tally = Tally(40)
      #expect(throws: Failure(task: lowest)) {
        try pool.run(count: 40) { task in
          // Higher tasks fail at once, the lowest only after a while.
          if task == lowest { for _ in 0..<20_000 { tally.meet(39) } }
          tally.meet(task)
          if task >= lowest { throw Failure(task: task) }
        }
      }
      #expect(tally.all[..<39].allSatisfy { $0 == 1 })
    }
    let tally = Tally(3)  // and the pool goes on working
    try pool.run(count: 3) { tally.meet($0) }
    #expect(tally.all == [1, 1, 1])
  }

  @Test func tasksRunAtTheSameTime() throws {
    let pool = ThreadPool(threads: 2)
    let arrived = Atomic<Int>(0)
    // Each task waits for the other: only two threads can end this.
    try pool.run(count: 2) { _ in
      arrived.wrappingAdd(1, ordering: .sequentiallyConsistent)
      var turns = 0
      while arrived.load(ordering: .sequentiallyConsistent) < 2, turns < 2_000_000_000 {
        turns += 1
      }
    }
    #expect(arrived.load(ordering: .sequentiallyConsistent) == 2)
  }

  @Test(arguments: [1, 2, 3, 4])
  func rangesCoverEverythingOnce(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for (total, alignment) in [(0, 16), (1, 16), (15, 16), (16, 16), (1000, 64), (4097, 1024)] {
      let tally = Tally(total)
      pool.ranges(total: total, alignment: alignment) { range in
        #expect(range.lowerBound % alignment == 0)
        #expect(range.upperBound % alignment == 0 || range.upperBound == total)
        for i in range { tally.meet(i) }
      }
      #expect(tally.all == Array(repeating: 1, count: total))
    }
  }

  @Test func zeroMeansAvailableProcessors() {
    #expect(ThreadPool.availableProcessors >= 1)
    #expect(ThreadPool().threads == ThreadPool.availableProcessors)
  }

  @Test func callersTakeTurns() async {
    let pool = ThreadPool(threads: 2)
    let wrong = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var wrong = 0
          for _ in 0..<200 {
            let tally = Tally(5)
            try? pool.run(count: 5) { tally.meet($0) }
            if tally.all != [1, 1, 1, 1, 1] { wrong += 1 }
          }
          return wrong
        }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0)
  }

  @Test func poolsComeAndGo() throws {
    for _ in 0..<200 {
      let pool = ThreadPool(threads: 3)
      let tally = Tally(2)
      try pool.run(count: 2) { tally.meet($0) }
      #expect(tally.all == [1, 1])
    }
  }
}
