import Autograd
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// FreeLB and FreeLB with distillation against torch written as the authors' code has it
/// (scripts/goldens/freelb.py): the first delta is given.
@Suite struct FreeLBGoldenTests {
  private let golden: ModelGolden

  init() throws { golden = try ModelGolden("freelb") }

  private func expected(_ group: String, _ name: String) throws -> JSONValue {
    try #require(golden.json[group]?.array?.first { $0["name"]?.string == name })
  }

  private func perturbation(_ json: JSONValue) throws -> EmbeddingPerturbation {
    var perturbation = EmbeddingPerturbation()
    perturbation.steps = try #require(json["adversarial_steps"]?.int)
    perturbation.learningRate = json.number("adversarial_learning_rate")
    perturbation.maximumNorm = json.number("max_norm")
    return perturbation
  }

  /// A shard's rows of the golden's first delta.
  private func initial(_ shard: Shard, of batch: PackedBatch, magnitude: Double) -> Matrix {
    let all = golden.json.matrix("initial")
    var values: [Float] = []
    for place in shard.places {
      values += all.rows(batch.offsets[place]..<batch.offsets[place + 1]).values
    }
    return Matrix(
      values.map { $0 * Float(magnitude) }, rows: shard.tokens.ids.count, columns: all.columns)
  }

  private func setup(
    _ student: SequenceClassifier, _ teacher: SequenceClassifier, rows: Int
  ) -> DistillationSetup {
    DistillationSetup(
      student: student, teacher: teacher, generator: nil, maskID: 4,
      teacherCache: TeacherCache(teacher: teacher, rows: rows),
      studentTraining: TrainedModel(student.parameters), totalSteps: 10, labelSmoothing: 0)
  }

  /// Compares a step from the golden's first delta with what is expected.
  ///
  /// - Parameters:
  ///   - logged: how the method calls the loss of the first and of the last pass.
  ///   - losses: those losses of all passes.
  private func compare(
    _ name: String, _ json: JSONValue, _ game: MATEKDGoldenTests.Game, shards: Int,
    logged: (first: String, last: String), losses: [Double],
    _ shardLoss: @Sendable (StepContext, Shard, Tape, Matrix) -> Scalars
  ) throws {
    let driver = StepDriver(training: game.student.parameters, shards: shards)
    let step = driver.context(game.batch)
    let scalars = try step.forEachShard(backwardPasses: losses.count) { shard, tape in
      shardLoss(
        step, shard, tape, initial(shard, of: game.batch, magnitude: json.number("magnitude")))
    }
    for (found, expected) in [
      ("loss", json.number("loss")), (logged.first, losses.first ?? .nan),
      (logged.last, losses.last ?? .nan), ("perturbation_norm", json.number("norm")),
    ] {
      #expect(Network.ofMethods.agrees(scalars[found], expected), "\(found)")
    }
    let worst = try worstGradient(
      driver.gradients, of: game.student.parameters,
      expected: SafetensorsFile(path: "\(golden.folder)/\(name).safetensors"))
    #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name)")
  }

  @Test(arguments: ["ball", "zero-start", "regression"], [1, 2])
  func freeLB(_ name: String, shards: Int) throws {
    let json = try expected("freelb", name)
    let game = try MATEKDGoldenTests.Game(of: "\(name)-student")
    let method = FreeLB(
      setup(game.student, game.teacher, rows: game.batch.count),
      perturbation: try perturbation(json))
    try compare(
      name, json, game, shards: shards, logged: ("first_loss", "last_loss"),
      losses: json.numbers("losses")
    ) { method.shardLoss($0, $1, $2, initial: $3) }
  }

  @Test(arguments: ["kd-kl", "kd-ce", "kd-loss", "kd-only", "kd-wide"], [1, 2])
  func freeLBWithDistillation(_ name: String, shards: Int) throws {
    let json = try expected("freelb_kd", name)
    let game = try MATEKDGoldenTests.Game(of: "plain")
    let scratch = try ScratchFolder()
    let teacher =
      try name == "kd-wide"
      ? game.teacher
      : golden.modelFolder("teacher", in: scratch)
        .classifier(labels: game.teacher.labels, seed: 1).0
    var settings = FreeLBKD.Settings()
    settings.perturbation = try perturbation(json)
    settings.ascent = try #require(FreeLBKD.Ascent(rawValue: json["ascent"]?.string ?? ""))
    settings.perturbsTeacher = try #require(json["perturb_teacher"]?.bool as Bool?)
    settings.freezesWords = try #require(json["freeze_word_embeddings"]?.bool as Bool?)
    settings.temperature = Float(json.number("temperature"))
    settings.weights = LossWeights(ce: json.number("ce"), kd: json.number("kd"), adversarial: 0)
    let method = try FreeLBKD(
      setup(game.student, teacher, rows: game.batch.count), settings: settings)
    let before = teacher.parameters.weights
    try compare(
      name, json, game, shards: shards, logged: ("first_divergence", "last_divergence"),
      losses: json.numbers("divergences")
    ) { method.shardLoss($0, $1, $2, initial: $3) }
    #expect(teacher.parameters.weights == before)
  }
}
