import Configuration
import Data
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// What must hold of RAIL-KD whatever the models are.
@Suite struct RAILKDTests {
  @Test func layersAreDrawnAnewInEveryEpoch() throws {
    let toy = try ToyWorld()
    let method = try RAILKD(
      toy.setup(
        student: toy.classifier(layers: 2, seed: 1), teacher: toy.classifier(layers: 5, seed: 2)),
      settings: RAILKD.Settings())
    var seen: [Int: Int] = [:]
    for epoch in 0..<400 {
      let layers = method.drawnLayers(epoch: epoch, seed: 3)
      #expect(layers == method.drawnLayers(epoch: epoch, seed: 3))
      #expect(layers.count == 2 && layers[0] < layers[1] && layers[0] >= 0 && layers[1] < 5)
      for layer in layers { seen[layer, default: 0] += 1 }
    }
    // 160 each; six standard deviations of a binomial distribution.
    #expect((0..<5).allSatisfy { abs(Double(seen[$0] ?? 0) - 160) < 6 * (400 * 0.24).squareRoot() })
  }

  /// The draw changes between batches of different epochs only.
  @Test func drawsFollowTheEpoch() throws {
    let toy = try ToyWorld()
    let student = toy.classifier(layers: 2, seed: 1)
    let method = try RAILKD(
      toy.setup(student: student, teacher: toy.classifier(layers: 5, seed: 2)),
      settings: RAILKD.Settings())
    let driver = StepDriver(
      training: student.parameters, companions: method.projections.parameters, shards: 2)
    let batch = toy.train.batch(Array(0..<8))
    let losses = try (0..<12).map {
      try method.loss(driver.context(batch, number: $0))["layer_loss"]
    }
    // Three batches an epoch.
    for number in losses.indices { #expect(losses[number] == losses[number / 3 * 3]) }
    #expect(Set(losses).count > 1)
  }

  @Test(arguments: RAILKD.Variant.allCases)
  func withoutLayersItIsKD(variant: RAILKD.Variant) throws {
    let toy = try ToyWorld()
    let (student, teacher) = (
      toy.classifier(layers: 2, seed: 1), toy.classifier(layers: 4, seed: 2)
    )
    let setup = toy.setup(student: student, teacher: teacher)
    var settings = RAILKD.Settings()
    (settings.variant, settings.terms.temperature, settings.layers) = (variant, 2, 0)
    let method = try RAILKD(setup, settings: settings)
    let third = 1.0 / 3
    let text = #"{"temperature": 2, "loss_weights": {"ce": \#(third), "kd": \#(third)}}"#
    let plain = try #require(MethodRegistry.named("kd")).configure(
      ConfigDocument(StrictJSON.parse(text, file: "kd"), file: "kd").root)(setup)
    let drivers = (0..<2).map { _ in
      StepDriver(
        training: student.parameters, companions: method.projections.parameters, shards: 2)
    }
    let batch = toy.train.batch(Array(0..<9))
    let a = try method.loss(drivers[0].context(batch))
    let b = try plain.loss(drivers[1].context(batch))
    #expect(Network.ofMethods.agrees(a["loss"], b["loss"], evaluations: 2))
    #expect(a["layer_loss"] > 0 && a["layer_loss"] <= 4)
    let (found, expected) = (drivers[0].gradients, drivers[1].gradients)
    #expect(Network.ofMethods.agree(found, expected))
    #expect(drivers[0].companionGradients.allSatisfy { $0 == 0 })
  }

  @Test(arguments: RAILKD.Variant.allCases)
  func railKDAgainstDifferences(variant: RAILKD.Variant) throws {
    let toy = try ToyWorld()
    let (student, teacher) = (
      toy.classifier(layers: 2, seed: 1), toy.classifier(layers: 4, seed: 2)
    )
    var settings = RAILKD.Settings()
    (settings.variant, settings.width, settings.layers) = (variant, 6, 2)
    let method = try RAILKD(toy.setup(student: student, teacher: teacher), settings: settings)
    let maps = method.projections.parameters
    let batch = toy.train.batch(Array(0..<9))
    try StepSlope(of: [student.parameters, maps]) {
      let driver = StepDriver(training: student.parameters, companions: maps, shards: 2)
      let loss = try method.loss(driver.context(batch))["loss"]
      return (loss, [driver.gradients, driver.companionGradients])
    }.check()
  }

  @Test func railKDNeedsADeepEnoughTeacher() throws {
    let toy = try ToyWorld()
    let setup = toy.setup(
      student: toy.classifier(layers: 3, seed: 1), teacher: toy.classifier(layers: 2, seed: 2))
    #expect(throws: MismatchError.self) { try RAILKD(setup, settings: RAILKD.Settings()) }
  }
}
