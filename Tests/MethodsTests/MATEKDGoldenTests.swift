import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// MATE-KD's two steps against the naive dense torch version: fixed masks, fixed Gumbel noise.
@Suite struct MATEKDGoldenTests {
  /// The three models of the golden and its batch.
  struct Game {
    let golden: ModelGolden
    let teacher, student: SequenceClassifier
    let generator: MaskedLanguageModel
    let batch: PackedBatch
    private let scratch: ScratchFolder

    /// The models that a golden's name is about: `regression-`, `mixed-` (families) or plain ones.
    init(of name: String) throws {
      let kind = ["regression", "mixed"].first { name.hasPrefix("\($0)-") }
      let regression = kind == "regression"
      golden = try ModelGolden("mate-kd")
      scratch = try ScratchFolder()
      let labels =
        regression
        ? LabelSet(names: ["score"], problem: .regression)
        : LabelSet(names: ["negative", "positive"])
      let prefix = kind.map { "\($0)/" } ?? ""
      teacher = try golden.modelFolder("\(prefix)teacher", in: scratch)
        .classifier(labels: labels, seed: 1).0
      student = try golden.modelFolder("\(prefix)student", in: scratch)
        .classifier(labels: labels, seed: 1).0
      generator = try golden.modelFolder("generator", in: scratch).maskedLanguageModel(seed: 1).0
      batch = PackedBatch(
        golden.json["batch"],
        scores: regression ? golden.json.numbers("scores").map { Float($0) } : [])
    }

    func method(_ change: (inout MATEKD.Settings) -> Void) throws -> MATEKD {
      var settings = MATEKD.Settings()
      change(&settings)
      return try MATEKD(
        DistillationSetup(
          student: student, teacher: teacher, generator: generator, maskID: 4,
          teacherCache: TeacherCache(teacher: teacher, rows: batch.count),
          studentTraining: TrainedModel(student.parameters),
          totalSteps: 10, labelSmoothing: 0), settings: settings)
    }

    /// The golden's masked tokens of a shard, and the rows of its noise that belong to them.
    func masked(_ shard: Shard) -> MaskedAdversary.Masks {
      let all = golden.json.integers("masked_rows")
      let noise = golden.json.matrix("noise")
      var rows: [Int] = []
      var values: [Float] = []
      for (text, place) in shard.places.enumerated() {
        for (index, row) in all.enumerated()
        where row >= batch.offsets[place] && row < batch.offsets[place + 1] {
          rows.append(row - batch.offsets[place] + shard.tokens.offsets[text])
          values += noise.rows(index..<index + 1).values
        }
      }
      return (rows, Matrix(values, rows: rows.count, columns: noise.columns))
    }
  }

  @Test(
    arguments: [
      "generator-kl", "generator-ce", "generator-kl-cool", "regression-generator",
      "mixed-generator",
    ], [1, 2])
  func generatorStep(_ name: String, shards: Int) throws {
    let game = try Game(of: name)
    let json = game.golden.json
    let steps =
      (json["generator_steps"]?.array ?? [])
      + [json["regression"]?["generator_step"], json["mixed"]?["generator_step"]]
      .compactMap { $0 }
    let expected = try #require(steps.first { $0["name"]?.string == name })
    let method = try game.method {
      $0.adversary.divergence = expected["divergence"]?.string == "ce" ? .ce : .kl
      $0.adversary.gumbelTemperature = Float(expected.number("temperature"))
    }
    let driver = StepDriver(training: game.generator.parameters, shards: shards)
    let before = (game.teacher.parameters.weights, game.student.parameters.weights)
    let step = driver.context(game.batch, turn: 1)
    let scalars = try step.forEachShard { shard, tape in
      method.generatorLoss(step, shard, tape, game.masked(shard))
    }
    let loss = expected.number("loss")
    #expect(Network.ofMethods.agrees(scalars["loss"], loss))
    #expect(Network.ofMethods.agrees(scalars["adversarial_divergence"], -loss))
    let worst = try worstGradient(
      driver.gradients, of: game.generator.parameters,
      expected: SafetensorsFile(path: "\(game.golden.folder)/\(name).safetensors"))
    #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name)")
    #expect(before == (game.teacher.parameters.weights, game.student.parameters.weights))
  }

  @Test(arguments: ["student-kl", "student-ce", "regression-student", "mixed-student"], [1, 2])
  func studentStep(_ name: String, shards: Int) throws {
    let game = try Game(of: name)
    let json = game.golden.json
    let steps =
      (json["student_steps"]?.array ?? [])
      + [json["regression"]?["student_step"], json["mixed"]?["student_step"]]
      .compactMap { $0 }
    let expected = try #require(steps.first { $0["name"]?.string == name })
    let method = try game.method {
      $0.adversary.divergence = expected["divergence"]?.string == "ce" ? .ce : .kl
      $0.adversary.gumbelTemperature = Float(expected.number("temperature"))
    }
    let driver = StepDriver(training: game.student.parameters, shards: shards)
    let step = driver.context(game.batch)
    // Twice, since the second time the teacher's logits come from the cache.
    for round in 1...2 {
      let scalars = try step.forEachShard(backwardPasses: 2) { shard, tape in
        method.studentLoss(step, shard, tape, game.masked(shard))
      }
      for (scalar, key) in [
        ("loss", "loss"), ("ce_loss", "supervised_loss"),
        ("clean_divergence", "clean_divergence"),
        ("adversarial_divergence", "adversarial_divergence"),
      ] {
        #expect(Network.ofMethods.agrees(scalars[scalar], expected.number(key)), "\(scalar)")
      }
      let worst = try worstGradient(
        driver.gradients.map { $0 / Float(round) }, of: game.student.parameters,
        expected: SafetensorsFile(path: "\(game.golden.folder)/\(name).safetensors"))
      #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name), round \(round)")
    }
  }
}
