import Autograd
import Data
import Glibc
import Kernels
import Methods
import Models
import Synchronization
import TestSupport
import Testing
import Trainers

/// What must hold of CILDA whatever the models are.
@Suite struct CILDATests {
  private struct Game {
    let toy: ToyWorld
    let student, teacher: SequenceClassifier
    let generator: MaskedLanguageModel
    let method: CILDA

    init(
      dropout: Float = 0, rate: Double = 1e-3, _ change: (inout CILDA.Settings) -> Void = { _ in }
    ) throws {
      toy = try ToyWorld()
      student = toy.classifier(dropout: dropout, seed: 1)
      teacher = toy.classifier(layers: 3, dropout: dropout, seed: 2)
      generator = toy.generator(dropout: dropout, seed: 3)
      var settings = CILDA.Settings()
      settings.contrast.width = 8
      settings.adversary.generatorLearningRate = rate
      settings.projectionLearningRate = rate
      change(&settings)
      method = try CILDA(
        toy.setup(student: student, teacher: teacher, generator: generator, rate: rate),
        settings: settings)
    }

    var projections: Parameters { method.contrast.projections.parameters }

    /// A term's mean over batches of one text set, before and after `updates` of a turn's model.
    func means(
      of term: String, turn: Int, updates: Int, rate: Double
    ) throws -> (before: Double, after: Double) {
      let model = method.trainedModels[turn]
      let driver = StepDriver(
        training: model.parameters, companions: model.companions, shards: 2)
      let optimizer = AdamOptimizer(model.allParameters, settings: OptimizerSettings())
      let batch = toy.train.batch(Array(0..<16))
      func mean(_ numbers: Range<Int>, rate: Double) throws -> Double {
        var sum = 0.0
        for number in numbers {
          sum += try method.loss(driver.context(batch, number: number, turn: turn))[term]
          _ = try optimizer.update(
            gradients: driver.lanes.map(\.gradients), learningRate: rate, pool: driver.pool)
        }
        return sum / Double(numbers.count)
      }
      let before = try mean(0..<20, rate: 0)
      _ = try mean(20..<20 + updates, rate: rate)
      return (before, try mean(0..<20, rate: 0))
    }
  }

  /// Vectors relative to their mean over the batch, with their gradient, against finite differences
  /// of the sum of their third powers.
  @Test func centeredRowsLoseTheirMean() throws {
    let values: [Float] = [1, -2, 4, 0.5, 3, 7]
    func centered(_ x: [Float]) -> [Double] {
      let means = (0..<2).map { c in (0..<3).reduce(0.0) { $0 + Double(x[2 * $1 + c]) } / 3 }
      return x.enumerated().map { Double($1) - means[$0 % 2] }
    }
    let tape = Tape(pool: BufferPool())
    let leaf = tape.leaf(Matrix(values, rows: 3, columns: 2))
    let found = tape.centeredRows(leaf)
    for (a, b) in zip(found.value.values, centered(values)) {
      #expect(Roundings.agree(Double(a), b, roundings: 4 * 0x1p29, of: 8))
    }
    // The squared distance of the centred rows from 0; its gradient is twice the centred rows.
    _ = tape.squaredError(found, tape.constant(Matrix(zeros: 3, 2)), weight: 1)
    tape.backward()
    let gradient = try #require(leaf.leafGradient).values
    for (a, b) in zip(gradient, centered(values)) {
      #expect(Roundings.agree(Double(a), 2 * b, roundings: 16 * 0x1p29, of: 16))
    }
  }

  /// A bias of the maps is the same for all texts: it moves every cosine, unless vectors are taken
  /// relative to their mean.
  @Test(arguments: [true, false])
  func centredStatesDoNotFeelACommonShift(_ centers: Bool) throws {
    func loss(bias: Float) throws -> Double {
      let game = try Game {
        $0.contrast.centersStates = centers
        $0.contrast.temperature = 0.5
      }
      for entry in game.projections.entries where entry.name.hasSuffix("bias") {
        game.projections.matrix(entry.slot).fill(bias)
      }
      let driver = StepDriver(training: game.generator.parameters, shards: 2)
      return try game.method.loss(
        driver.context(game.toy.train.batch(Array(0..<8)), turn: 1))["contrastive_loss"]
    }
    let (plain, shifted) = try (loss(bias: 0), loss(bias: 1))
    if centers {
      #expect(Network.ofMethods.agrees(plain, shifted, evaluations: 64))
    } else {
      #expect(plain != shifted && abs(shifted - log(8)) < 0.3, "all vectors nearly the same")
    }
  }

  /// Without the contrastive term and without labels on x', both steps are MATE-KD's.
  @Test(arguments: [0, 1])
  func withoutItsTermsItIsMATEKD(turn: Int) throws {
    let game = try Game {
      ($0.generatorDivergence, $0.generatorContrastive) = (1, 0)
      ($0.adversarialCE, $0.adversarialKD) = (0, 1.0 / 3)
    }
    let plain = try MATEKD(
      game.toy.setup(student: game.student, teacher: game.teacher, generator: game.generator),
      settings: MATEKD.Settings())
    let learning = turn == 0 ? game.student.parameters : game.generator.parameters
    let batch = game.toy.train.batch(Array(0..<9))
    let drivers = (0..<2).map { _ in StepDriver(training: learning, shards: 2) }
    let a = try game.method.loss(drivers[0].context(batch, turn: turn))
    let b = try plain.loss(drivers[1].context(batch, turn: turn))
    #expect(Network.ofMethods.agrees(a["loss"], b["loss"], evaluations: 2))
    #expect(
      Network.ofMethods.agrees(
        a["adversarial_divergence"], b["adversarial_divergence"], evaluations: 2))
    let (found, expected) = (drivers[0].gradients, drivers[1].gradients)
    let largest = expected.reduce(0) { max($0, abs($1)) }
    #expect(largest > 1e-4)
    #expect(Network.ofMethods.agree(found, expected))
  }

  @Test(arguments: [(2, Int.max), (2, 16), (1, 16)])
  func splittingChangesNothing(lanes: Int, maximumTokens: Int) throws {
    for turn in 0..<3 {
      func run(_ lanes: Int, _ maximumTokens: Int) throws -> (Double, [Float]) {
        let game = try Game {
          $0.projectionTraining = .own
          ($0.contrastive, $0.adversarialContrastive) = (0.4, 0.3)
          $0.contrast.anchor = .symmetric
          $0.adversary.maskProbability = 0
        }
        let driver = StepDriver(
          training: game.method.trainedModels[turn].parameters, shards: lanes)
        let scalars = try game.method.loss(
          driver.context(
            game.toy.train.batch(Array(0..<7)), turn: turn, maximumTokens: maximumTokens))
        return (scalars["loss"], driver.gradients)
      }
      let (whole, split) = (try run(1, .max), try run(lanes, maximumTokens))
      #expect(Network.ofMethods.agrees(split.0, whole.0, evaluations: 2), "turn \(turn)")
      let largest = whole.1.reduce(0) { max($0, abs($1)) }
      #expect((largest > 1e-5) == (turn != 1), "without masks the generator has no gradient")
      #expect(Network.ofMethods.agree(whole.1, split.1))
    }
  }

  /// At temperature 2 the term of K texts lies within 1 of log K; with the factor it is 1 where all
  /// vectors are equal.
  @Test func sizeOfTheTerm() throws {
    let game = try Game()
    let driver = StepDriver(training: game.generator.parameters, shards: 2)
    for number in 0..<5 {
      let value = try game.method.loss(
        driver.context(game.toy.train.batch(Array(0..<12)), number: number, turn: 1)
      )["contrastive_loss"]
      #expect(abs(value - log(12)) < 1 && value != log(12))
    }
    let alike = try Game {
      $0.adversary.maskProbability = 0
      $0.contrast.dividesByLogOfCandidates = true
    }
    let value = try alike.method.loss(
      driver.context(alike.toy.train.batch([3, 3, 3, 3, 3]), turn: 1))["contrastive_loss"]
    #expect(Network.ofMethods.agrees(value, 1))
  }

  /// Where the maps have learnt what the two models share, the generator finds texts without it.
  @Test func generatorDrivesLayersApart() throws {
    let game = try Game {
      ($0.generatorDivergence, $0.generatorContrastive) = (0, 1)
      ($0.contrast.temperature, $0.contrast.pooling) = (0.1, .mean)
      $0.projectionTraining = .own
    }
    let learnt = try game.means(of: "contrastive_loss", turn: 2, updates: 60, rate: 1e-2)
    #expect(learnt.after < learnt.before - 0.2)
    let (before, after) = try game.means(of: "contrastive_loss", turn: 1, updates: 100, rate: 1e-2)
    #expect(after > before + 0.1)
  }

  @Test func projectionsOfTheirOwnBringLayersTogether() throws {
    let game = try Game {
      $0.contrast.temperature = 0.1
      $0.projectionTraining = .own
    }
    let frozen = [game.student.parameters, game.teacher.parameters, game.generator.parameters]
    let weights = frozen.map(\.weights)
    let (before, after) = try game.means(of: "contrastive_loss", turn: 2, updates: 60, rate: 1e-2)
    #expect(after < before - 0.2)
    #expect(weights == frozen.map(\.weights))
  }

  @Test func whoTrainsTheProjections() throws {
    for training in CILDA.ProjectionTraining.allCases {
      let game = try Game(dropout: 0.1) {
        $0.projectionTraining = training
        $0.contrastive = 0.5
        ($0.adversary.generatorSteps, $0.adversary.studentSteps) = (2, 3)
      }
      let teacher = game.teacher.parameters.weights
      let watch = Watch(
        inner: game.method,
        watched: [game.student.parameters, game.generator.parameters, game.projections])
      _ = try game.toy.run(
        watch,
        TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: 7, lrSchedulerType: .constant))
      let states = watch.states.withLock { $0 }
      // Seven student updates: two whole turns and one update of the third.
      let expected = training == .own ? 7 + 7 + 4 + 1 : 5 + 5 + 2 + 1
      #expect(states.count == expected)
      for batch in 0..<states.count - 1 {
        let changed = zip(states[batch], states[batch + 1]).map { $0 != $1 }
        let turn = game.method.turn(batch: batch)
        #expect(changed[0] == (turn == 0) && changed[1] == (turn == 1), "batch \(batch)")
        let learns: Bool =
          switch training {
          case .generator: turn == 1
          case .student: turn == 0
          case .both: true
          case .own: turn == 2
          }
        #expect(changed[2] == learns, "\(training), batch \(batch)")
      }
      #expect(game.teacher.parameters.weights == teacher)
    }
  }

  @Test func turns() throws {
    let game = try Game {
      $0.projectionTraining = .own
      ($0.adversary.generatorSteps, $0.adversary.studentSteps) = (2, 3)
    }
    #expect((0..<8).map { game.method.turn(batch: $0) } == [2, 1, 2, 1, 0, 0, 0, 2])
    #expect(game.method.trainedModels.map(\.name) == ["", "generator", "projections"])
  }

  /// The whole step of the follow-up against differences: student and maps.
  @Test func studentStepAgainstDifferences() throws {
    let game = try Game {
      $0.projectionTraining = .both
      ($0.contrastive, $0.adversarialContrastive) = (1, 0.5)
      $0.contrast.temperature = 0.5
      $0.contrast.anchor = .symmetric
    }
    let batch = game.toy.train.batch(Array(0..<9))
    try StepSlope(of: [game.student.parameters, game.projections]) {
      let driver = StepDriver(
        training: game.student.parameters, companions: game.projections, shards: 2)
      let loss = try game.method.loss(driver.context(batch))["loss"]
      return (loss, [driver.gradients, driver.companionGradients])
    }.check()
  }

  @Test func queueIsFirstInFirstOut() {
    let queue = VectorQueue(3, width: 2)
    let pool = BufferPool()
    #expect(queue.contents(pool) == nil)
    func vectors(_ x: [Float]) -> Matrix {
      Matrix(x.flatMap { [$0, 0] }, rows: x.count, columns: 2)
    }
    queue.append(teacher: vectors([1, 2]), student: vectors([-1, 5]), rows: [10, 11])
    queue.append(teacher: vectors([-3, 4]), student: vectors([1, -1]), rows: [12, 13])
    let held = queue.contents(pool)
    #expect(held?.rows == [13, 11, 12])
    #expect(held?.teacher.values == [1, 0, 1, 0, -1, 0])
    #expect(held?.student.values == [-1, 0, 1, 0, 1, 0])
  }

  @Test func needsAGenerator() throws {
    let toy = try ToyWorld()
    let setup = toy.setup(student: toy.classifier(seed: 1), teacher: toy.classifier(seed: 2))
    #expect(throws: MismatchError.self) { try CILDA(setup, settings: CILDA.Settings()) }
  }
}

/// An objective that notes the weights with which each batch begins.
private struct Watch: Objective {
  let inner: CILDA
  let watched: [Parameters]
  let states = Log()

  final class Log: Sendable {
    private let entries = Mutex<[[Weights]]>([])
    func withLock<R: Sendable>(
      _ body: (inout sending [[Weights]]) throws -> sending R
    ) rethrows -> R { try entries.withLock(body) }
  }

  var trainedModels: [TrainedModel] { inner.trainedModels }
  func turn(batch: Int) -> Int { inner.turn(batch: batch) }
  func loss(_ step: StepContext) throws -> Scalars {
    let state = watched.map(\.weights)
    states.withLock { $0.append(state) }
    return try inner.loss(step)
  }
}
