import Autograd
import Data
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// Annealing-KD, Continuation-KD and ComKD: losses and all gradients against torch, and what must
/// hold of their stages.
@Suite struct AnnealingTests {
  private typealias Game = MATEKDGoldenTests.Game

  private func setup(_ game: Game, steps: Int) -> DistillationSetup {
    DistillationSetup(
      student: game.student, teacher: game.teacher, generator: game.generator, maskID: 4,
      teacherCache: TeacherCache(teacher: game.teacher, rows: game.batch.count),
      studentTraining: TrainedModel(game.student.parameters), totalSteps: steps,
      labelSmoothing: 0)
  }

  /// Compares a model's gradients with a golden's.
  private func compare(
    _ gradients: [Float], of parameters: Parameters, _ expected: JSONValue, _ golden: ModelGolden
  ) throws {
    let name = try #require(expected["name"]?.string)
    let worst = try worstGradient(
      gradients, of: parameters,
      expected: SafetensorsFile(path: "\(golden.folder)/\(name).safetensors"))
    #expect(worst.deviation < Network.ofMethods.gradients(), "\(name): \(worst.name)")
  }

  @Test(arguments: ["annealing", "regression"], [1, 2])
  func stageOneOfAnnealing(_ name: String, shards: Int) throws {
    let game = try Game(of: name == "annealing" ? "plain" : "regression-student")
    let golden = try ModelGolden("annealing")
    let expected = try #require(golden.json[name])
    let method = AnnealingKD(setup(game, steps: 18), settings: AnnealingKD.Settings())
    let driver = StepDriver(training: game.student.parameters, shards: shards)
    let teacher = game.teacher.parameters.weights
    // Updates 4 and 5 of the 14 of stage I have the third of seven multipliers.
    let scalars = try method.loss(driver.context(game.batch, number: 5))
    #expect(abs(scalars["teacher_multiplier"] - 3.0 / 7) < Roundings.gamma(2))
    #expect(Network.ofMethods.agrees(scalars["loss"], expected.number("loss")))
    try compare(driver.gradients, of: game.student.parameters, expected, golden)
    #expect(game.teacher.parameters.weights == teacher)
  }

  @Test(arguments: [1, 2])
  func continuation(_ shards: Int) throws {
    let game = try Game(of: "plain")
    let golden = try ModelGolden("annealing")
    let expected = try #require(golden.json["continuation"])
    let distances = try #require(expected["distances"]?.numbers("values"))
    let limit = expected.number("margin") * expected.number("multiplier")
    #expect(distances.contains { $0 < limit } && distances.contains { $0 > limit })
    var settings = ContinuationKD.Settings()
    settings.margin = expected.number("margin")
    settings.goldWeight = 1.0 / 3
    let method = ContinuationKD(setup(game, steps: 30), settings: settings)
    // Update 12 of 20: psi = 1/3 * 12 / 20, and the fifth of ten multipliers, floor(13 / 3) + 1.
    let driver = StepDriver(training: game.student.parameters, shards: shards)
    let scalars = try method.loss(driver.context(game.batch, number: 12))
    #expect(
      Roundings.agree(
        scalars["gold_weight"], expected.number("gold_weight"), roundings: 8))
    #expect(abs(scalars["teacher_multiplier"] - expected.number("multiplier")) < Roundings.gamma(2))
    for name in ["loss", "ce_loss", "kd_loss"] {
      #expect(Network.ofMethods.agrees(scalars[name], expected.number(name)), "\(name)")
    }
    try compare(driver.gradients, of: game.student.parameters, expected, golden)
  }

  @Test(arguments: [1, 2])
  func combined(_ shards: Int) throws {
    let game = try Game(of: "plain")
    let golden = try ModelGolden("annealing")
    let method = try ComKD(setup(game, steps: 40), settings: ComKD.Settings())
    let frozen = game.teacher.parameters.weights
    do {
      let expected = try #require(golden.json["combined_generator"])
      let driver = StepDriver(training: game.generator.parameters, shards: shards)
      let step = driver.context(game.batch, turn: 1)
      let scalars = try step.forEachShard { shard, tape in
        method.generatorLoss(step, shard, tape, game.masked(shard))
      }
      #expect(Network.ofMethods.agrees(scalars["loss"], expected.number("loss")))
      try compare(driver.gradients, of: game.generator.parameters, expected, golden)
    }
    let expected = try #require(golden.json["combined_student"])
    let driver = StepDriver(training: game.student.parameters, shards: shards)
    let step = driver.context(game.batch)
    let scalars = try step.forEachShard(backwardPasses: 2) { shard, tape in
      method.studentLoss(
        step, shard, tape, game.masked(shard), multiplier: Float(expected.number("multiplier")))
    }
    for name in ["loss", "clean_distance", "adversarial_distance"] {
      #expect(Network.ofMethods.agrees(scalars[name], expected.number(name)), "\(name)")
    }
    try compare(driver.gradients, of: game.student.parameters, expected, golden)
    #expect(game.teacher.parameters.weights == frozen)
  }

  @Test func multipliersRiseInEqualParts() {
    let annealing = Annealing(temperatures: 4, fraction: 0.8, of: 10)
    #expect(annealing.updates == 8)
    #expect(
      (0..<10).map { annealing.multiplier(at: $0) }
        == [0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1, 1, 1, 1])
    // More multipliers than updates: some are left out, the last one is not.
    let short = Annealing(temperatures: 7, fraction: 0.5, of: 6)
    #expect(short.updates == 3 && short.multiplier(at: 0) == Float(1) / 7)
    #expect(short.multiplier(at: 3) == 1)
    #expect(Annealing(temperatures: 1, fraction: 1, of: 5).updates == 4)
    #expect(Annealing(temperatures: 1, fraction: 0.1, of: 2).updates == 1)
  }

  /// Algorithm 1 of the paper, written as it stands there, with 30 epochs and t_max 10.
  @Test func multipliersOfContinuationAreThoseOfAlgorithm1() throws {
    let game = try Game(of: "plain")
    let method = ContinuationKD(setup(game, steps: 30), settings: ContinuationKD.Settings())
    var temperature = 10
    let k = 30 / 10
    for i in 1...30 {
      if i % k == 0 { temperature -= 1 }
      let phi = 1 - Double(max(1, temperature) - 1) / 10
      #expect(
        Roundings.agree(Double(method.multiplier(at: i - 1)), phi, roundings: 4 * 0x1p29),
        "epoch \(i)")
    }
    #expect(method.multiplier(at: 19) == Float(7) / 10, "the last epoch of stage I")
    let scaled = ContinuationKD(setup(game, steps: 6000), settings: ContinuationKD.Settings())
    #expect(scaled.multiplier(at: 3999) == Float(7) / 10)
    #expect(scaled.multiplier(at: 598) == Float(1) / 10)
    #expect(scaled.multiplier(at: 599) == Float(2) / 10)
  }

  @Test func continuationWithoutMarginAndGoldWeightIsAnnealing() throws {
    let game = try Game(of: "plain")
    var settings = ContinuationKD.Settings()
    settings.goldWeight = 0
    settings.temperatures = 7
    settings.fraction = 14.0 / 18
    let continuation = ContinuationKD(setup(game, steps: 18), settings: settings)
    let annealing = AnnealingKD(setup(game, steps: 18), settings: AnnealingKD.Settings())
    // Updates in which both have reached the same multiplier: 2/7, 5/7, and gold labels alone.
    for number in [2, 8, 14] {
      let one = StepDriver(training: game.student.parameters, shards: 2)
      let two = StepDriver(training: game.student.parameters, shards: 2)
      let turn = annealing.turn(batch: number)
      #expect(turn == (number < 14 ? 0 : 1))
      let a = try annealing.loss(one.context(game.batch, number: number, turn: turn))
      let b = try continuation.loss(two.context(game.batch, number: number))
      // Equal gradients come from equal terms, which only the sums in double precision weigh.
      #expect(Roundings.agree(a["loss"], b["loss"], roundings: 16))
      #expect(one.gradients == two.gradients, "update \(number)")
    }
  }

  @Test func turnsOfComKD() throws {
    let toy = try ToyWorld()
    let (student, teacher) = (toy.classifier(seed: 1), toy.classifier(seed: 2))
    var settings = ComKD.Settings()
    settings.fraction = 0.5
    settings.adversary.generatorSteps = 2
    settings.adversary.studentSteps = 3
    let method = try ComKD(
      DistillationSetup(
        student: student, teacher: teacher, generator: toy.generator(seed: 3), maskID: 4,
        teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
        studentTraining: TrainedModel(student.parameters), totalSteps: 8, labelSmoothing: 0),
      settings: settings)
    // Four updates of the student in stage I: one whole turn of three and one more.
    #expect((0..<12).map { method.turn(batch: $0) } == [1, 1, 0, 0, 0, 1, 1, 0, 2, 2, 2, 2])
    let frozen = teacher.parameters.weights
    let observer = SilentObserver()
    let summary = try toy.run(
      method,
      TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: 8, loggingSteps: 1),
      observer: observer)
    #expect(summary.globalStep == 8 && teacher.parameters.weights == frozen)
    #expect(
      observer.logged.map { $0["ce_loss"] != nil } == [false, false, false, false]
        + Array(
          repeating: true, count: 4))
  }

  @Test func aStageBeginsWithTheBestModelOfTheOneBefore() throws {
    let toy = try ToyWorld()
    let teacher = toy.classifier(seed: 2)
    /// Trains with made-up scores and returns the student before each evaluation.
    func train(keepsBest: Bool) throws -> (before: [Weights], rates: [Double], Weights) {
      let student = toy.classifier(seed: 1)
      let method = AnnealingKD(
        DistillationSetup(
          student: student, teacher: teacher, generator: nil, maskID: 4,
          teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
          studentTraining: TrainedModel(
            name: "", parameters: student.parameters, optimizer: OptimizerSettings(),
            schedule: LearningRateSchedule(
              kind: .linear, peak: 1e-2, warmupSteps: 0, totalSteps: 6)), totalSteps: 6,
          labelSmoothing: 0),
        settings: {
          var settings = AnnealingKD.Settings()
          settings.fraction = 0.5
          return settings
        }())
      // The second update of stage I is the best; nothing of stage II beats it.
      var scores = [0.1, 0.9, 0.2, 0.3, 0.3, 0.3][...]
      var weights: [Weights] = []
      let observer = SilentObserver()
      _ = try toy.run(
        method,
        TrainingArguments(
          perDeviceTrainBatchSize: 4, maxSteps: 6, evalStrategy: .steps, evalSteps: 1,
          loggingSteps: 1, loadBestModelAtEnd: keepsBest), observer: observer
      ) {
        weights.append(student.parameters.weights)
        return [("accuracy", scores.popFirst() ?? 0)]
      }
      return (
        weights, observer.logged.compactMap { $0["learning_rate"] }, student.parameters.weights
      )
    }
    let kept = try train(keepsBest: true)
    // Each stage has a schedule of its own.
    #expect(
      zip(kept.rates, [3, 2, 1, 3, 2, 1]).allSatisfy {
        Roundings.agree($0, 1e-2 * $1 / 3, roundings: 4)
      })
    #expect(kept.2 == kept.before[1])
    let plain = try train(keepsBest: false)
    #expect(plain.2 == plain.before[5])
    #expect(plain.before[2] == kept.before[2], "stage I is the same")
    // An update of Adam's first step moves a weight by the rate; the weights tell where it began.
    func farthest(_ a: Weights, _ b: Weights) -> Float {
      zip(a.floats, b.floats).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
    #expect(farthest(kept.before[3], kept.before[1]) <= 1.001e-2)
    #expect(farthest(kept.before[3], kept.before[2]) > 1.001e-2)
    #expect(farthest(plain.before[3], plain.before[2]) <= 1.001e-2)
  }

  /// Patience waits for the last stage, and counts what is measured in it.
  @Test(arguments: ["annealing-kd", "continuation-kd", "comkd", "tinybert"])
  func patienceCountsInTheLastStageOnly(_ name: String) throws {
    let lesson = try LayerMethodsTests.Lesson()
    let keys =
      name == "tinybert"
      ? #"{"prediction_steps_fraction": 0.4}"# : #"{"stage_one_fraction": 0.6}"#
    let method = try lesson.method(name, keys)
    // Ten updates, six of them in stage I, in which the metric only falls.
    var scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.35, 0.2, 0.1][...]
    let observer = SilentObserver()
    let summary = try lesson.toy.run(
      method,
      TrainingArguments(
        perDeviceTrainBatchSize: 4, maxSteps: 10, evalStrategy: .steps, evalSteps: 1,
        loggingSteps: 1, earlyStoppingPatience: 2), observer: observer
    ) { [("accuracy", scores.popFirst() ?? 0)] }
    // Update 7 is the first of stage II, 8 an improvement, 9 and 10 are none.
    #expect(summary.globalStep == 10 && summary.end == .planned, "\(name)")
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1][...]
    let short = try lesson.toy.run(
      method,
      TrainingArguments(
        perDeviceTrainBatchSize: 4, maxSteps: 10, evalStrategy: .steps, evalSteps: 1,
        loggingSteps: 1, earlyStoppingPatience: 2), observer: observer
    ) { [("accuracy", scores.popFirst() ?? 0)] }
    #expect(short.globalStep == 9 && short.end == .patience, "\(name)")
  }

  @Test func theGeneratorOfComKDLearns() throws {
    let toy = try ToyWorld()
    let (student, teacher) = (toy.classifier(seed: 1), toy.classifier(seed: 2))
    let generator = toy.generator(seed: 3)
    let method = try ComKD(
      DistillationSetup(
        student: student, teacher: teacher, generator: generator, maskID: 4,
        teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
        studentTraining: TrainedModel(student.parameters), totalSteps: 8, labelSmoothing: 0),
      settings: ComKD.Settings())
    let disagreement = try toy.disagreement(
      "adversarial_distance", of: method, beforeAndAfterTraining: generator)
    #expect(disagreement.after > 1.2 * disagreement.before)
  }
}
