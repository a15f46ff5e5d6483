import Autograd
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// PKD, DistilBERT, TinyBERT, MiniLM, MiniLMv2 and distillation on replaced words against naive
/// torch versions.
@Suite struct LayerGoldenTests {
  /// Two models of the golden and its batch.
  struct Pair {
    let golden: ModelGolden
    let teacher, student: SequenceClassifier
    let batch: PackedBatch
    let scratch: ScratchFolder

    /// - Parameter student: a folder of the golden; nil for those of two other families.
    init(student name: String?) throws {
      let (golden, scratch) = (try ModelGolden("layers"), try ScratchFolder())
      func open(_ golden: ModelGolden, _ folder: String, classes: Int) throws -> SequenceClassifier
      {
        let labels = LabelSet(names: (0..<classes).map { "class \($0)" })
        return try golden.modelFolder(folder, in: scratch).classifier(labels: labels, seed: 1).0
      }
      var batch = PackedBatch(golden.json["batch"])
      if let name {
        teacher = try open(golden, "teacher", classes: 3)
        student = try open(golden, name, classes: 3)
      } else {
        let mixed = try ModelGolden("mate-kd")
        teacher = try open(mixed, "mixed/teacher", classes: 2)
        student = try open(mixed, "mixed/student", classes: 2)
        batch.targets = .classes(batch.targets.classes.map { $0 % 2 })
      }
      self.batch = batch
      self.golden = golden
      self.scratch = scratch
    }

    func setup(generator: MaskedLanguageModel? = nil) throws -> DistillationSetup {
      DistillationSetup(
        student: student, teacher: teacher, generator: generator, maskID: 4,
        teacherCache: TeacherCache(teacher: teacher, rows: batch.count),
        studentTraining: TrainedModel(student.parameters), totalSteps: 10, labelSmoothing: 0,
        tokenizer: try TokenizerLoader.load(folder: "\(golden.folder)/teacher"))
    }

    /// Compares a step's scalars and gradients with the golden's, and checks that only the
    /// student's gradients were made.
    func compare(
      _ objective: some Objective, with expected: JSONValue, scalars names: [String], shards: Int,
      loss: ((StepContext) throws -> Scalars)? = nil
    ) throws -> StepDriver {
      let driver = StepDriver(
        training: student.parameters, companions: objective.trainedModels[0].companions,
        shards: shards)
      let before = (teacher.parameters.weights, student.parameters.weights)
      let step = driver.context(batch)
      let scalars = try loss?(step) ?? objective.loss(step)
      for name in ["loss"] + names {
        #expect(Network.ofMethods.agrees(scalars[name], expected.number(name)), "\(name)")
      }
      let file = "\(golden.folder)/\(expected["name"]?.string ?? "").safetensors"
      let worst = try worstGradient(
        driver.gradients, of: student.parameters, expected: SafetensorsFile(path: file))
      #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name)")
      #expect(before == (teacher.parameters.weights, student.parameters.weights))
      return driver
    }
  }

  private func steps(_ pair: Pair, _ key: String) -> [JSONValue] {
    pair.golden.json[key]?.array ?? [pair.golden.json[key]].compactMap { $0 }
  }

  @Test(arguments: [0, 1], [1, 2])
  func pkd(index: Int, shards: Int) throws {
    let pair = try Pair(student: "student")
    let expected = steps(pair, "pkd")[index]
    var settings = PKD.Settings()
    settings.temperature = Float(expected.number("temperature"))
    settings.alpha = expected.number("alpha")
    settings.beta = expected.number("beta")
    settings.strategy = try #require(
      PKD.Strategy(rawValue: expected["strategy"]?.string ?? ""))
    settings.averagesOverClasses = expected["averaged"]?.bool == true
    let method = try PKD(pair.setup(), settings: settings)
    #expect(method.layers == [index + 1])
    _ = try pair.compare(
      method, with: expected, scalars: ["ce_loss", "kd_loss", "patience_loss"], shards: shards)
  }

  @Test(arguments: [1, 2])
  func distilBERT(shards: Int) throws {
    let pair = try Pair(student: "student")
    let expected = steps(pair, "distilbert")[0]
    let weights = expected.numbers("weights")
    var terms = LogitTerms(ce: weights[0], kd: weights[1])
    terms.temperature = Float(expected.number("temperature"))
    _ = try pair.compare(
      DistilBERT(pair.setup(), terms: terms, cosine: weights[2]), with: expected,
      scalars: ["ce_loss", "kd_loss", "cosine_loss"], shards: shards)
  }

  @Test(arguments: ["student", "narrow"], [1, 2])
  func tinyBERTIntermediate(student: String, shards: Int) throws {
    let pair = try Pair(student: student)
    let expected = steps(pair, "tinybert")[student == "student" ? 0 : 1]
    var settings = TinyBERT.Settings()
    settings.predictionFraction = 0
    settings.attention = expected.number("attention_weight")
    settings.hidden = expected.number("hidden_weight")
    let method = try TinyBERT(pair.setup(), settings: settings)
    #expect(method.layers == [1, 3])
    #expect((method.map != nil) == (student == "narrow"))
    if let parameters = method.map?.parameters {
      for (entry, key) in zip(parameters.entries, ["map_weight", "map_bias"]) {
        parameters.matrix(entry.slot).copy(
          from: Matrix(
            expected.matrix(key).values, rows: entry.slot.rows, columns: entry.slot.columns))
      }
    }
    let driver = try pair.compare(
      method, with: expected, scalars: ["attention_loss", "hidden_loss"], shards: shards)
    guard method.map != nil else { return }
    let gradients = ["map_weight_gradient", "map_bias_gradient"].flatMap {
      expected.matrix($0).values
    }
    let largest = gradients.reduce(0) { max($0, abs($1)) }
    #expect(driver.companionGradients.count == gradients.count && largest > 0)
    #expect(
      Network.ofMethods.agree(driver.companionGradients, gradients))
  }

  @Test(arguments: [1, 2])
  func tinyBERTPrediction(shards: Int) throws {
    let pair = try Pair(student: "narrow")
    let expected = steps(pair, "tinybert_prediction")[0]
    var settings = TinyBERT.Settings()
    settings.predictionFraction = 1
    settings.terms.temperature = Float(expected.number("temperature"))
    let method = try TinyBERT(pair.setup(), settings: settings)
    #expect(method.map == nil && method.intermediateSteps == 0)
    _ = try pair.compare(method, with: expected, scalars: ["kd_loss"], shards: shards)
  }

  @Test(arguments: [1, 2])
  func miniLM(shards: Int) throws {
    let pair = try Pair(student: "narrow")
    let expected = steps(pair, "minilm")[0]
    var settings = MiniLM.Settings()
    (settings.attention, settings.values) = (
      expected.numbers("weights")[0], expected.numbers("weights")[1]
    )
    _ = try pair.compare(
      MiniLM.objective(pair.setup(), settings: settings), with: expected,
      scalars: ["ce_loss", "kd_loss", "attention_loss", "value_loss"], shards: shards)
  }

  @Test(arguments: [0, 1], [1, 2])
  func miniLMv2(index: Int, shards: Int) throws {
    let pair = try Pair(student: index == 0 ? "narrow" : nil)
    let expected = steps(pair, "minilmv2")[index]
    let weights = expected.numbers("weights")
    var settings = MiniLMv2.Settings()
    (settings.queries, settings.keys, settings.values) = (weights[0], weights[1], weights[2])
    settings.relationHeads = Int(expected.number("heads"))
    // The last layer of the two other families' teacher is the default.
    if index == 0 { settings.teacherLayer = Int(expected.number("layer")) }
    _ = try pair.compare(
      MiniLMv2.objective(pair.setup(), settings: settings), with: expected,
      scalars: ["ce_loss", "kd_loss", "query_loss", "key_loss", "value_loss"], shards: shards)
  }

  @Test(arguments: [1, 2])
  func replacedWords(shards: Int) throws {
    let pair = try Pair(student: "narrow")
    let expected = steps(pair, "augmentation")[0]
    let generator = try ModelGolden("mate-kd").modelFolder("generator", in: pair.scratch)
      .maskedLanguageModel(seed: 1).0
    let setup = try pair.setup(generator: generator)
    var settings = TinyBERTAugmentation.Settings()
    settings.terms.temperature = Float(expected.number("temperature"))
    let weights = expected.numbers("weights")
    (settings.terms.ce, settings.terms.kd) = (weights[0], weights[1])
    (settings.augmentedKD, settings.augmentedCE) = (weights[2], weights[3])
    let method = try TinyBERTAugmentation(setup, settings: settings)
    let augmented = PackedBatch(expected["augmented"]).tokens
    let before = generator.parameters.weights
    _ = try pair.compare(
      method, with: expected,
      scalars: ["ce_loss", "kd_loss", "augmented_kd_loss", "augmented_ce_loss"], shards: shards
    ) { step in
      try step.forEachShard(backwardPasses: 2) { shard, tape in
        method.studentLoss(step, shard, tape, augmented: augmented.texts(at: shard.places))
      }
    }
    #expect(generator.parameters.weights == before)
  }

  /// Which words there are, what the text looks like without them and what the model offers.
  @Test func wordsAndCandidates() throws {
    let pair = try Pair(student: "narrow")
    let expected = steps(pair, "augmentation")[0]
    let generator = try ModelGolden("mate-kd").modelFolder("generator", in: pair.scratch)
      .maskedLanguageModel(seed: 1).0
    let borders = WordBorders(
      try TokenizerLoader.load(folder: "\(pair.golden.folder)/teacher"))
    let shard = Shard(index: 0, batch: pair.batch, places: Array(0..<pair.batch.count))
    func ranges(_ key: String) -> [Range<Int>] {
      let rows = expected.integers(key)
      return stride(from: 0, to: rows.count, by: 2).map { rows[$0]..<rows[$0 + 1] }
    }
    #expect((0..<shard.count).flatMap { borders.words(ofText: $0, in: shard) } == ranges("words"))
    let chosen = ranges("chosen")
    let masked = shard.tokens.replacing(chosen, with: chosen.map { _ in 4 })
    let wanted = PackedBatch(expected["masked"]).tokens
    #expect(masked.tokens.ids == wanted.ids && masked.tokens.offsets == wanted.offsets)
    #expect(masked.tokens.typeIDs == wanted.typeIDs)
    let logits = generator.logits(
      masked.tokens, rows: masked.rows, tape: Tape(pool: poisonedPool()), training: false)
    let candidates = Kernel.largestColumns(logits.value, count: 4)
    #expect(candidates.joined().map { Int($0) } == expected.integers("candidates"))
    let new = expected.integers("replacements")
    #expect(candidates.map { $0.first(where: borders.isWholeWord).map { Int($0) } ?? -1 } == new)
    let changed = shard.tokens.replacing(chosen, with: new.map { $0 < 0 ? nil : Int32($0) })
    let result = PackedBatch(expected["augmented"]).tokens
    #expect(changed.tokens.ids == result.ids && changed.tokens.offsets == result.offsets)
  }
}
