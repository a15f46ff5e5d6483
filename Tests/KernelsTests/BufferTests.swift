import Kernels
import Testing

@Suite struct BufferTests {
  @Test(arguments: [0, 1, 3, 255, 256, 257, 1_000_000])
  func ownMemoryIsZeroedAndAligned(count: Int) {
    let buffer = Buffer(zeroed: count)
    #expect(buffer.capacity == count)
    buffer.withFloats { floats in
      #expect(floats.count == count)
      #expect(floats.allSatisfy { $0 == 0 })
      #expect(UInt(bitPattern: floats.baseAddress) % 64 == 0)
    }
  }

  @Test func poolStopsAllocating() {
    let pool = BufferPool()
    func step(_ round: Int) {
      // The shapes of a step with batches of changing length, living as long as a tape keeps them.
      var kept: [Matrix] = []
      for layer in 0..<6 {
        kept.append(pool.matrix(100 + round % 3, 64))
        kept.append(pool.matrix(100 + round % 3, 192 + layer))
        _ = pool.zeros(7, 5)
      }
    }
    for round in 0..<6 { step(round) }
    let settled = pool.allocatedFloats
    #expect(settled > 0)
    for round in 0..<60 { step(round) }
    #expect(pool.allocatedFloats == settled)
  }

  @Test func buffersInUseAreDistinct() {
    let pool = BufferPool()
    for _ in 0..<3 {
      let all = (0..<40).map { pool.matrix(1, 1 + 37 * ($0 % 7)) }
      for (i, matrix) in all.enumerated() { matrix.fill(Float(i)) }
      for (i, matrix) in all.enumerated() {
        #expect(matrix.values.allSatisfy { $0 == Float(i) })
      }
    }
  }

  @Test func takenMemoryFitsAndIsAligned() {
    let pool = BufferPool()
    for count in [0, 1, 300, 5000, 600_000, 4999, 2] {
      let buffer = pool.take(count)
      #expect(buffer.capacity == count)
      buffer.withFloats { floats in
        #expect(UInt(bitPattern: floats.baseAddress) % 64 == 0)
        floats.update(repeating: 1)
      }
    }
    #expect(pool.zeros(31, 33).values.allSatisfy { $0 == 0 })
  }

  @Test func smallRequestsDoNotEatLargeBlocks() {
    let pool = BufferPool()
    do { _ = pool.take(1_000_000) }
    let small = pool.take(5000)
    let before = pool.allocatedFloats
    _ = pool.take(1_000_000)
    #expect(pool.allocatedFloats == before)
    #expect(small.capacity == 5000)
  }

  /// Batches that are each a little longer than all before: the blocks of the shorter ones are not
  /// kept beside those of the longest.
  @Test func poolGrowsWithItsLargestRequests() {
    let pool = BufferPool()
    for length in stride(from: 1000, through: 4000, by: 100) {
      _ = (0..<8).map { _ in pool.take(length) }
    }
    #expect(pool.allocatedFloats == 8 * BufferPool.capacity(for: 4000))
    let settled = pool.allocatedFloats
    for length in [3000, 4000, 2100, 3999] { _ = (0..<8).map { _ in pool.take(length) } }
    #expect(pool.allocatedFloats == settled)
  }

  @Test func poolServesSeveralThreads() throws {
    let pool = BufferPool()
    let threads = ThreadPool(threads: 4)
    try threads.run(count: 400) { task in
      let own = (0..<10).map { pool.matrix(3, 50 + 10 * $0) }
      for matrix in own { matrix.fill(Float(task)) }
      for matrix in own where !matrix.values.allSatisfy({ $0 == Float(task) }) {
        Issue.record("task \(task) found another task's values")
      }
    }
    // At most four tasks at a time, 10 blocks of 256 to 512 floats each.
    #expect(pool.allocatedFloats <= 4 * 10 * 512)
  }

  /// Around the size from which memory is mapped, and after earlier memory of the same size was
  /// written to and freed.
  @Test(arguments: [1, 524_031, 524_032, 524_033, 524_287, 524_288, 524_289, 1_048_577])
  func zeroedMemoryIsZero(count: Int) {
    for _ in 0..<3 {
      let buffer = Buffer(zeroed: count)
      buffer.withFloats { floats in
        #expect(floats.count == count && floats.allSatisfy { $0 == 0 })
        #expect(Int(bitPattern: floats.baseAddress) % 64 == 0)
        for i in floats.indices { floats[i] = 7 }
      }
    }
  }
}
