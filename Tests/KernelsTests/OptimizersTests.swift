import Glibc
import Kernels
import Testing

@Suite struct OptimizersTests {
  private func buffer(_ values: [Float]) -> Buffer {
    Matrix(values, rows: 1, columns: values.count).buffer
  }

  private func floats(_ buffer: Buffer) -> [Float] { buffer.withFloats { Array($0) } }

  /// Adam and AdamW as in torch.optim, in double precision.
  private func reference(
    _ u: AdamUpdate, _ p: inout Double, _ m: inout Double, _ v: inout Double, _ gradient: Double
  ) {
    let (b1, b2) = (Double(u.beta1), Double(u.beta2))
    let (rate, decay) = (Double(u.learningRate), Double(u.weightDecay))
    let g = gradient * Double(u.gradientScale) + (u.decoupled ? 0 : decay * p)
    if u.decoupled { p *= 1 - rate * decay }
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g * g
    let mean = m / (1 - pow(b1, Double(u.step)))
    let variance = v / (1 - pow(b2, Double(u.step)))
    p -= rate * mean / (variance.squareRoot() + Double(u.epsilon))
  }

  @Test(arguments: [true, false], [0, 0.1] as [Float])
  func adamFollowsTheReference(decoupled: Bool, decay: Float) {
    for count in oddSizes {
      var draws = Draws(count)
      let total = count + 40
      let range = 7..<7 + count
      let start = draws.floats(total)
      let p = buffer(start)
      let (g, m, v) = (buffer(start), Buffer(zeroed: total), Buffer(zeroed: total))
      var (rp, rm, rv) = (
        start.map(Double.init), [Double](repeating: 0, count: total),
        [Double](repeating: 0, count: total)
      )
      for step in 1...20 {
        let gradient = draws.floats(total)
        g.withFloats { for i in 0..<total { $0[i] = gradient[i] } }
        let update = AdamUpdate(
          learningRate: 0.01, weightDecay: decay, decoupled: decoupled, step: step,
          gradientScale: 0.5)
        Kernel.adam(
          update, parameters: p, gradients: g, firstMoment: m, secondMoment: v, range: range)
        for i in range { reference(update, &rp[i], &rm[i], &rv[i], Double(gradient[i])) }
        // The range's gradients are zeroed, all others are as they were.
        #expect(floats(g) == (0..<total).map { range.contains($0) ? 0 : gradient[$0] })
      }
      // Twenty steps of 0.01, each with a relative error of some roundings.
      #expect(deviation(floats(p), rp) <= 60 * roundoff)
      #expect(deviation(floats(m), rm) <= 40 * roundoff)
      #expect(deviation(floats(v), rv) <= 40 * roundoff)
      let after = floats(p)
      #expect((0..<total).allSatisfy { range.contains($0) || after[$0] == start[$0] })
    }
  }

  @Test func splittingTheRangeChangesNothing() {
    var draws = Draws(9)
    let start = draws.floats(1000)
    let gradient = draws.floats(1000)
    func run(_ ranges: [Range<Int>]) -> [[Float]] {
      let (p, g) = (buffer(start), buffer(gradient))
      let (m, v) = (buffer(gradient), buffer(start.map(abs)))
      let update = AdamUpdate(learningRate: 0.01, weightDecay: 0.1, step: 3)
      for range in ranges {
        Kernel.adam(
          update, parameters: p, gradients: g, firstMoment: m, secondMoment: v, range: range)
      }
      return [p, g, m, v].map(floats)
    }
    #expect(run([0..<1000]) == run([0..<3, 3..<500, 500..<501, 501..<1000]))
  }

  /// Blocks that never had a gradient, got one late, or lost it again, with and without what skips
  /// them.
  @Test(arguments: [true, false], [0, 0.1] as [Float])
  func restingBlocksChangeNothing(decoupled: Bool, decay: Float) {
    let count = 1000
    let range = 5..<count
    func run(resting: RestingBlocks?, epsilon: Float) -> [[UInt32]] {
      var draws = Draws(4)
      let (p, g) = (buffer(draws.floats(count)), Buffer(zeroed: count))
      let (m, v) = (Buffer(zeroed: count), Buffer(zeroed: count))
      for step in 1...6 {
        let gradient = draws.floats(count)
        // Rows of 100: the first never, the next from the second step on, one in the third alone.
        g.withFloats {
          for i in 0..<count where [step > 1, step == 3, true, false][i / 100 % 4] {
            $0[i] = gradient[i]
          }
        }
        // As if a checkpoint were read.
        if step == 5 { resting?.reset() }
        let update = AdamUpdate(
          learningRate: 0.01, epsilon: epsilon, weightDecay: decay, decoupled: decoupled, step: step
        )
        Kernel.adam(
          update, parameters: p, gradients: g, firstMoment: m, secondMoment: v, range: range,
          resting: resting)
      }
      return [p, g, m, v].map { floats($0).map(\.bitPattern) }
    }
    for epsilon in [1e-8, 0] as [Float] {
      let skipping = run(resting: RestingBlocks(count: range.count), epsilon: epsilon)
      let plain = run(resting: nil, epsilon: epsilon)
      // Without epsilon 0 / 0 is NaN, of either sign.
      for (a, b) in zip(skipping, plain) {
        #expect(
          zip(a, b).allSatisfy {
            $0 == $1 || Float(bitPattern: $0).isNaN && Float(bitPattern: $1).isNaN
          })
      }
    }
  }

  /// What is known to be zero is not read: here it isn't zero, and changes nothing.
  @Test func gradientsThatNobodyTouchedAreNotRead() {
    let count = 3 * 16_384 + 200
    let (p, g) = (buffer([Float](repeating: 1, count: count)), Buffer(zeroed: count))
    let (m, v) = (Buffer(zeroed: count), Buffer(zeroed: count))
    let resting = RestingBlocks(count: count - 100)
    let touched = TouchedBlocks(count: count)
    touched.touch(16_384..<16_385)
    touched.touch(3 * 16_384..<3 * 16_384)
    g.withFloats { $0.update(repeating: 0.5) }
    Kernel.adam(
      AdamUpdate(learningRate: 0.01, step: 1), parameters: p, gradients: g, firstMoment: m,
      secondMoment: v, range: 0..<count - 100, offset: 100, resting: resting, touched: touched)
    // Gradient i belongs to parameter i - 100. Blocks of 128 parameters that lie across the border
    // of a touched block are updated as a whole.
    let first: Int = (16_384 - 100) / 128 * 128
    let end: Int = (2 * 16_384 - 100) / 128 * 128 + 128
    let values = floats(p)
    let changed: [Int] = values.indices.filter { values[$0] != 1 }
    #expect(changed == Array(first..<end))
  }

  @Test func zeroGradientsOfANewParameterDoNotDivideByZero() {
    let (p, g, m, v) = (buffer([1, 2, 3]), Buffer(zeroed: 3), Buffer(zeroed: 3), Buffer(zeroed: 3))
    let update = AdamUpdate(learningRate: 0.1, step: 1)
    Kernel.adam(update, parameters: p, gradients: g, firstMoment: m, secondMoment: v, range: 0..<3)
    #expect(floats(p) == [1, 2, 3])
  }

  @Test func clipping() {
    #expect(Kernel.clipFactor(norm: 0.5, maximum: 1) == 1)
    #expect(Kernel.clipFactor(norm: 4, maximum: 1) == Float(1 / (4 + 1e-6)))
    #expect(Kernel.clipFactor(norm: 1, maximum: 1) == Float(1 / (1 + 1e-6)))
    #expect(Kernel.clipFactor(norm: 1e9, maximum: 0) == 1)
    #expect(Kernel.clipFactor(norm: 0, maximum: 2) == 1)
  }
}
