import Methods
import Models
import StrictJSON
import TestSupport
import Testing

/// RAIL-KD's step against the naive torch version.
@Suite struct RAILKDGoldenTests {
  @Test(
    arguments: [
      "concatenated", "layer-wise", "layer-wise-first", "regression-concatenated",
      "mixed-layer-wise",
    ], [1, 2])
  func step(_ name: String, shards: Int) throws {
    let steps = try ModelGolden("rail-kd").json["steps"]?.array
    let expected = try #require(steps?.first { $0["name"]?.string == name })
    let world = try StatesGolden("rail-kd", kind: expected["kind"]?.string ?? "")
    let variant = try #require(expected["variant"]?.string)
    var settings = RAILKD.Settings()
    settings.variant = try #require(RAILKD.Variant(rawValue: variant))
    settings.pooling = try #require(Pooling(rawValue: expected["pooling"]?.string ?? ""))
    settings.terms.temperature = Float(expected.number("temperature"))
    settings.width = 8
    let weights = expected.numbers("weights")
    (settings.terms.ce, settings.terms.kd, settings.layers) = (weights[0], weights[1], weights[2])
    let method = try RAILKD(world.setup(), settings: settings)
    try world.fill(method.projections, from: "maps-\(variant)")
    let student = world.game.student.parameters
    let teacher = world.game.teacher.parameters.weights
    let driver = StepDriver(
      training: student, companions: method.projections.parameters, shards: shards)
    let scalars = try method.loss(
      driver.context(world.game.batch), layers: expected.integers("drawn"))
    world.compare(scalars, with: expected)
    let worst = try worstGradient(driver.gradients, of: student, expected: world.gradients(name))
    #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name)")
    let maps = try worstGradient(
      driver.companionGradients, of: method.projections.parameters,
      expected: world.gradients("\(name)-maps"))
    #expect(maps.deviation < Network.ofMethods.gradients(), "\(maps.name)")
    #expect(teacher == world.game.teacher.parameters.weights)
  }
}
