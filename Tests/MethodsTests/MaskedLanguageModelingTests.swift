import Data
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

@Suite struct MaskedLanguageModelingTests {
  private func objective(
    _ toy: ToyWorld, _ model: MaskedLanguageModel, probability: Float = 1, alwaysMask: Bool = false
  ) -> MaskedLanguageModeling {
    MaskedLanguageModeling(
      model, training: TrainedModel(model.parameters), probability: probability,
      alwaysMask: alwaysMask, maskID: toy.tokenizer.specialTokens.mask)
  }

  @Test func eightyTenTen() throws {
    let toy = try ToyWorld(rows: 400)
    let model = toy.generator(seed: 1)
    let driver = StepDriver(training: model.parameters, shards: 1)
    let context = driver.context(toy.train.batch(Array(0..<400)))
    let shard = context.shards[0]
    let rows = Masking(probability: 1, seed: 1).rows(of: shard, draw: 0)
    let method = objective(toy, model)
    let hidden = method.hide(rows, of: shard, step: context)
    #expect(hidden.ids == method.hide(rows, of: shard, step: context).ids)

    let mask = toy.tokenizer.specialTokens.mask
    let trials = Double(rows.count)
    let vocabulary = Double(toy.tokenizer.vocabularySize)
    func expect(_ count: Int, _ probability: Double, _ what: String) {
      let deviation = (trials * probability * (1 - probability)).squareRoot()
      #expect(abs(Double(count) - trials * probability) < 6 * deviation, "\(what)")
    }
    expect(rows.count { hidden.ids[$0] == mask }, 0.8 + 0.1 / vocabulary, "[MASK]")
    expect(
      rows.count { hidden.ids[$0] == shard.tokens.ids[$0] }, 0.1 + 0.1 / vocabulary, "unchanged")
    expect(
      rows.count { hidden.ids[$0] != mask && hidden.ids[$0] != shard.tokens.ids[$0] },
      0.1 * (1 - 2 / vocabulary), "random word")
    // All tokens that were not chosen stay.
    let others = Set(shard.tokens.ids.indices).subtracting(rows)
    #expect(others.count == 800)
    #expect(others.allSatisfy { hidden.ids[$0] == shard.tokens.ids[$0] })
    #expect(
      objective(toy, model, alwaysMask: true).hide(rows, of: shard, step: context).ids
        .filter { $0 == mask }.count == rows.count)
  }

  @Test func shardsDoNotChangeTheMean() throws {
    let toy = try ToyWorld()
    var losses: [Double] = []
    var gradients: [[Float]] = []
    for shards in [1, 3] {
      let model = toy.generator(seed: 1)
      let driver = StepDriver(training: model.parameters, shards: shards)
      let scalars = try objective(toy, model, probability: 0.3, alwaysMask: true)
        .loss(driver.context(toy.train.batch(Array(0..<12))))
      losses.append(scalars["loss"])
      gradients.append(driver.gradients)
    }
    #expect(losses[0] > 1 && Network.ofMethods.agrees(losses[1], losses[0], evaluations: 2))
    let largest = gradients[0].reduce(0) { max($0, abs($1)) }
    #expect(largest > 1e-3)
    #expect(Network.ofMethods.agree(gradients[0], gradients[1]))
  }

  @Test func nothingMaskedIsNoLoss() throws {
    let toy = try ToyWorld()
    let model = toy.generator(seed: 1)
    let driver = StepDriver(training: model.parameters, shards: 2)
    let scalars = try objective(toy, model, probability: 0)
      .loss(driver.context(toy.train.batch(Array(0..<4))))
    #expect(scalars["loss"] == 0)
    #expect(driver.gradients.allSatisfy { $0 == 0 })
  }
}
