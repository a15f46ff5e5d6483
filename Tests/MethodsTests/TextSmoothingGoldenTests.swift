import Autograd
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// Text smoothing's losses against the naive torch version with a dense softmax over the vocabulary
/// at every position (scripts/goldens/text_smoothing.py).
@Suite struct TextSmoothingGoldenTests {
  @Test(arguments: ["gold", "both", "together", "regression-both", "mixed-both"], [1, 2])
  func step(_ name: String, shards: Int) throws {
    let game = try MATEKDGoldenTests.Game(of: name)
    let expected = try #require(
      golden.json["steps"]?.array?.first { $0["name"]?.string == name })
    let method = try SmoothedDistillation(
      DistillationSetup(
        student: game.student, teacher: game.teacher, generator: game.generator, maskID: 4,
        teacherCache: TeacherCache(teacher: game.teacher, rows: game.batch.count),
        studentTraining: TrainedModel(game.student.parameters), totalSteps: 10,
        labelSmoothing: 0), settings: settings(expected))
    try compare(
      method, expected, batch: game.batch, student: game.student.parameters,
      frozen: [game.teacher.parameters, game.generator.parameters], shards: shards)
  }

  /// Models that find answers.
  @Test(arguments: [1, 2])
  func questions(shards: Int) throws {
    let scratch = try ScratchFolder()
    func folder(_ name: String) throws -> ModelFolder {
      try ModelGolden(name).modelFolder(".", in: scratch)
    }
    let student = try folder("bert-qa").spanClassifier(seed: 1).0
    let teacher = try folder("distilbert-qa").spanClassifier(seed: 1).0
    let languageModel = try folder("distilbert-mlm").maskedLanguageModel(seed: 1).0
    let answers = try ModelGolden("bert-qa").json
    var batch = PackedBatch(answers["batch"])
    batch.targets = .spans(
      zip(answers.integers("starts"), answers.integers("ends")).map {
        TokenSpan(start: $0, end: $1)
      })
    let data = TokenizedDataset(
      encodings: (0..<batch.count).map { text in
        let ids = Array(batch.tokenIDs[batch.offsets[text]..<batch.offsets[text + 1]])
        return Encoding(
          ids: ids, typeIDs: [UInt8](repeating: 0, count: ids.count),
          isSpecial: [Bool](repeating: false, count: ids.count))
      }, targets: batch.targets)
    let expected = try #require(golden.json["questions"])
    let method = try SmoothedDistillation(
      SpanDistillationSetup(
        student: student, teacher: teacher, generator: languageModel,
        teacherCache: TeacherCache(
          teacher: teacher, data: data, folder: nil, pool: ThreadPool(threads: 1)),
        studentTraining: TrainedModel(student.parameters)), settings: settings(expected))
    try compare(
      method, expected, batch: batch, student: student.parameters,
      frozen: [teacher.parameters, languageModel.parameters], shards: shards)
  }

  private let golden: ModelGolden

  init() throws { golden = try ModelGolden("text-smoothing") }

  private func settings(_ expected: JSONValue) throws -> TextSmoothing.Settings {
    var settings = TextSmoothing.Settings()
    settings.smoothing.rate = Float(expected.number("lambda"))
    settings.smoothing.temperature = Float(expected.number("smoothing_temperature"))
    settings.smoothing.smoothsSpecialTokens =
      try #require(expected["smooth_special_tokens"]?.bool as Bool?)
    settings.updates = try #require(
      TextSmoothing.Updates(rawValue: expected["updates"]?.string ?? ""))
    settings.smoothedWeight = expected.number("smoothed_weight")
    settings.teacherReads = expected["teacher_reads"]?.string == "text" ? .text : .smoothed
    settings.terms = LogitTerms(ce: expected.number("ce"), kd: expected.number("kd"))
    settings.terms.temperature = Float(expected.number("temperature"))
    settings.terms.divergence = expected["divergence"]?.string == "ce" ? .ce : .kl
    return settings
  }

  private func compare(
    _ method: some Objective, _ expected: JSONValue, batch: PackedBatch, student: Parameters,
    frozen: [Parameters], shards: Int
  ) throws {
    let before = frozen.map(\.weights)
    let driver = StepDriver(training: student, shards: shards)
    var names = ["loss", "smoothed_loss", "original_probability"]
    if expected["updates"]?.string == "together" { names.append("plain_loss") }
    // Twice, since the second time the teacher's logits come from the cache.
    for round in 1...2 {
      let scalars = try method.loss(driver.context(batch))
      for scalar in names {
        #expect(Network.ofMethods.agrees(scalars[scalar], expected.number(scalar)), "\(scalar)")
      }
      #expect(scalars["smoothed_tokens"] * 3 == expected.number("smoothed_tokens"))
      let name = expected["name"]?.string ?? ""
      let worst = try worstGradient(
        driver.gradients.map { $0 / Float(round) }, of: student,
        expected: SafetensorsFile(path: "\(golden.folder)/\(name).safetensors"))
      #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name), round \(round)")
    }
    #expect(frozen.map(\.weights) == before)
  }
}
