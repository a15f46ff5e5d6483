import Autograd
import Data
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// A loss over the whole batch gives the same loss and gradients however the batch is split.
@Suite struct JointLossTests {
  private func run(lanes: Int, maximumTokens: Int) throws -> (loss: Double, [Float], [Float]) {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 4)
    let projections = Projections([("map", inputs: 16, outputs: 5)], seed: 9)
    let driver = StepDriver(
      training: model.parameters, companions: projections.parameters, shards: lanes)
    let step = driver.context(toy.train.batch(Array(0..<7)), maximumTokens: maximumTokens)
    let scalars = try step.forEachShard { shard, tape in
      let (logits, states) = model.logitsAndStates(shard.tokens, tape: tape, training: false)
      var scalars = Scalars()
      scalars["ce"] = tape.crossEntropy(logits, labels: shard.targets.classes, weight: 1 / 7)
      let pooled = tape.meanRows(states.last, offsets: shard.tokens.offsets)
      return ShardFeatures(scalars: scalars, features: [pooled])
    } joint: { tape, features in
      let mapped = tape.normalizedRows(projections.apply(0, to: features[0], tape: tape))
      let similarities = tape.linear(mapped, weight: mapped, bias: nil)
      var scalars = Scalars()
      scalars["joint"] = tape.crossEntropy(
        similarities, labels: (0..<7).map { ($0 + 1) % 7 }, weight: 1 / 7)
      return scalars
    }
    return (scalars["ce"] + scalars["joint"], driver.gradients, driver.companionGradients)
  }

  @Test(arguments: [(2, Int.max), (2, 16), (1, 16)])
  func splittingChangesNothing(lanes: Int, maximumTokens: Int) throws {
    let whole = try run(lanes: 1, maximumTokens: .max)
    let split = try run(lanes: lanes, maximumTokens: maximumTokens)
    #expect(Network.ofMethods.agrees(split.loss, whole.loss, evaluations: 2))
    for (a, b) in [(whole.1, split.1), (whole.2, split.2)] {
      let largest = a.reduce(0) { max($0, abs($1)) }
      #expect(largest > 1e-4)
      #expect(Network.ofMethods.agree(a, b))
    }
  }
}
