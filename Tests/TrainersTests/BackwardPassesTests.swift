import Autograd
import Data
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// A method that says something else about its backward passes than it does ends the run: other
/// processes may have its gradients already.
@Suite struct BackwardPassesTests {
  private let model: SequenceClassifier
  private let data: TokenizedDataset

  init() throws {
    let toy = try ToyWorld()
    (model, data) = (toy.classifier(seed: 4), toy.train)
  }

  private func run(
    saying said: Int?, making made: Int, calls: Int = 1, asksAgain: Bool = true
  ) throws {
    let driver = StepDriver(training: model.parameters, shards: 2)
    let sum = GradientReduction(lanes: 2, capacity: model.parameters.count, bucket: 1 << 20)
      .begin(driver.lanes.map(\.gradients), count: model.parameters.count)
    let step = StepContext(
      batchNumber: 0, turn: 0, shards: Shard.split(data.batch(Array(0..<6)), lanes: 2), count: 6,
      share: 1, seed: 1, lanes: driver.lanes, pool: driver.pool, trained: driver.trained,
      drawNumber: 0, exchange: sum)
    let bias = try #require(model.parameters.entry(named: "classifier.bias")).slot
    for _ in 0..<calls {
      _ = try step.forEachShard(backwardPasses: said) { shard, tape in
        var scalars = Scalars()
        var weight = tape.parameter(bias, of: model.parameters)
        for _ in 0..<made {
          // Logits that are the bias alone.
          let logits = tape.linear(
            tape.constant(Matrix(zeros: shard.count, 1)),
            weight: tape.constant(Matrix(zeros: bias.count, 1)), bias: weight)
          scalars["loss"] = tape.crossEntropy(logits, labels: shard.targets.classes, weight: 1)
          tape.backward()
          if asksAgain { weight = tape.parameter(bias, of: model.parameters) }
        }
        return scalars
      }
    }
  }

  @Test func whatIsSaidIsDone() throws {
    try run(saying: 1, making: 1)
    try run(saying: 2, making: 2)
    // A shard may have nothing to learn from.
    try run(saying: 1, making: 0)
    try run(saying: nil, making: 3, calls: 2, asksAgain: false)
  }

  @Test(arguments: [(1, 2), (2, 1), (3, 2)])
  func anotherNumberIsAnError(said: Int, made: Int) {
    let error = #expect(throws: TrainingError.backwardPasses(made, expected: said)) {
      try run(saying: said, making: made)
    }
    #expect(error?.description.hasSuffix("forEachShard(backwardPasses: \(made))") == true)
  }

  @Test func anotherCallIsAnError() {
    #expect(throws: TrainingError.gradientsAfterLastPass) {
      try run(saying: 1, making: 1, calls: 2)
    }
  }

  @Test func aWeightOfAnEarlierPassIsAnError() {
    #expect(throws: TrainingError.weightOfAnEarlierPass) {
      try run(saying: 2, making: 2, asksAgain: false)
    }
  }
}
