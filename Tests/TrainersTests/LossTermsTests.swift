import Autograd
import Kernels
import Methods
import Testing
import Trainers

@Suite struct LossTermsTests {
  private func step(share: Double = 1) throws -> StepContext {
    let toy = try ToyWorld()
    return StepContext(
      batchNumber: 0, turn: 0, shards: [], count: 8, share: share, seed: 1, lanes: [],
      pool: toy.pool, trained: [], drawNumber: 0)
  }

  @Test func weightReachesGradientAndLoss() throws {
    var loss = LossTerms(try step(share: 0.5))
    var weights: [Float] = []
    let sum = loss.add("a", weight: 3, scale: 0.25) {
      weights.append($0)
      return 16
    }
    loss.add(nil, weight: -1) {
      weights.append($0)
      return 2
    }
    loss.add("a") {
      weights.append($0)
      return 8
    }
    // weight x scale x share / count
    #expect(weights == [3 * 0.25 * 0.5 / 8, -0.5 / 8, 0.5 / 8])
    #expect(sum == 4)
    #expect(loss.scalars["a"] == 4.0 / 8 + 8.0 / 8)
    #expect(loss.scalars["loss"] == (3 * 4 - 2 + 8) / 8)
    #expect(loss.scalars.entries.map(\.name) == ["loss", "a"])
  }

  @Test func countsWhatItIsToldTo() throws {
    var before = Scalars()
    before["rate"] = 5
    var loss = LossTerms(try step(), count: 32, after: before)
    loss.add("a") {
      #expect($0 == 1 / 32)
      return 64
    }
    #expect(loss.scalars["loss"] == 2)
    #expect(loss.scalars.entries.map(\.name) == ["rate", "loss", "a"])
  }

  @Test func hasALossWithoutTerms() throws {
    #expect(LossTerms(try step()).scalars.entries.map(\.name) == ["loss"])
  }
}
