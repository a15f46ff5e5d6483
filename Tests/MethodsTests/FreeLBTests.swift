import Autograd
import Configuration
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// What must hold of FreeLB and FreeLB with distillation whatever the models are.
@Suite struct FreeLBTests {
  private func setup(
    _ toy: ToyWorld, dropout: Float = 0,
    studentTraining: (SequenceClassifier) -> TrainedModel = {
      TrainedModel($0.parameters)
    }
  ) -> DistillationSetup {
    let student = toy.classifier(dropout: dropout, seed: 1)
    let teacher = toy.classifier(dropout: dropout, seed: 2)
    return DistillationSetup(
      student: student, teacher: teacher, generator: nil, maskID: 4,
      teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
      studentTraining: studentTraining(student), totalSteps: 12, labelSmoothing: 0)
  }

  private func perturbation(
    _ change: (inout EmbeddingPerturbation) -> Void
  ) -> EmbeddingPerturbation {
    var perturbation = EmbeddingPerturbation()
    change(&perturbation)
    return perturbation
  }

  private func kd(
    _ setup: DistillationSetup, _ change: (inout FreeLBKD.Settings) -> Void = { _ in }
  ) throws -> FreeLBKD {
    var settings = FreeLBKD.Settings()
    change(&settings)
    return try FreeLBKD(setup, settings: settings)
  }

  /// A perturbation that stays zero: K times the same pass, dropout included, and the gradient of
  /// method none.
  @Test func withoutPerturbationAllPassesAreThePlainOne() throws {
    let toy = try ToyWorld()
    let batch = toy.train.batch(Array(0..<8))
    let setup = setup(toy, dropout: 0.1)
    let plain = StepDriver(training: setup.student.parameters, shards: 2)
    let loss = try LabelsOnly(setup.student, training: setup.studentTraining)
      .loss(plain.context(batch))["loss"]
    let driver = StepDriver(training: setup.student.parameters, shards: 2)
    let scalars = try FreeLB(
      setup,
      perturbation: perturbation {
        $0.steps = 4
        $0.learningRate = 0
        $0.initialMagnitude = 0
      }
    ).loss(driver.context(batch))
    #expect(scalars["first_loss"] == loss && scalars["last_loss"] == loss)
    #expect(scalars["perturbation_norm"] == 0)
    let largest = plain.gradients.reduce(0) { max($0, abs($1)) }
    #expect(largest > 1e-3)
    #expect(
      Network.ofMethods.agree(plain.gradients, driver.gradients))
  }

  @Test(arguments: [0, 1, 2])
  func normsOfThePerturbation(steps: Int) throws {
    let toy = try ToyWorld()
    let shards = Shard.split(toy.train.batch(Array(0..<24)), lanes: 1)
    let pool = BufferPool()
    let perturbation = perturbation {
      $0.initialMagnitude = 0.6
      $0.learningRate = 0.5
      $0.maximumNorm = 0.7
    }
    for shard in shards {
      let delta = perturbation.initial(shard, width: 16, seed: 3, draw: 5, pool: pool)
      let offsets = shard.tokens.offsets
      func norms() -> [Double] {
        (0..<shard.count).map { text in
          let rows = delta.rows(offsets[text]..<offsets[text + 1])
          return Kernel.dot(rows, rows).squareRoot()
        }
      }
      let start = norms()
      // Uniform in (-1, 1) has the variance 1/3.
      #expect(start.allSatisfy { $0 > 0.2 && $0 < 0.6 })
      let mean: Double = start.reduce(0, +) / 24
      let expected: Double = 0.6 / 3.0.squareRoot()
      #expect(abs(mean / expected - 1) < 0.05)
      let gradient = Matrix(zeros: delta.rows, 16)
      Kernel.fillNormal(gradient, standardDeviation: 1e-3, seed: 4, site: .part(1))
      let before = Matrix(delta.values, rows: delta.rows, columns: 16)
      for step in 0..<steps {
        perturbation.ascend(delta, along: gradient, offsets: offsets)
        #expect(norms().allSatisfy { $0 < 0.7 + Roundings.gamma(24 * 16 + 16) })
        guard step == 0 else { continue }
        // One step is as long as the learning rate unless the ball ends it.
        for (text, norm) in norms().enumerated() where norm < 0.699 {
          let rows = offsets[text]..<offsets[text + 1]
          let moved = Matrix(delta.rows(rows).values, rows: rows.count, columns: 16)
          Kernel.add(before.rows(rows), to: moved, alpha: -1)
          // A sum of at most 24 tokens' 16 numbers, each with roundings of numbers below 1.
          #expect(
            abs(Kernel.dot(moved, moved).squareRoot() - 0.5) < Roundings.gamma(24 * 16 + 16))
        }
      }
      let sum = norms().reduce(0, +)
      #expect(
        Roundings.agree(
          perturbation.sumOfNorms(delta, offsets: offsets), sum, roundings: 24 * 16))
    }
  }

  @Test(arguments: [(2, Int.max), (2, 16), (1, 16)], [true, false])
  func splittingChangesNothing(_ split: (lanes: Int, maximumTokens: Int), distils: Bool) throws {
    func run(_ lanes: Int, _ maximumTokens: Int) throws -> (Scalars, [Float]) {
      let toy = try ToyWorld()
      let setup = setup(toy)
      let method: any Objective =
        try distils ? kd(setup) : FreeLB(setup, perturbation: EmbeddingPerturbation())
      let driver = StepDriver(training: setup.student.parameters, shards: lanes)
      let step = driver.context(toy.train.batch(Array(0..<7)), maximumTokens: maximumTokens)
      return (try method.loss(step), driver.gradients)
    }
    let whole = try run(1, .max)
    let parts = try run(split.lanes, split.maximumTokens)
    for (name, value) in whole.0.entries {
      #expect(Network.ofMethods.agrees(parts.0[name], value, evaluations: 2), "\(name)")
    }
    let largest = whole.1.reduce(0) { max($0, abs($1)) }
    #expect(largest > 1e-3)
    #expect(Network.ofMethods.agree(whole.1, parts.1))
  }

  /// The perturbation climbs what it is told to climb.
  @Test func passesClimb() throws {
    let toy = try ToyWorld()
    let batch = toy.train.batch(Array(0..<16))
    let climbing = perturbation {
      $0.steps = 6
      $0.learningRate = 0.05
    }
    let setup = setup(toy)
    let driver = StepDriver(training: setup.student.parameters, shards: 2)
    let alone = try FreeLB(setup, perturbation: climbing).loss(driver.context(batch))
    #expect(alone["last_loss"] > 1.02 * alone["first_loss"])
    for perturbsTeacher in [true, false] {
      let scalars = try kd(setup) {
        $0.perturbation = climbing
        $0.perturbsTeacher = perturbsTeacher
      }.loss(driver.context(batch))
      #expect(scalars["last_divergence"] > 1.02 * scalars["first_divergence"])
    }
  }

  /// With a perturbation that does not move, the step's gradient is the derivative of its loss.
  @Test(arguments: [true, false])
  func gradientIsTheDerivativeOfTheLoss(distils: Bool) throws {
    let toy = try ToyWorld()
    let setup = setup(toy, dropout: 0.1)
    let still = perturbation {
      $0.steps = 2
      $0.learningRate = 0
      $0.initialMagnitude = 1
    }
    let method: any Objective =
      try distils
      ? kd(setup) {
        $0.perturbation = still
        $0.temperature = 2
      } : FreeLB(setup, perturbation: still)
    let batch = toy.train.batch(Array(0..<7))
    try StepSlope(of: [setup.student.parameters], along: .random) {
      let driver = StepDriver(training: setup.student.parameters, shards: 2)
      let loss = try method.loss(driver.context(batch))["loss"]
      return (loss, [driver.gradients])
    }.check()
  }

  @Test(arguments: [true, false])
  func onlyTheStudentLearns(freezesWords: Bool) throws {
    let toy = try ToyWorld()
    let setup = setup(toy, dropout: 0.1)
    let words = setup.student.parameters.matrix(setup.student.encoder.words)
    let before = (
      setup.student.parameters.weights, setup.teacher.parameters.weights, words.values
    )
    let method = try kd(setup) { $0.freezesWords = freezesWords }
    _ = try toy.run(method, TrainingArguments(perDeviceTrainBatchSize: 6, maxSteps: 3))
    #expect(setup.student.parameters.weights != before.0)
    #expect(setup.teacher.parameters.weights == before.1)
    #expect((words.values == before.2) == freezesWords)
  }

  @Test func widthsMustAgreeWhereTheTeacherIsPerturbed() throws {
    let toy = try ToyWorld()
    let game = try MATEKDGoldenTests.Game(of: "plain")
    let setup = DistillationSetup(
      student: game.student, teacher: game.teacher, generator: nil, maskID: 4,
      teacherCache: TeacherCache(teacher: game.teacher, rows: toy.train.count),
      studentTraining: TrainedModel(game.student.parameters), totalSteps: 1, labelSmoothing: 0)
    let error = #expect(throws: MismatchError.self) { try kd(setup) }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.contains("24") && message.contains("16") && message.contains("perturb_teacher"))
    _ = try kd(setup) { $0.perturbsTeacher = false }
  }

  @Test func frozenWordsAndWeightDecayExcludeEachOther() throws {
    let toy = try ToyWorld()
    let setup = setup(toy) {
      TrainedModel(
        name: "", parameters: $0.parameters, optimizer: OptimizerSettings(weightDecay: 0.01),
        schedule: LearningRateSchedule(kind: .constant, peak: 1, warmupSteps: 0, totalSteps: 1))
    }
    #expect(throws: MismatchError.self) { try kd(setup) { $0.freezesWords = true } }
    _ = try kd(setup)
  }

  @Test(arguments: [
    ("freelb", #"{"adversarial_steps": 0}"#, "adversarial_steps"),
    ("freelb", #"{"ascent": "kl"}"#, "ascent"),
    ("freelb-kd", #"{"ascent": "mse"}"#, "kl"),
    ("freelb-kd", #"{"max_norm": -1}"#, "max_norm"),
  ])
  func mistakes(_ method: String, _ text: String, _ part: String) throws {
    let section = try ConfigDocument(StrictJSON.parse(text, file: "run.json"), file: "run.json")
      .root
    let description = try #require(MethodRegistry.named(method))
    #expect(!description.needsGenerator)
    let error = #expect(throws: ConfigError.self) { _ = try description.configure(section) }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.hasPrefix("run.json:1:") && message.contains(part), "\(message)")
  }
}
