import Autograd
import Kernels
import TestSupport
import Testing

@Suite struct TapeTests {
  /// Two tapes, two shards of a batch: the bound buffer gets the sum of both.
  @Test func boundGradientsAddUp() {
    let model = parameters([Matrix([1, 2, 3, 4, 5, 6], rows: 2, columns: 3)])
    let buffer = Buffer(zeroed: model.count)
    let x = Matrix([1, -1, 2], rows: 1, columns: 3)
    for _ in 0..<2 {
      let tape = Tape(pool: poisonedPool())
      tape.bind(model, gradients: buffer)
      let weight = tape.parameter(model.entries[0].slot, of: model)
      tape.send([1, 10], into: tape.linear(tape.constant(x), weight: weight, bias: nil))
      tape.backward()
    }
    // The target of `send` is exact here: small integers and halves.
    #expect(buffer.withFloats { Array($0) } == [2, -2, 4, 20, -20, 40])
  }

  /// A look-up touches its rows of the table, and a product the whole weight.
  @Test func tapesTellWhatTheyTouch() {
    let (rows, width) = (12, 4096)
    let model = parameters([
      Matrix(zeros: rows, width), Matrix(zeros: 4, width), Matrix(zeros: 8, width),
    ])
    let slots = model.entries.map(\.slot)
    let buffer = Buffer(zeroed: model.count)
    func touched(_ use: (Tape, [Tensor]) -> Tensor) -> [Bool] {
      let touched = TouchedBlocks(count: model.count)
      let tape = Tape(pool: poisonedPool())
      tape.bind(model, gradients: buffer, touched: touched)
      let weights = slots.map { tape.parameter($0, of: model) }
      let result = use(tape, weights)
      tape.send([Float](repeating: 1, count: result.rows * result.columns), into: result)
      tape.backward()
      buffer.withFloats { $0.update(repeating: 0) }
      // Four rows are a block.
      return stride(from: 0, to: model.count, by: 16_384).map {
        touched.mayBeTouched($0..<$0 + 16_384)
      }
    }
    let lookUp = touched { tape, weights in
      tape.embedding(
        words: weights[0], positions: weights[1], types: nil, ids: [9, 9, 0],
        positionIDs: [0, 1, 2], typeIDs: [])
    }
    #expect(lookUp == [true, false, true, true, false, false])
    let product = touched { tape, weights in
      tape.linear(tape.constant(Matrix(zeros: 2, width)), weight: weights[2], bias: nil)
    }
    #expect(product == [false, false, false, false, true, true])
  }

  @Test func onlyBoundModelsAreTrained() {
    let teacher = parameters([Matrix(draw(12, seed: 1), rows: 3, columns: 4)])
    let student = parameters([Matrix(draw(12, seed: 2), rows: 3, columns: 4)])
    let buffer = Buffer(zeroed: student.count)
    let tape = Tape(pool: poisonedPool())
    tape.bind(student, gradients: buffer)
    let x = tape.leaf(Matrix(draw(8, seed: 3), rows: 2, columns: 4))
    let t = tape.parameter(teacher.entries[0].slot, of: teacher)
    let s = tape.parameter(student.entries[0].slot, of: student)
    #expect(!t.requiresGradient && s.requiresGradient)
    _ = tape.divergence(
      .kl, student: tape.linear(x, weight: s, bias: nil),
      teacher: tape.linear(x, weight: t, bias: nil), weight: 1)
    tape.backward()
    #expect(t.leafGradient == nil)
    #expect(buffer.withFloats { $0.contains { $0 != 0 } })
    #expect(x.leafGradient?.isFinite == true)
  }

  /// What is said to be finished in the last backward pass does not change any more.
  @Test func aTapeTellsWhichGradientsAreFinished() {
    let model = parameters((0..<3).map { Matrix(draw(9, seed: $0), rows: 3, columns: 3) })
    let buffer = Buffer(zeroed: model.count)
    let tape = Tape(pool: poisonedPool())
    tape.bind(model, gradients: buffer)
    var floors: [Int] = []
    var seen: [[Float]] = []
    tape.expect(passes: 2) { floor in
      floors.append(floor)
      seen.append(buffer.withFloats { Array($0[floor..<model.count]) })
    }
    for pass in 0..<2 {
      var x = tape.constant(Matrix(draw(6, seed: 10 + pass), rows: 2, columns: 3))
      // The first weight is used again at the end, as tied embeddings are.
      for index in [0, 1, 2, 0] {
        x = tape.linear(
          x, weight: tape.parameter(model.entries[index].slot, of: model), bias: nil)
      }
      tape.send(draw(6, seed: 20 + pass), into: x)
      #expect(floors.isEmpty)
      tape.backward()
    }
    #expect(tape.passes == 2)
    #expect(floors.drop { $0 == 27 } == [18, 9, 0, 0])
    let end = buffer.withFloats { Array($0[..<model.count]) }
    for (floor, part) in zip(floors, seen) { #expect(part == Array(end[floor...])) }
  }

  @Test func aTapeCountsItsPasses() {
    let tape = Tape(pool: BufferPool())
    var floors: [Int] = []
    tape.expect(passes: 1) { floors.append($0) }
    tape.backward()
    #expect(tape.passes == 1 && floors == [0])
    tape.backward()
    #expect(tape.passes == 2 && floors == [0])
  }

  @Test(arguments: [false, true])
  func aTapeKnowsWeightsOfAnEarlierPass(asksAgain: Bool) {
    let model = parameters([Matrix([1, 2, 3, 4], rows: 2, columns: 2)])
    let tape = Tape(pool: BufferPool())
    tape.bind(model, gradients: Buffer(zeroed: model.count))
    tape.expect(passes: 2)
    var weight = tape.parameter(model.entries[0].slot, of: model)
    for _ in 0..<2 {
      let x = tape.constant(Matrix([1, 2], rows: 1, columns: 2))
      tape.send([1, 1], into: tape.linear(x, weight: weight, bias: nil))
      tape.backward()
      if asksAgain { weight = tape.parameter(model.entries[0].slot, of: model) }
    }
    #expect(tape.hasStaleWeight == !asksAgain)
  }

  @Test func whatNeedsNoGradientKeepsNoMemory() {
    let pool = BufferPool()
    let tape = Tape(pool: pool)
    let weight = tape.constant(Matrix(zeros: 64, 64))
    var x = tape.constant(Matrix(zeros: 64, 64))
    for _ in 0..<20 { x = tape.linear(x, weight: weight, bias: nil, activation: .gelu) }
    // Two layers' values in flight at most, input and output of the activation each.
    #expect(pool.allocatedFloats <= 4 * 64 * 64)
    #expect(!x.requiresGradient)
  }

  @Test func everyDropoutSiteHasItsOwnPattern() {
    let ones = Matrix(Array(repeating: 1, count: 128), rows: 2, columns: 64)
    func patterns(seed: UInt64 = 1, step: Int = 1, lane: Int = 0) -> [[Float]] {
      let tape = Tape(pool: BufferPool(), seed: seed, step: step, lane: lane)
      return (0..<3).map { _ in
        tape.dropout(tape.constant(ones), probability: 0.5).value.values
      }
    }
    let base = patterns()
    #expect(base == patterns())
    let all = base + patterns(seed: 2) + patterns(step: 2) + patterns(lane: 1)
    #expect(Set(all).count == all.count)
  }

  @Test func sitesOfDifferentLanesNeverMeet() {
    let sites = (0..<4).flatMap { lane in
      let tape = Tape(pool: BufferPool(), lane: lane)
      return (0..<1000).map { _ in tape.nextSite() }
    }
    #expect(Set(sites).count == sites.count)
  }

  @Test func lossesWithoutGradientsHaveValues() {
    let tape = Tape(pool: poisonedPool())
    let x = tape.constant(Matrix([0, 0], rows: 1, columns: 2))
    #expect(abs(tape.crossEntropy(x, labels: [1], weight: 1) - 0.693_147_18) < Roundings.gamma(16))
    tape.backward()
    #expect(x.leafGradient == nil)
  }
}

@Suite struct ParametersTests {
  @Test func layout() throws {
    var layout = ParameterLayout()
    let weights: [(String, [Int], Bool)] = [
      ("a.weight", [2, 3], true), ("a.bias", [2], false), ("n.weight", [4], false),
      ("b.weight", [1, 4], true),
    ]
    let slots = weights.map { layout.add($0.0, $0.1, decays: $0.2) }
    let model = Parameters(layout)
    #expect(model.entries.map(\.slot) == slots)
    #expect(model.count == 16)
    #expect(model.entries.map(\.slot.offset) == [0, 6, 8, 12])
    let bias = try #require(model.entry(named: "a.bias"))
    #expect(bias.slot == ParameterSlot(offset: 6, rows: 1, columns: 2))
    #expect(model.entry(named: "a") == nil)
    #expect(model.decayRanges.map(\.range) == [0..<6, 6..<12, 12..<16])
    #expect(model.decayRanges.map(\.decays) == [true, false, true])
    model.matrix(bias.slot).fill(5)
    let expected = [Float](repeating: 0, count: 6) + [5, 5] + [Float](repeating: 0, count: 8)
    #expect(model.buffer.withFloats { Array($0) } == expected)
  }
}
