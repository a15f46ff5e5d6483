import Autograd
import Data
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// What must hold of the methods without training data whatever the models are.
@Suite struct DataFreeTests {
  /// A toy teacher and student with placeholder rows.
  struct World {
    let toy: ToyWorld
    let rows: TokenizedDataset
    let teacher, student: SequenceClassifier

    init(rows count: Int = 16, dropout: Float = 0, studentSeed: UInt64 = 1) throws {
      toy = try ToyWorld(rows: 1)
      rows = try SyntheticTexts(words: .masks, rows: count, meanLength: 8, lengthDeviation: 3)
        .dataset(
          for: .sst2, tokenizer: toy.tokenizer, maximumLength: 24, seed: 3, pool: toy.pool)
      teacher = toy.classifier(dropout: dropout, seed: 2)
      student = toy.classifier(dropout: dropout, seed: studentSeed)
    }

    var setup: DistillationSetup {
      DistillationSetup(
        student: student, teacher: teacher, generator: nil,
        maskID: toy.tokenizer.specialTokens.mask,
        teacherCache: TeacherCache(teacher: teacher, rows: rows.count),
        studentTraining: TrainedModel(student.parameters), totalSteps: 20, labelSmoothing: 0)
    }

    func asdfd(_ change: (inout ASDFD.Settings) -> Void = { _ in }) throws -> ASDFD {
      var settings = ASDFD.Settings()
      settings.guessing.steps = 40
      settings.guessing.learningRate = 0.05
      settings.adversarialWeight = 0
      settings.studentSteps = 1
      settings.lifetime = 0
      change(&settings)
      return try ASDFD(setup, settings: settings)
    }

    var all: PackedBatch { rows.batch(Array(0..<rows.count)) }

    /// The whole data set as one pseudo batch.
    var texts: PseudoBatch {
      let shard = Shard.split(all, lanes: 1)[0]
      return PseudoBatch(shard, Array(0..<shard.count))
    }

    var tape: Tape { Tape(pool: poisonedPool(), seed: 5, step: 1) }
  }

  private func driver(_ method: some Objective, shards: Int) -> StepDriver {
    let model = method.trainedModels[0]
    return StepDriver(
      training: model.parameters, companions: model.companions, shards: shards)
  }

  @Test func theTeacherSeesTheWantedClasses() throws {
    let world = try World()
    let texts = world.texts
    let method = try world.asdfd { $0.guessing.steps = 100 }
    func loss(_ vectors: Matrix) -> (sum: Double, right: Int) {
      let tape = world.tape
      let logits = world.teacher.logits(
        texts.tokens, tape: tape, training: false, vectors: tape.constant(vectors))
      let right = zip(Kernel.argmaxRows(logits.value), texts.classLabels).count { $0 == $1 }
      return (tape.crossEntropy(logits, labels: texts.classLabels, weight: 1), right)
    }
    let untouched = try world.asdfd { $0.guessing.steps = 0 }
    let before = loss(untouched.guess(texts, tape: world.tape).0)
    let (vectors, _) = method.guess(texts, tape: world.tape)
    let after = loss(vectors)
    #expect(after.sum < 0.25 * before.sum)
    #expect(before.right < 14 && after.right >= 15)
    // Special tokens keep their embeddings, bit by bit.
    let words = world.teacher.parameters.matrix(world.teacher.encoder.words)
    for row in texts.isSpecial.indices where texts.isSpecial[row] {
      let id = Int(texts.tokens.ids[row])
      #expect(vectors.rows(row..<row + 1).values == words.rows(id..<id + 1).values)
    }
  }

  @Test func withoutAdversaryTheStudentIsNotAsked() throws {
    let (one, other) = (try World(studentSeed: 1), try World(studentSeed: 9))
    let texts = one.texts
    func guess(_ world: World, alpha: Double) throws -> [Float] {
      let method = try world.asdfd { $0.adversarialWeight = alpha }
      // As if the student had learnt something: a head that is still 0 looks at nothing.
      let head = method.head.parameters
      Kernel.fillNormal(
        Matrix(head.buffer, rows: 1, columns: head.count), standardDeviation: 0.02, seed: 4,
        site: .projection(0))
      return method.guess(texts, tape: world.tape).0.values
    }
    #expect(try guess(one, alpha: 0) == guess(other, alpha: 0))
    #expect(try guess(one, alpha: 1) != guess(other, alpha: 1))
  }

  @Test func withoutStepsWordsAreRandomText() throws {
    let world = try World(rows: 12)
    let words = try SyntheticTexts(words: .random, rows: 12, meanLength: 8, lengthDeviation: 3)
      .dataset(
        for: .sst2, tokenizer: world.toy.tokenizer, maximumLength: 24, seed: 3,
        pool: world.toy.pool)
    let asdfd = try world.asdfd {
      $0.guessing.start = .words
      $0.guessing.steps = 0
      $0.reconstructionWeight = 0
    }
    // Which gives the student the teacher's word embeddings.
    let random = try #require(MethodRegistry.named("random-text")).configure(
      methodSection("{}"))(world.setup)
    let table = world.student.encoder.words
    func run(_ method: some Objective) throws -> (loss: Double, gradient: [Float]) {
      let driver = StepDriver(training: world.student.parameters, shards: 2)
      let loss = try method.loss(driver.context(words.batch(Array(0..<12))))["loss"]
      // No gradient reaches the words through vectors.
      var gradient = driver.gradients
      for index in 0..<table.count { gradient[table.offset + index] = 0 }
      return (loss, gradient)
    }
    let (guessed, read) = (try run(asdfd), try run(random))
    #expect(guessed.loss == read.loss && guessed.loss > 0)
    #expect(guessed.gradient == read.gradient)
  }

  @Test func aTextStopsWhenTheTeacherIsSureEnough() throws {
    let world = try World()
    let texts = world.texts
    func confidences(_ range: ClosedRange<Double>?, steps: Int) throws -> [Double] {
      let method = try world.asdfd {
        $0.guessing.steps = steps
        $0.guessing.stopConfidence = range
      }
      let vectors = method.guess(texts, tape: world.tape).0
      let tape = world.tape
      let logits = world.teacher.logits(
        texts.tokens, tape: tape, training: false, vectors: tape.constant(vectors))
      let probabilities = tape.softmax(logits).value
      return texts.classLabels.enumerated().map { Double(probabilities[$0, Int($1)]) }
    }
    let start = try confidences(nil, steps: 0)
    let all = try confidences(nil, steps: 60)
    #expect(all.allSatisfy { $0 > 0.9 })
    // Whoever is there already does not move, and whoever is not stops soon after.
    #expect(try confidences(0...0, steps: 60) == start)
    let stopped = try confidences(0.6...0.7, steps: 60)
    #expect(zip(stopped, start).allSatisfy { $0 == $1 || ($0 >= 0.6 && $0 < 0.85) })
    #expect(try confidences(1...1, steps: 60) == all)
  }

  @Test func theNormalizedErrorOfTheMeanWordIsOne() throws {
    let world = try World(rows: 64)
    let texts = world.texts
    let method = try world.asdfd {
      $0.adversarialWeight = 1e-9
      $0.normalizesReconstruction = true
      $0.guessing.steps = 1
      $0.guessing.learningRate = 0
    }
    // Before the head has learnt, it says the mean word; guesses begin with the words' variance.
    let error = method.guess(texts, tape: world.tape).1["guess_reconstruction_loss"] / 64
    #expect(abs(error - 1) < 0.1)
  }

  @Test func theAdversaryMakesHiddenVectorsHarder() throws {
    let world = try World(rows: 32)
    let texts = world.texts
    func difficulty(_ alpha: Double) throws -> Double {
      let method = try world.asdfd { $0.adversarialWeight = alpha }
      // As if the student had learnt something: a head that is still 0 looks at nothing.
      let head = method.head.parameters
      Kernel.fillNormal(
        Matrix(head.buffer, rows: 1, columns: head.count), standardDeviation: 0.02, seed: 4,
        site: .projection(0))
      return method.guess(texts, tape: world.tape).1["guess_reconstruction_loss"]
    }
    #expect(try difficulty(1) > 1.05 * difficulty(1e-9))
  }

  @Test func theHeadBeginsWithTheMeanWord() throws {
    let world = try World()
    let method = try world.asdfd()
    let head = method.head
    let shape = world.student.encoder.configuration
    let tape = world.tape
    let states = tape.constant(
      Matrix(
        [Float](repeating: 3, count: 2 * shape.hiddenSize), rows: 2,
        columns: shape.hiddenSize))
    let restored = head.apply(0, to: states, tape: tape).value
    let words = world.teacher.parameters.matrix(world.teacher.encoder.words)
    for column in 0..<shape.wordWidth {
      let mean =
        (0..<words.rows).reduce(0.0) { $0 + Double(words[$1, column]) } / Double(words.rows)
      #expect(restored[0, column] == Float(mean) && restored[1, column] == Float(mean))
    }
  }

  /// R^2 by hand: means 2 and 1, squared deviations 2 + 2, errors 1 + 0 and 0 + 1.
  @Test func determinationOfRestoredVectors() throws {
    let target = Matrix([1, 0, 3, 2], rows: 2, columns: 2)
    func score(_ restored: [Float]) -> Double? {
      ASDFD.determination([(restored: Matrix(restored, rows: 2, columns: 2), target: target)])
    }
    #expect(score([2, 0, 3, 1]) == 0.5 && score([1, 0, 3, 2]) == 1 && score([2, 1, 2, 1]) == 0)
    #expect(ASDFD.determination([]) == nil)
  }

  @Test(arguments: ["as-dfd", "zskd", "zskt"])
  func weightDecayWouldMoveTheWordsApart(_ name: String) throws {
    let world = try World()
    let training = TrainedModel(
      name: "", parameters: world.student.parameters,
      optimizer: OptimizerSettings(weightDecay: 0.01),
      schedule: LearningRateSchedule(kind: .constant, peak: 1e-3, warmupSteps: 0, totalSteps: 9))
    let setup = DistillationSetup(
      student: world.student, teacher: world.teacher, generator: nil, maskID: 4,
      teacherCache: TeacherCache(teacher: world.teacher, rows: world.rows.count),
      studentTraining: training, totalSteps: 9, labelSmoothing: 0)
    let description = try #require(MethodRegistry.named(name))
    let error = #expect(throws: MismatchError.self) {
      try description.configure(methodSection("{}"))(setup)
    }
    #expect(
      error?.description.hasPrefix(
        "method \(name) gives the student the teacher's word embeddings") == true)
    #expect(error?.description.contains("train.weight_decay (0.01)") == true)
  }

  @Test func theStudentLearnsToRestoreAndToAgree() throws {
    let world = try World(dropout: 0.1)
    let method = try world.asdfd()
    let before = world.teacher.parameters.weights
    let driver = driver(method, shards: 2)
    let optimizer = AdamOptimizer(
      method.trainedModels[0].allParameters, settings: OptimizerSettings())
    var history: [Scalars] = []
    for number in 0..<60 {
      history.append(try method.loss(driver.context(world.all, number: number)))
      _ = try optimizer.update(
        gradients: driver.lanes.map(\.gradients), learningRate: 5e-3, pool: driver.pool)
    }
    func mean(_ name: String, _ part: ArraySlice<Scalars>) -> Double {
      part.reduce(0) { $0 + $1[name] } / Double(part.count)
    }
    for name in ["reconstruction_loss", "kd_loss", "loss"] {
      let (first, last) = (mean(name, history[..<5]), mean(name, history[55...]))
      #expect(last < 0.8 * first, "\(name) from \(first) to \(last)")
    }
    #expect(history[0]["guess_loss"] > 0)
    // Guessed once: lifetime 0.
    #expect(history[1...].allSatisfy { $0["guess_loss"] == 0 })
    #expect(world.teacher.parameters.weights == before)
  }

  /// An element whose gradient is within roundings of zero may go either way, and Adam takes steps
  /// of the learning rate however small a gradient is: with beta_1 0.9 and beta_2 0.999 up to
  /// 0.1 / sqrt(0.001) times the rate. So the rate is as small as roundings.
  @Test(arguments: [(2, Int.max), (3, 20), (1, 20)])
  func splittingChangesNothing(lanes: Int, maximumTokens: Int) throws {
    let rate = 1e-7
    let apart = 2 * 5 * 3.2 * rate
    func run(_ lanes: Int, _ tokens: Int) throws -> (Scalars, [PseudoText], [Float]) {
      let world = try World()
      let method = try world.asdfd {
        $0.adversarialWeight = 0.5
        $0.guessing.noise = 0.01
        $0.guessing.steps = 5
        $0.guessing.learningRate = rate
      }
      let driver = driver(method, shards: lanes)
      let scalars = try method.loss(
        driver.context(world.all, maximumTokens: tokens))
      return (scalars, method.pseudoTexts(), driver.gradients)
    }
    let (whole, split) = (try run(1, .max), try run(lanes, maximumTokens))
    for (name, value) in whole.0.entries {
      #expect(Network.ofToys.agrees(split.0[name], value, evaluations: 2), "\(name)")
    }
    #expect(whole.1.count == 16 && split.1.count == 16)
    for (a, b) in zip(whole.1, split.1) {
      let probability = Network.ofToys.values(evaluations: 2)
      #expect(a.label == b.label && abs(a.probability - b.probability) < probability)
      #expect(
        zip(a.vectors.values, b.vectors.values).allSatisfy {
          abs(Double($0) - Double($1)) < apart + Roundings.gamma(5, evaluations: 2)
        })
    }
    #expect(Network.ofToys.agree(whole.2, split.2))
  }

  @Test func gradientsOfGuessingAreTheDifferences() throws {
    let world = try World(rows: 6)
    let texts = world.texts
    let method = try world.asdfd {
      $0.adversarialWeight = 0.3
      $0.movesTargets = true
    }
    let hidden = method.hiddenRows(texts, seed: 1, draw: 2, round: 3)
    let start = method.guess(texts, tape: world.tape).0
    let direction = Matrix(zeros: start.rows, start.columns)
    Kernel.fillNormal(direction, standardDeviation: 0.1, seed: 8, site: .part(1))
    func evaluate(_ h: Double) -> (terms: [Double], gradient: Matrix?) {
      let point = Matrix(start.values, rows: start.rows, columns: start.columns)
      Kernel.add(direction, to: point, alpha: Float(h))
      let tape = world.tape
      let leaf = tape.leaf(point)
      let scalars = method.guessLoss(texts, tape, vectors: leaf, hidden: hidden).scalars
      tape.backward()
      return (
        [scalars["guess_loss"], -0.3 * scalars["guess_reconstruction_loss"]], leaf.leafGradient
      )
    }
    let gradient = try #require(evaluate(0).gradient)
    check(gradient, direction) { evaluate($0).terms }
  }

  @Test func gradientsOfTheGeneratorAreTheDifferences() throws {
    let world = try World(rows: 6)
    let method = try zskt(world)
    let weights = Matrix(
      method.generator.parameters.buffer, rows: 1, columns: method.generator.parameters.count)
    // Large weights, since the LayerNorm after small ones bends the loss too much for differences.
    Kernel.fillNormal(weights, standardDeviation: 0.5, seed: 7, site: .part(1))
    let start = Matrix(weights.values, rows: 1, columns: weights.columns)
    let direction = Matrix(zeros: 1, weights.columns)
    Kernel.fillNormal(direction, standardDeviation: 0.1, seed: 8, site: .part(1))
    func evaluate(_ h: Double) throws -> (loss: Double, gradient: [Float]) {
      weights.copy(from: start)
      Kernel.add(direction, to: weights, alpha: Float(h))
      let driver = StepDriver(training: method.generator.parameters, shards: 2)
      let scalars = try method.loss(driver.context(world.all, turn: 1))
      return (scalars["loss"], driver.gradients)
    }
    let gradient = try evaluate(0).gradient
    try check(Matrix(gradient, rows: 1, columns: weights.columns), direction) {
      [try evaluate($0).loss]
    }
  }

  /// Expects the slope that a gradient gives in a direction.
  private func check(
    _ gradient: Matrix, _ direction: Matrix, terms: (Double) throws -> [Double]
  ) rethrows {
    let difference = try CentralDifference(
      longest: 1, halvings: 7, deviation: { Network.ofToys.deviation($0) }, terms: terms)
    let slope = Kernel.dot(gradient, direction)
    // What a direction at random makes of a gradient whose errors are relative to its length.
    let scale =
      (Kernel.dot(gradient, gradient) * Kernel.dot(direction, direction)
      / Double(direction.count)).squareRoot()
    #expect(
      difference.agrees(with: slope, within: Network.ofToys.gradients() * scale),
      "\(slope) \(difference)")
    #expect(difference.error < 0.01 * scale, "\(difference), gradient \(scale)")
  }

  private func zskt(
    _ world: World, _ change: (inout ZSKT.Settings) -> Void = { _ in }
  ) throws -> ZSKT {
    var settings = ZSKT.Settings()
    settings.noiseSize = 8
    settings.generatorHiddenSize = 16
    change(&settings)
    return try ZSKT(world.setup, settings: settings)
  }

  @Test func theGeneratorLearnsToMakeTeacherAndStudentDisagree() throws {
    let world = try World()
    let method = try zskt(world)
    let frozen = (world.teacher.parameters.weights, world.student.parameters.weights)
    let driver = StepDriver(training: method.generator.parameters, shards: 2)
    let optimizer = AdamOptimizer([method.generator.parameters], settings: OptimizerSettings())
    var divergences: [Double] = []
    for _ in 0..<60 {
      // The same batch and noise every time.
      let scalars = try method.loss(driver.context(world.all, turn: 1))
      divergences.append(scalars["divergence"])
      _ = try optimizer.update(
        gradients: driver.lanes.map(\.gradients), learningRate: 1e-2, pool: driver.pool)
    }
    #expect(divergences[59] > 1.2 * divergences[0])
    #expect(frozen == (world.teacher.parameters.weights, world.student.parameters.weights))
  }

  @Test func generatorAndStudentTakeTurnsOnTheSameNoise() throws {
    let world = try World()
    let method = try zskt(world) {
      $0.generatorSteps = 1
      $0.studentSteps = 2
    }
    #expect(method.updatesPerBatch == 3)
    #expect((0..<6).map { method.turn(batch: $0) } == [1, 0, 0, 1, 0, 0])
    let shard = Shard.split(world.all, lanes: 1)[0]
    func noise(_ batch: Int) -> [Float] {
      method.noise(for: shard, seed: 1, batch: batch, tape: world.tape).values
    }
    #expect(noise(0) == noise(2) && noise(0) != noise(3))
    let matrix = method.noise(for: shard, seed: 1, batch: 0, tape: world.tape)
    // Half a token's noise is its text's, half its own.
    #expect(matrix.columns(0..<4).rows(0..<1).values == matrix.columns(0..<4).rows(1..<2).values)
    #expect(matrix.columns(4..<8).rows(0..<1).values != matrix.columns(4..<8).rows(1..<2).values)
  }

  @Test func dirichletTargets() throws {
    let world = try World()
    let method = try ZSKD(world.setup, settings: ZSKD.Settings())
    for row in 0..<200 {
      let target = method.target(row: row, label: row % 2)
      #expect(
        Roundings.agree(target.reduce(0, +), 1, roundings: 4) && target.allSatisfy { $0 >= 0 })
      #expect(target == method.target(row: row, label: row % 2))
    }
    // Two classes: the other one's similarity is 0 after scaling, so nothing is left for it.
    #expect((0..<200).allSatisfy { method.target(row: $0, label: 1)[1] > 0.99 })
    let weight = Matrix([2, 0, 0, 3, 3, 3], rows: 3, columns: 2)
    let similarities = ZSKD.similarities(weight).values
    for (a, b) in zip(similarities, [1, 0, 0.5.squareRoot(), 0, 1, 0.5.squareRoot(), 0, 0, 1]) {
      #expect(abs(Double(a) - b) < Roundings.gamma(16))
    }
  }

  @Test(arguments: [0.3, 1, 2.5])
  func gammaMoments(shape: Double) {
    var stream = RandomStream(seed: 4, purpose: .synthesis)
    let draws = (0..<20_000).map { _ in stream.nextGamma(shape: shape) }
    let mean = draws.reduce(0, +) / 20_000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    // Mean and variance are both the shape; six standard errors, the variance's kurtosis 3 + 6/k.
    #expect(abs(mean - shape) < 6 * (shape / 20_000).squareRoot())
    #expect(
      abs(variance - shape) < 6 * shape * ((2 + 6 / shape) / 20_000).squareRoot())
  }

  @Test func textsAreUsedForTheirLifetime() throws {
    let world = try World(rows: 8)
    let texts = PseudoTexts(lifetime: 3, data: nil, width: 4)
    let shard = Shard.split(world.all, lanes: 1)[0]
    var guessed = Array(repeating: [Int](), count: 8)
    for batch in 0..<10 {
      let due = texts.due(shard.rows)
      for index in due { guessed[shard.rows[index]].append(batch) }
      let batch = PseudoBatch(shard, due)
      texts.keep(Matrix(zeros: batch.tokens.ids.count, 4), of: batch)
    }
    for row in 0..<8 {
      // The first lifetimes are 1, 2 or 3 batches, then all are 3.
      let first = row % 3 + 1
      #expect(guessed[row] == [0] + stride(from: first, to: 10, by: 3))
    }
    let forever = PseudoTexts(lifetime: 0, data: nil, width: 4)
    #expect(forever.due(shard.rows).count == 8)
    forever.keep(Matrix(zeros: world.all.tokenCount, 4), of: PseudoBatch(shard, Array(0..<8)))
    #expect((0..<5).allSatisfy { _ in forever.due(shard.rows).isEmpty })
  }

  @Test func randomTextIsDistillationWithoutLabels() throws {
    let toy = try ToyWorld()
    let (student, teacher) = (toy.classifier(seed: 1), toy.classifier(seed: 2))
    let batch = toy.train.batch(Array(0..<10))
    func run(_ name: String, _ text: String) throws -> (Double, [Float]) {
      let method = try #require(MethodRegistry.named(name)).configure(methodSection(text))(
        DistillationSetup(
          student: student, teacher: teacher, generator: nil, maskID: 4,
          teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
          studentTraining: TrainedModel(student.parameters), totalSteps: 1, labelSmoothing: 0))
      let driver = StepDriver(training: student.parameters, shards: 2)
      return (try method.loss(driver.context(batch))["loss"], driver.gradients)
    }
    let plain = try run(
      "kd", #"{"temperature": 2, "loss_weights": {"ce": 0, "kd": 1}}"#)
    let random = try run("random-text", #"{"temperature": 2}"#)
    #expect(random.0 == plain.0 && random.1 == plain.1 && random.0 > 0)
  }
}
