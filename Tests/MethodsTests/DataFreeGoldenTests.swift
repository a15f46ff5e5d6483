import Autograd
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// The methods without training data against naive torch: fixed vectors, hidden tokens and noise.
@Suite struct DataFreeGoldenTests {
  /// The golden's two models and its batch.
  struct World {
    let golden: ModelGolden
    let teacher, student: SequenceClassifier
    let batch: PackedBatch
    private let scratch: ScratchFolder

    init() throws {
      golden = try ModelGolden("data-free")
      scratch = try ScratchFolder()
      let labels = LabelSet(names: ["a", "b", "c"])
      teacher = try golden.modelFolder("teacher", in: scratch).classifier(labels: labels, seed: 1).0
      student = try golden.modelFolder("student", in: scratch).classifier(labels: labels, seed: 1).0
      var batch = PackedBatch(golden.json["batch"])
      // Placeholders are [MASK], which the other goldens count among the special tokens.
      batch.isSpecial = batch.tokenIDs.map { $0 != 4 }
      self.batch = batch
    }

    var json: JSONValue { golden.json }

    var setup: DistillationSetup {
      DistillationSetup(
        student: student, teacher: teacher, generator: nil, maskID: 4,
        teacherCache: TeacherCache(teacher: teacher, rows: batch.count),
        studentTraining: TrainedModel(student.parameters), totalSteps: 10, labelSmoothing: 0)
    }

    /// AS-DFD with the golden's layer for reconstruction.
    func asdfd(_ change: (inout ASDFD.Settings) -> Void) throws -> ASDFD {
      var settings = ASDFD.Settings()
      settings.maskedTokens = 2
      change(&settings)
      let method = try ASDFD(setup, settings: settings)
      let head = method.head.parameters
      head.matrix(head.entries[0].slot).copy(from: json.matrix("head_weight"))
      head.matrix(head.entries[1].slot).copy(from: json.matrix("head_bias"))
      return method
    }

    /// The rows of a golden's matrix, one a token, that belong to some texts.
    func part(_ all: Matrix, of texts: PseudoBatch) -> Matrix {
      let rows = texts.places.flatMap { batch.offsets[$0]..<batch.offsets[$0 + 1] }
      return Matrix(
        rows.flatMap { all.rows($0..<$0 + 1).values }, rows: rows.count, columns: all.columns)
    }

    /// The golden's hidden tokens of some texts.
    func hidden(_ texts: PseudoBatch) -> [Int] {
      let all = Set(json.integers("hidden_rows"))
      let rows = texts.places.flatMap { batch.offsets[$0]..<batch.offsets[$0 + 1] }
      return rows.indices.filter { all.contains(rows[$0]) }
    }

    /// The batch in one or two shards, with all of each.
    func shards(_ count: Int) -> [(shard: Shard, texts: PseudoBatch)] {
      Shard.split(batch, lanes: count).map { ($0, PseudoBatch($0, Array(0..<$0.count))) }
    }
  }

  private func close(_ a: Matrix, _ b: Matrix, to tolerance: Double = Network.ofMethods.gradients())
    -> Bool
  {
    let largest = b.values.reduce(Float(0)) { max($0, abs($1)) }
    return a.rows == b.rows && a.columns == b.columns
      && zip(a.values, b.values).allSatisfy { abs($0 - $1) <= Float(tolerance) * largest }
  }

  @Test(arguments: [0, 1, 2], [1, 2])
  func guessing(_ number: Int, shards: Int) throws {
    let world = try World()
    let expected = try #require(world.json["guesses"]?.array?[number])
    let method = try world.asdfd {
      $0.adversarialWeight = expected.number("alpha")
      $0.movesTargets = expected["moves_targets"]?.bool ?? false
    }
    var (loss, reconstruction) = (0.0, 0.0)
    for (_, texts) in world.shards(shards) {
      let tape = Tape(pool: poisonedPool())
      let leaf = tape.leaf(world.part(world.json.matrix("vectors"), of: texts))
      let scalars = method.guessLoss(
        texts, tape, vectors: leaf, hidden: world.hidden(texts)
      ).scalars
      tape.backward()
      loss += scalars["guess_loss"]
      reconstruction += scalars["guess_reconstruction_loss"]
      let gradient = try #require(leaf.leafGradient)
      // Relative to the batch's largest gradient, of which a shard may have none.
      let all = expected.matrix("gradient")
      let largest = all.values.reduce(Float(0)) { max($0, abs($1)) }
      for (a, b) in zip(gradient.values, world.part(all, of: texts).values) {
        #expect(abs(a - b) < Float(Network.ofMethods.gradients()) * largest)
      }
    }
    #expect(Network.ofMethods.agrees(loss, expected.number("loss")))
    if expected.number("alpha") > 0 {
      #expect(Network.ofMethods.agrees(reconstruction, expected.number("reconstruction_loss")))
    }
  }

  @Test(arguments: [1, 2])
  func stepsOfAdamOnVectors(shards: Int) throws {
    let world = try World()
    let expected = try #require(world.json["trajectory"])
    let method = try world.asdfd { $0.adversarialWeight = expected.number("alpha") }
    var settings = EmbeddingGuessing.Settings()
    settings.steps = expected["steps"]?.int ?? 0
    settings.learningRate = expected.number("learning_rate")
    let guessing = try EmbeddingGuessing(
      teacher: world.teacher, settings: settings, method: "as-dfd")
    for (_, texts) in world.shards(shards) {
      let start = world.part(world.json.matrix("vectors"), of: texts)
      let vectors = Matrix(start.values, rows: start.rows, columns: start.columns)
      guessing.improve(vectors, of: texts, tape: Tape(pool: poisonedPool())) { tape, leaf, _ in
        method.guessLoss(texts, tape, vectors: leaf, hidden: world.hidden(texts)).logits
      }
      #expect(close(vectors, world.part(expected.matrix("vectors"), of: texts), to: 1e-3))
      for row in texts.isSpecial.indices {
        let (a, b) = (vectors.rows(row..<row + 1).values, start.rows(row..<row + 1).values)
        #expect((a == b) == texts.isSpecial[row], "row \(row)")
      }
    }
  }

  @Test func guessingForSoftTargets() throws {
    let world = try World()
    let expected = try #require(world.json["soft_guess"])
    var settings = ZSKD.Settings()
    settings.distillation.terms.temperature = Float(expected.number("temperature"))
    let method = try ZSKD(world.setup, settings: settings)
    #expect(close(method.similarities, expected.matrix("similarities"), to: Roundings.gamma(64)))
    let texts = world.shards(1)[0].texts
    let tape = Tape(pool: poisonedPool())
    let leaf = tape.leaf(world.part(world.json.matrix("vectors"), of: texts))
    let targets = expected.matrix("targets")
    let loss = method.guessLoss(
      texts, tape, vectors: leaf,
      targets: texts.places.map { targets.rows($0..<$0 + 1).values.map(Double.init) }
    ).sum
    tape.backward()
    #expect(Network.ofMethods.agrees(loss, expected.number("loss")))
    #expect(close(try #require(leaf.leafGradient), expected.matrix("gradient")))
  }

  @Test(arguments: [1, 2])
  func studentStep(shards: Int) throws {
    let world = try World()
    let expected = try #require(world.json["student_step"])
    let method = try world.asdfd {
      $0.distillation.terms.temperature = Float(expected.number("temperature"))
      $0.distillation.terms.kd = expected["weights"]?.number("kd") ?? .nan
      $0.distillation.patienceWeight = expected["weights"]?.number("patience") ?? .nan
      $0.distillation.patienceLayers = expected.integers("patience_layers")
      $0.reconstructionWeight = expected["weights"]?.number("reconstruction") ?? .nan
    }
    let before = world.teacher.parameters.weights
    let driver = StepDriver(
      training: world.student.parameters, companions: method.head.parameters, shards: shards)
    let step = driver.context(world.batch)
    let scalars = try step.forEachShard(backwardPasses: 2) { shard, tape in
      let texts = PseudoBatch(shard, Array(0..<shard.count))
      return method.studentLoss(
        step, texts, tape, vectors: world.part(world.json.matrix("vectors"), of: texts),
        hidden: world.hidden(texts))
    }
    for name in ["loss", "kd_loss", "patience_loss", "reconstruction_loss"] {
      #expect(Network.ofMethods.agrees(scalars[name], expected.number(name)), "\(name)")
    }
    let file = try SafetensorsFile(path: "\(world.golden.folder)/student.safetensors")
    let own = try worstGradient(
      driver.gradients, of: world.student.parameters, expected: file)
    #expect(own.deviation < Network.ofMethods.gradients(), "\(own.name)")
    let head = try worstGradient(
      driver.companionGradients, of: method.head.parameters, expected: file)
    #expect(head.deviation < Network.ofMethods.gradients(), "\(head.name)")
    #expect(world.teacher.parameters.weights == before)
  }

  @Test(arguments: [1, 2])
  func generatorAndStudentOfZSKT(shards: Int) throws {
    let world = try World()
    let expected = try #require(world.json["transfer"])
    var settings = ZSKT.Settings()
    settings.noiseSize = 6
    settings.generatorHiddenSize = 10
    settings.distillation.terms.temperature = Float(expected.number("temperature"))
    let method = try ZSKT(world.setup, settings: settings)
    let maps = try #require(expected["maps"])
    for entry in method.generator.parameters.entries {
      method.generator.parameters.matrix(entry.slot).copy(from: maps.matrix(entry.name))
    }
    let all = expected.matrix("noise")
    let ordinary = world.batch.isSpecial.indices.filter { !world.batch.isSpecial[$0] }
    @Sendable func noise(_ shard: Shard) -> Matrix {
      let rows = shard.places.flatMap { place in
        let range = world.batch.offsets[place]..<world.batch.offsets[place + 1]
        return ordinary.indices.filter { range.contains(ordinary[$0]) }
      }
      return Matrix(
        rows.flatMap { all.rows($0..<$0 + 1).values }, rows: rows.count, columns: all.columns)
    }
    let folder = world.golden.folder
    for (turn, parameters, file) in [
      (1, method.generator.parameters, "generator"), (0, world.student.parameters, "transfer"),
    ] {
      let frozen = turn == 1 ? world.student.parameters : method.generator.parameters
      let before = frozen.weights
      let driver = StepDriver(training: parameters, shards: shards)
      let step = driver.context(world.batch, turn: turn)
      let scalars = try step.forEachShard { shard, tape in
        turn == 1
          ? method.generatorLoss(step, shard, tape, noise: noise(shard))
          : method.studentLoss(step, shard, tape, noise: noise(shard))
      }
      let divergence = expected.number("divergence")
      #expect(Network.ofMethods.agrees(scalars[turn == 1 ? "divergence" : "kd_loss"], divergence))
      #expect(
        Network.ofMethods.agrees(
          scalars["loss"], (turn == 1 ? -divergence : expected.number("loss"))))
      let worst = try worstGradient(
        driver.gradients, of: parameters,
        expected: SafetensorsFile(path: "\(folder)/\(file).safetensors"))
      #expect(worst.deviation < Network.ofMethods.gradients(), "\(file) \(worst.name)")
      #expect(frozen.weights == before)
    }
  }
}
