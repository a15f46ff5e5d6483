import Data
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// What must hold of CoDIR whatever the models are.
@Suite struct CoDIRTests {
  @Test func negativesHaveAnotherClass() throws {
    let classes: [Int32] = (0..<40).map { $0 % 10 == 0 ? 1 : 0 }
    let banks = try VectorBanks(rows: 40, classes: classes, width: 4, seed: 1)
    for row in 0..<40 {
      let found = banks.negatives(of: row, count: 4, seed: 5, draw: 6, place: row)
      #expect(found.allSatisfy { classes[$0] != classes[row] })
      #expect(Set(found).count == 4, "there are four of either class")
      #expect(found == banks.negatives(of: row, count: 4, seed: 5, draw: 6, place: row))
    }
    // Too few of the other class: they come again.
    #expect(banks.negatives(of: 1, count: 9, seed: 5, draw: 6, place: 0).count == 9)
    let unlabelled = try VectorBanks(rows: 3, classes: [], width: 4, seed: 1)
    let others = unlabelled.negatives(of: 1, count: 2, seed: 5, draw: 6, place: 0)
    #expect(Set(others) == [0, 2])
    #expect(throws: MismatchError.self) {
      try VectorBanks(rows: 3, classes: [1, 1, 1], width: 4, seed: 1)
    }
  }

  private func coDIR(
    _ toy: ToyWorld, _ change: (inout CoDIR.Settings) -> Void
  ) throws -> (method: CoDIR, student: SequenceClassifier, teacher: SequenceClassifier) {
    let (student, teacher) = (
      toy.classifier(layers: 2, seed: 1), toy.classifier(layers: 5, seed: 2)
    )
    var settings = CoDIR.Settings()
    (settings.width, settings.negatives) = (8, 5)
    change(&settings)
    let method = try CoDIR(toy.setup(student: student, teacher: teacher), settings: settings)
    return (method, student, teacher)
  }

  @Test func everySecondLayerOfTheTeacher() throws {
    let toy = try ToyWorld()
    #expect(try coDIR(toy) { _ in }.method.teacherLayers == [0, 2])
    #expect(try coDIR(toy) { $0.teacherLayers = [4] }.method.teacherLayers == [4])
    #expect(throws: MismatchError.self) { try coDIR(toy) { $0.teacherLayers = [5] } }
    #expect(throws: MismatchError.self) { try coDIR(toy) { $0.teacherLayers = [] } }
  }

  @Test(arguments: [(2, Int.max), (2, 16)])
  func coDIRDoesNotDependOnTheSplit(lanes: Int, maximumTokens: Int) throws {
    let toy = try ToyWorld()
    func run(_ lanes: Int, _ maximumTokens: Int) throws -> ([Double], [Float]) {
      let (method, student, _) = try coDIR(toy) { _ in }
      let driver = StepDriver(
        training: student.parameters, companions: method.projections.parameters, shards: lanes)
      // The second batch meets the vectors of the first.
      let losses = try (0..<2).map { number in
        try method.loss(
          driver.context(
            toy.train.batch(Array(2..<9)), number: number, maximumTokens: maximumTokens))["loss"]
      }
      return (losses, driver.gradients + driver.companionGradients)
    }
    let (whole, split) = (try run(1, .max), try run(lanes, maximumTokens))
    #expect(zip(whole.0, split.0).allSatisfy { Network.ofMethods.agrees($0, $1, evaluations: 2) })
    #expect(Network.ofMethods.agree(whole.1, split.1))
  }

  @Test func coDIRAgainstDifferences() throws {
    let toy = try ToyWorld()
    let (method, student, _) = try coDIR(toy) {
      // The banks keep what they have, so that every step meets the same vectors.
      ($0.momentum, $0.contrastive, $0.contrastiveTemperature) = (1, 1, 0.5)
    }
    let maps = method.projections.parameters
    let batch = toy.train.batch(Array(0..<9))
    func step() throws -> (loss: Double, gradients: [[Float]]) {
      let driver = StepDriver(training: student.parameters, companions: maps, shards: 2)
      let loss = try method.loss(driver.context(batch))["loss"]
      return (loss, [driver.gradients, driver.companionGradients])
    }
    // Sets the normaliser and brings the vectors to length 1.
    _ = try step()
    try StepSlope(of: [student.parameters, maps], step: step).check()
  }

  @Test func coDIRLearnsToTellTextsApart() throws {
    let toy = try ToyWorld()
    let (method, student, teacher) = try coDIR(toy) {
      ($0.terms.ce, $0.terms.kd, $0.contrastive, $0.contrastiveTemperature) = (0, 0, 1, 0.3)
    }
    let before = teacher.parameters.weights
    let maps = method.projections.parameters
    let driver = StepDriver(training: student.parameters, companions: maps, shards: 2)
    let optimizer = AdamOptimizer([student.parameters, maps], settings: OptimizerSettings())
    let losses: [Double] = try (0..<150).map { number in
      let batch = toy.train.batch((0..<8).map { (3 * $0 + number) % 24 })
      let value = try method.loss(driver.context(batch, number: number))["contrastive_loss"]
      _ = try optimizer.update(
        gradients: driver.lanes.map(\.gradients), learningRate: 1e-2, pool: driver.pool)
      return value
    }
    // In the first steps the banks hold random vectors, in the last ones those of the texts.
    let early: Double = losses.prefix(10).reduce(0, +)
    let late: Double = losses.suffix(10).reduce(0, +)
    #expect(late < 0.9 * early)
    #expect(teacher.parameters.weights == before)
  }
}
