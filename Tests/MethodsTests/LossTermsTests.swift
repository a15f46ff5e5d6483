import Methods
import TestSupport
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
    let expected: [Float] = [0.046875, -0.0625, 0.0625]
    #expect(weights == expected)
    #expect(sum == 4)
    // (4 + 8) / 8, and (3 x 4 - 2 + 8) / 8.
    #expect(loss.scalars["a"] == 1.5)
    #expect(loss.scalars["loss"] == 2.25)
    #expect(loss.scalars.entries.map(\.name) == ["loss", "a"])
  }

  @Test func countsWhatItIsToldTo() throws {
    var before = Scalars()
    before["rate"] = 5
    var loss = LossTerms(try step(), count: 32, after: before)
    loss.add("a") {
      #expect($0 == 0.03125)
      return 64
    }
    #expect(loss.scalars["loss"] == 2)
    #expect(loss.scalars.entries.map(\.name) == ["rate", "loss", "a"])
  }

  @Test func hasALossWithoutTerms() throws {
    #expect(LossTerms(try step()).scalars.entries.map(\.name) == ["loss"])
  }
}
