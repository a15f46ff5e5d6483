import Kernels
import Testing

@Suite struct GradientSumTests {
  private func buffer(_ values: [Float]) -> Buffer {
    Matrix(values, rows: 1, columns: values.count).buffer
  }

  private func floats(_ buffer: Buffer) -> [Float] { buffer.withFloats { Array($0) } }

  @Test(arguments: [0, 1, 33, 16_384, 16_385, 100_003])
  func reducedGradientsAreTheSameForAnyThreadCount(count: Int) {
    for shards in [1, 2, 3, 5] {
      var results: [(bits: [UInt32], norm: UInt64)] = []
      var draws = Draws(count + shards)
      let values = (0..<shards).map { _ in draws.floats(count + 20) }
      var expected = [Double](repeating: 0, count: count)
      for shard in values { for i in 0..<count { expected[i] += Double(shard[i]) } }
      let square = expected.reduce(0) { $0 + $1 * $1 }
      for threads in [1, 2, 3] {
        let buffers = values.map { buffer($0) }
        let sum = Kernel.reduceGradients(buffers, count: count, pool: ThreadPool(threads: threads))
        let total = floats(buffers[0])
        results.append((total.map(\.bitPattern), sum.bitPattern))
        #expect(deviation(Array(total[..<count]), expected) <= Double(shards) * 2 * roundoff)
        // Sums of 1,024 squares in each of 16 lanes.
        #expect(abs(sum - square) <= square * 1024 * roundoff)
        #expect(Array(total[count...]) == Array(values[0][count...]))
        for (shard, other) in buffers.enumerated().dropFirst() {
          let left = floats(other)
          #expect(left[..<count].allSatisfy { $0 == 0 })
          #expect(Array(left[count...]) == Array(values[shard][count...]))
        }
      }
      for result in results {
        #expect(result.bits == results[0].bits && result.norm == results[0].norm)
      }
    }
  }

  /// Blocks that are zero in some buffers are passed over, but in these alone.
  @Test func zerosInSomeBuffersAreNotForgotten() {
    let count = 8 * 128 + 5
    var draws = Draws(6)
    let values = (0..<3).map { lane in
      draws.floats(count).enumerated().map { i, value in i / 128 >> lane & 1 == 0 ? value : 0 }
    }
    let buffers = values.map { buffer($0) }
    let square = Kernel.reduceGradients(buffers, count: count, pool: ThreadPool(threads: 1))
    let expected = (0..<count).map { values[0][$0] + values[1][$0] + values[2][$0] }
    #expect(floats(buffers[0]) == expected)
    #expect(buffers.dropFirst().allSatisfy { floats($0).allSatisfy { $0 == 0 } })
    let exact = expected.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(square - exact) <= exact * 1024 * roundoff)
  }

  @Test func buffersAreAddedInATree() {
    let values = (0..<5).map { lane in
      (0..<100).map { i in Float(1) / Float(i + 7 * lane + 3) }
    }
    let buffers = values.map { buffer($0) }
    _ = Kernel.reduceGradients(buffers, count: 100, pool: ThreadPool(threads: 1))
    let expected = (0..<100).map { (i: Int) -> Float in
      let left: Float = values[0][i] + values[1][i]
      let right: Float = values[2][i] + values[3][i]
      return (left + right) + values[4][i]
    }
    #expect(Array(floats(buffers[0])[..<100]) == expected)
    // One after the other would have given other bits.
    let inOrder = (0..<100).map { (i: Int) -> Float in
      values.reduce(Float(0)) { (sum: Float, lane: [Float]) -> Float in sum + lane[i] }
    }
    #expect(inOrder != expected)
  }

  @Test func noBuffersHaveNoNorm() {
    #expect(Kernel.reduceGradients([], count: 5, pool: ThreadPool(threads: 1)) == 0)
  }

  /// Whatever is added early, alone or with the help of other threads, the bits are the same.
  @Test(arguments: [1, 2, 3])
  func sumsThatBeginEarlyAreTheSame(shards: Int) throws {
    let count = 70 * 16_384 + 33
    var draws = Draws(shards)
    let values = (0..<shards).map { _ in draws.floats(count) }
    let expected = values.map { buffer($0) }
    let square = Kernel.reduceGradients(expected, count: count, pool: ThreadPool(threads: 1))
    for (threads, cutFor) in [(1, 0), (3, 0), (2, 16)] {
      let pool = ThreadPool(threads: threads, cutFor: cutFor)
      let buffers = values.map { buffer($0) }
      let sum = GradientSum(buffers, count: count)
      try pool.run(count: 1) { _ in
        for floor in [count, count - 5, 50 * 16_384 + 1, 50 * 16_384, 40 * 16_384, 7] {
          sum.advance(above: floor)
          // Nothing below the floor is added.
          let isUntouched = buffers[0].withFloats {
            $0[..<floor].elementsEqual(values[0][..<floor])
          }
          #expect(isUntouched)
        }
      }
      // All blocks but the first, in which 7 lies, are added when there are 16 of them.
      let place = 16_384
      #expect(floats(buffers[0])[place] == floats(expected[0])[place])
      #expect(sum.finish(pool: pool).bitPattern == square.bitPattern)
      for (a, b) in zip(buffers, expected) {
        #expect(floats(a).map(\.bitPattern) == floats(b).map(\.bitPattern))
      }
    }
  }

  /// Blocks that no shard touched are not read: here they aren't zero, and nobody adds them.
  @Test func blocksThatNobodyTouchedAreNotRead() {
    let count = 4 * 16_384
    let buffers = (0..<2).map { _ in buffer([Float](repeating: 1, count: count)) }
    let touched = buffers.map { _ in TouchedBlocks(count: count) }
    touched[0].touch(5..<6)
    touched[1].touch(2 * 16_384 - 1..<2 * 16_384 + 1)
    let sum = GradientSum(buffers, touched: touched, count: count)
    #expect(sum.finish(pool: ThreadPool(threads: 2)) == Double(3 * 16_384 * 4))
    let blocks = stride(from: 0, to: count, by: 16_384)
    let (first, second) = (floats(buffers[0]), floats(buffers[1]))
    let left: [Float] = blocks.map { first[$0] }
    let cleared: [Float] = blocks.map { second[$0] }
    #expect(left == [2, 2, 2, 1] as [Float])
    #expect(cleared == [0, 0, 0, 1] as [Float])
    // The first buffer's record is now that of the sum.
    let known: [Bool] = blocks.map { touched[0].mayBeTouched($0..<$0 + 1) }
    #expect(known == [true, true, true, false])
  }
}
