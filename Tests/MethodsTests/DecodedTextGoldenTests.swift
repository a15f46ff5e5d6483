import Autograd
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// MATE-KD and CILDA with a teacher that reads decoded texts, against a dense torch version with
/// two vocabularies (scripts/goldens/decoded_text.py).
@Suite struct DecodedTextGoldenTests {
  /// The models, the texts and the fixed draws of a case.
  struct Game {
    let expected: JSONValue
    let teacher, student: SequenceClassifier
    let generator: MaskedLanguageModel
    let data: TokenizedDataset
    let decoded: DecodedTexts
    private let scratch: ScratchFolder
    private var folder: String { Self.folder }
    private static let folder = TestFiles.golden("decoded-text")

    init(_ name: String) throws {
      let golden = try ModelGolden("decoded-text")
      let cases = try #require(golden.json["cases"]?.array)
      expected = try #require(cases.first { $0["name"]?.string == name })
      let (folder, scratch) = (Self.folder, try ScratchFolder())
      self.scratch = scratch
      func open(_ name: String) throws -> ModelFolder {
        // RoBERTa's folder has no vocab.txt, so only what the model needs is copied.
        let config = try String(contentsOfFile: "\(folder)/\(name)/config.json", encoding: .utf8)
          .replacing(/(dropout\w*": )0\.\d+/) { "\($0.output.1)0.0" }
        try scratch.write(config, as: "\(name)/config.json")
        try scratch.write(
          TestFiles.bytes("\(folder)/\(name)/model.safetensors"), as: "\(name)/model.safetensors")
        return try ModelFolder("\(scratch.path)/\(name)")
      }
      let labels = LabelSet(names: ["0", "1"])
      teacher = try open("teacher").classifier(labels: labels, seed: 1).0
      student = try open("student").classifier(labels: labels, seed: 1).0
      generator = try open("generator").maskedLanguageModel(seed: 1).0
      let isPair = name == "pair"
      var texts = TextDataset(source: "golden", isPair: isPair)
      let gold = expected.integers("labels")
      for (row, entry) in (expected["texts"]?.array ?? []).enumerated() {
        let parts = (entry.array ?? []).compactMap(\.string).map { Array($0.utf8)[...] }
        texts.append(
          parts[0], isPair ? parts[1] : nil, label: .class(Int32(gold[row])), line: row + 1)
      }
      let pool = ThreadPool(threads: 2)
      let tokenizer = try TokenizerLoader.load(folder: "\(folder)/student")
      let own = try TokenizerLoader.load(folder: "\(folder)/teacher")
      let length = Int(expected.number("teacher_max_seq_length"))
      data = TokenizedDataset(
        texts, tokenizer: tokenizer, maximumLength: Int(expected.number("max_seq_length")),
        pool: pool)
      decoded = try DecodedTexts(
        tokenizer: tokenizer, isPair: isPair, teacherTokenizer: own, maximumLength: length,
        rows: TokenizedDataset(texts, tokenizer: own, maximumLength: length, pool: pool))
    }

    func mateKD() throws -> MATEKD {
      var settings = MATEKD.Settings()
      settings.adversary = adversary()
      return try MATEKD(setup(), settings: settings)
    }

    func setup() throws -> DistillationSetup {
      DistillationSetup(
        student: student, teacher: teacher, generator: generator, maskID: 4,
        teacherCache: try TeacherCache(
          .reader(teacher, of: decoded.rows), data: data, folder: nil, pool: ThreadPool()),
        studentTraining: TrainedModel(student.parameters), totalSteps: 10, labelSmoothing: 0,
        decodedTexts: decoded)
    }

    func adversary() -> MaskedAdversary.Settings {
      var settings = MaskedAdversary.Settings()
      settings.teacherInput = .decodedText
      settings.gumbelTemperature = Float(expected.number("gumbel_temperature"))
      return settings
    }

    /// The golden's masked tokens of a shard, and the rows of its noise that belong to them.
    func masked(_ shard: Shard) -> MaskedAdversary.Masks {
      let noise = expected.matrix("noise")
      let borders = data.borders
      var rows: [Int] = []
      var values: [Float] = []
      for (text, place) in shard.places.enumerated() {
        for (index, row) in expected.integers("masked_rows").enumerated()
        where (borders[place]..<borders[place + 1]).contains(row) {
          rows.append(row - borders[place] + shard.tokens.offsets[text])
          values += noise.rows(index..<index + 1).values
        }
      }
      return (rows, Matrix(values, rows: rows.count, columns: noise.columns))
    }

    /// The gradients of a file are those that were found.
    func check(_ found: [Float], of parameters: Parameters, file: String) throws {
      let worst = try worstGradient(
        found, of: parameters, expected: SafetensorsFile(path: "\(folder)/\(file).safetensors"))
      #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name)")
    }
  }

  @Test(arguments: ["single", "pair"])
  func textsAreDecodedAndCutByTheTeachersTokenizer(_ name: String) throws {
    let game = try Game(name)
    let batch = game.data.batch(Array(0..<game.data.count))
    let rows = try #require(game.expected["ids"]?.array)
    let adversarial = try #require(game.expected["adversarial_ids"]?.array)
    let texts = try #require(game.expected["decoded"]?.array)
    for row in 0..<game.data.count {
      let range = batch.tokens.range(row)
      #expect(batch.tokens.ids[range].map(Int.init) == rows[row].array?.compactMap(\.int))
      let ids = (adversarial[row].array ?? []).compactMap(\.int).map { Int32($0) }
      let found = game.decoded.decoded(ids[...], isSpecial: batch.isSpecial[range])
      #expect(
        found.map { String(decoding: $0, as: UTF8.self) } == texts[row].array?.compactMap(\.string))
    }
  }

  @Test(arguments: ["single", "pair"], [1, 2])
  func generatorStep(_ name: String, shards: Int) throws {
    let game = try Game(name)
    let method = try game.mateKD()
    let driver = StepDriver(training: game.generator.parameters, shards: shards)
    let before = (game.teacher.parameters.weights, game.student.parameters.weights)
    let step = driver.context(game.data.batch(0..<game.data.count), turn: 1)
    let scalars = try step.forEachShard { shard, tape in
      method.generatorLoss(step, shard, tape, game.masked(shard))
    }
    #expect(
      Network.ofMethods.agrees(scalars["loss"], game.expected.number("generator_loss")))
    try game.check(
      driver.gradients, of: game.generator.parameters, file: "\(name)-generator")
    #expect(before == (game.teacher.parameters.weights, game.student.parameters.weights))
  }

  @Test(arguments: ["single", "pair"], [1, 2])
  func studentStep(_ name: String, shards: Int) throws {
    let game = try Game(name)
    let method = try game.mateKD()
    let driver = StepDriver(training: game.student.parameters, shards: shards)
    let step = driver.context(game.data.batch(0..<game.data.count))
    let scalars = try step.forEachShard(backwardPasses: 2) { shard, tape in
      method.studentLoss(step, shard, tape, game.masked(shard))
    }
    let wanted = try #require(game.expected["student"])
    for name in ["loss", "ce_loss", "clean_divergence", "adversarial_divergence"] {
      #expect(Network.ofMethods.agrees(scalars[name], wanted.number(name)), "\(name)")
    }
    try game.check(driver.gradients, of: game.student.parameters, file: "\(name)-student")
  }

  @Test(arguments: ["single", "pair"], [1, 2])
  func contrast(_ name: String, shards: Int) throws {
    let game = try Game(name)
    let wanted = try #require(game.expected["contrast"])
    var settings = CILDA.Settings()
    settings.adversary = game.adversary()
    settings.contrast.width = 6
    let method = try CILDA(game.setup(), settings: settings)
    let projections = method.contrast.projections
    let weights = projections.parameters.entries.filter { $0.name.hasSuffix(".weight") }
    let maps = try #require(wanted["maps"]?.array)
    #expect(weights.count == 2 && maps.count == 2)
    for (weight, map) in zip(weights, maps) {
      let golden: JSONValue = ["map": map]
      projections.parameters.matrix(weight.slot).copy(from: golden.matrix("map"))
    }
    let driver = StepDriver(
      training: game.generator.parameters, companions: projections.parameters, shards: shards)
    let step = driver.context(game.data.batch(0..<game.data.count), turn: 1)
    let scalars = try method.adversarialStep(step, masks: { game.masked($0) })
    for name in ["contrastive_loss", "adversarial_divergence"] {
      #expect(Network.ofMethods.agrees(scalars[name], wanted.number(name)), "\(name)")
    }
    try game.check(
      driver.gradients, of: game.generator.parameters, file: "\(name)-contrast")
  }
}
