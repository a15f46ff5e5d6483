import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing

/// Two steps of CoDIR in a row against the naive torch version, banks included.
@Suite struct CoDIRGoldenTests {
  @Test(arguments: ["plain", "regression"], [1, 2])
  func steps(_ name: String, shards: Int) throws {
    let json = try ModelGolden("codir").json
    let run = try #require(json["runs"]?.array?.first { $0["name"]?.string == name })
    let world = try StatesGolden("codir", kind: run["kind"]?.string ?? "")
    let isRegression = name == "regression"
    let rows = try #require(json["training_rows"]?.int)
    let negatives = try #require(json["negatives"]?.int)
    var settings = CoDIR.Settings()
    settings.pooling = try #require(Pooling(rawValue: run["pooling"]?.string ?? ""))
    settings.teacherLayers = run.integers("teacher_layers")
    settings.width = 8
    settings.negatives = negatives
    settings.contrastiveTemperature = Float(json.number("contrastive_temperature"))
    settings.momentum = Float(json.number("momentum"))
    settings.terms.temperature = Float(run.number("temperature"))
    let weights = run.numbers("weights")
    (settings.terms.ce, settings.terms.kd) = (weights[0], weights[1])
    settings.contrastive = weights[2]
    let method = try CoDIR(
      world.setup(rows: rows, classes: isRegression ? [] : (0..<rows).map { Int32($0 % 2) }),
      settings: settings)
    try world.fill(method.projections, from: "\(name)-projections")
    let sides: [(String, VectorBanks.Side)] = [("teacher", .teacher), ("student", .student)]
    for (key, side) in sides {
      let start = try #require(run["banks"]).matrix(key)
      for row in 0..<rows {
        method.banks.vector(row, of: side).copy(from: start.rows(row..<row + 1))
      }
    }
    let student = world.game.student.parameters
    let teacher = world.game.teacher.parameters.weights
    for (number, expected) in (run["steps"]?.array ?? []).enumerated() {
      let driver = StepDriver(
        training: student, companions: method.projections.parameters, shards: shards)
      let flat = expected.integers("candidates")
      let candidates = stride(from: 0, to: flat.count, by: negatives + 1).map {
        Array(flat[$0..<$0 + negatives + 1])
      }
      let scalars = try method.loss(
        driver.context(world.game.batch, number: number), candidates: candidates)
      world.compare(scalars, with: expected)
      let place = "\(name)-\(number + 1)"
      let worst = try worstGradient(driver.gradients, of: student, expected: world.gradients(place))
      #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name)")
      let maps = try worstGradient(
        driver.companionGradients, of: method.projections.parameters,
        expected: world.gradients("\(place)-maps"))
      #expect(maps.deviation < Network.ofMethods.gradients(), "\(maps.name)")
      for (key, side) in sides {
        let after = try #require(expected["banks"]).matrix(key)
        for row in 0..<rows {
          let (found, wanted) = (
            method.banks.vector(row, of: side).values, after.rows(row..<row + 1).values
          )
          #expect(
            zip(found, wanted).allSatisfy { Double(abs($0 - $1)) < Network.ofMethods.values() },
            "\(key) \(row)")
        }
      }
    }
    #expect(teacher == world.game.teacher.parameters.weights)
  }
}
