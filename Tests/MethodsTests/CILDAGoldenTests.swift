import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing

/// CILDA's steps against the naive torch version: fixed masks, noise, maps and memory bank.
@Suite struct CILDAGoldenTests {
  private func settings(_ expected: JSONValue) throws -> CILDA.Settings {
    var settings = CILDA.Settings()
    settings.contrast.pooling = try #require(
      Pooling(rawValue: expected["pooling"]?.string ?? ""))
    settings.contrast.anchor = try #require(
      LayerContrast.Anchor(rawValue: expected["anchor"]?.string ?? ""))
    settings.contrast.temperature = Float(expected.number("temperature"))
    settings.contrast.dividesByLogOfCandidates = expected["over_log"]?.bool == true
    settings.contrast.width = 8
    settings.contrast.bankSize = expected["bank"]?.bool == true ? 4 : 0
    settings.adversary.divergence = expected["divergence"]?.string == "ce" ? .ce : .kl
    let most = expected.numbers("max_weights")
    (settings.generatorDivergence, settings.generatorContrastive) = (most[0], most[1])
    let least = expected.numbers("min_weights")
    (settings.ce, settings.kd, settings.contrastive) = (least[0], least[1], least[2])
    (settings.adversarialCE, settings.adversarialKD) = (least[3], least[4])
    settings.adversarialContrastive = least[5]
    return settings
  }

  @Test(
    arguments: [
      "generator-default", "generator-symmetric", "generator-student-bank", "regression-generator",
      "mixed-generator", "projections", "student-default", "student-follow-up",
      "student-mean-clean", "regression-student", "mixed-student",
    ], [1, 2])
  func step(_ name: String, shards: Int) throws {
    let file = try ModelGolden("cilda").json
    let expected = try #require(file["steps"]?.array?.first { $0["name"]?.string == name })
    let world = try StatesGolden("cilda", kind: expected["kind"]?.string ?? "")
    let game = world.game
    let method = try CILDA(world.setup(), settings: settings(expected))
    let projections = method.contrast.projections
    try world.fill(projections, from: "projections")
    if let bank = method.contrast.bank, let content = file["bank"] {
      bank.append(
        teacher: content.matrix("teacher"), student: content.matrix("student"),
        rows: content.integers("rows"))
    }

    let learns = try #require(expected["learns"]?.string)
    let turn = try #require(["student", "generator", "projections"].firstIndex(of: learns))
    let models = [game.student.parameters, game.generator.parameters, projections.parameters]
    let driver = StepDriver(
      training: models[turn], companions: turn == 2 ? nil : projections.parameters, shards: shards)
    let frozen =
      [game.teacher.parameters]
      + models.enumerated().filter { $0.offset != turn }
      .map(\.element)
    let before = frozen.map(\.weights)
    let step = driver.context(game.batch, turn: turn)
    let masks: CILDA.Masks = { game.masked($0) }
    let scalars =
      try turn == 0
      ? method.studentStep(step, masks: masks) : method.adversarialStep(step, masks: masks)
    world.compare(scalars, with: expected)
    let maps = try worstGradient(
      turn == 2 ? driver.gradients : driver.companionGradients, of: projections.parameters,
      expected: world.gradients("\(name)-projections"))
    #expect(maps.deviation < Network.ofMethods.gradients(), "\(maps.name)")
    if turn < 2 {
      let worst = try worstGradient(
        driver.gradients, of: models[turn], expected: world.gradients(name))
      #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name)")
    }
    #expect(before == frozen.map(\.weights))
  }
}
