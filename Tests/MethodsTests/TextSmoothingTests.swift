import Autograd
import Configuration
import Data
import Kernels
import Methods
import Models
import StrictJSON
import Synchronization
import TestSupport
import Testing
import Trainers

/// What must hold of text smoothing whatever the models are.
@Suite struct TextSmoothingTests {
  /// A method between fresh trio.
  private struct Trio {
    let toy: ToyWorld
    let student, teacher: SequenceClassifier
    let languageModel: MaskedLanguageModel

    init(dropout: Float = 0, languageModelDropout: Float = 0) throws {
      toy = try ToyWorld()
      student = toy.classifier(dropout: dropout, seed: 1)
      teacher = toy.classifier(dropout: dropout, seed: 2)
      languageModel = toy.generator(dropout: languageModelDropout, seed: 3)
    }

    func method(_ change: (inout TextSmoothing.Settings) -> Void = { _ in }) throws
      -> SmoothedDistillation<SequenceClassifier>
    {
      var settings = TextSmoothing.Settings()
      change(&settings)
      return try SmoothedDistillation(
        DistillationSetup(
          student: student, teacher: teacher, generator: languageModel, maskID: 4,
          teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
          studentTraining: TrainedModel(student.parameters), totalSteps: 12, labelSmoothing: 0),
        settings: settings)
    }
  }

  private let everything: (inout TextSmoothing.Settings) -> Void = {
    $0.updates = .together
    $0.terms = LogitTerms(ce: 0.4, kd: 0.6)
    $0.teacherReads = .smoothed
    $0.terms.temperature = 2
  }

  /// Without smoothing every choice of updates is method none: same draws, same bits.
  @Test(arguments: TextSmoothing.Updates.allCases)
  func lambdaZeroIsPlainTraining(updates: TextSmoothing.Updates) throws {
    let arguments = TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: 9)
    let plain = try Trio(dropout: 0.1)
    _ = try plain.toy.run(
      LabelsOnly(plain.student, training: TrainedModel(plain.student.parameters)), arguments)
    let smoothed = try Trio(dropout: 0.1, languageModelDropout: 0.1)
    let start = smoothed.student.parameters.weights
    let method = try smoothed.method {
      $0.smoothing.rate = 0
      $0.smoothing.usesDropout = true
      $0.updates = updates
    }
    _ = try smoothed.toy.run(method, arguments)
    #expect(smoothed.student.parameters.weights == plain.student.parameters.weights)
    #expect(smoothed.student.parameters.weights != start)
  }

  @Test func everySecondUpdateIsSmoothedAndOfTheSameTexts() throws {
    let trio = try Trio(dropout: 0.1)
    let ledger = BatchLedger(inner: try trio.method())
    let summary = try trio.toy.run(
      ledger, TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: 7))
    let steps = ledger.log.steps
    #expect(summary.globalStep == 7 && steps.count == 7)
    for (number, step) in steps.enumerated() {
      #expect(step.names.contains("smoothed_loss") == (number % 2 == 1))
      #expect(step.names.contains("plain_loss") == (number % 2 == 0))
      #expect(step.names.contains("original_probability") == (number % 2 == 1))
      if number % 2 == 1 { #expect(step.rows == steps[number - 1].rows) }
      if number % 2 == 0, number > 0 { #expect(step.rows != steps[number - 1].rows) }
    }
  }

  @Test func onlyTheStudentLearns() throws {
    let trio = try Trio(dropout: 0.1, languageModelDropout: 0.1)
    func weights() -> [Weights] {
      [trio.student, trio.teacher].map { $0.parameters.weights }
        + [trio.languageModel.parameters.weights]
    }
    let before = weights()
    let method = try trio.method {
      everything(&$0)
      $0.smoothing.usesDropout = true
    }
    _ = try trio.toy.run(method, TrainingArguments(perDeviceTrainBatchSize: 6, maxSteps: 5))
    let after = weights()
    #expect(before[0] != after[0] && before[1] == after[1] && before[2] == after[2])
  }

  @Test(arguments: [(2, Int.max), (2, 16), (1, 16)])
  func splittingChangesNothing(lanes: Int, maximumTokens: Int) throws {
    func run(_ lanes: Int, _ maximumTokens: Int) throws -> (Scalars, [Float]) {
      let trio = try Trio()
      let driver = StepDriver(training: trio.student.parameters, shards: lanes)
      let step = driver.context(
        trio.toy.train.batch(Array(0..<7)), maximumTokens: maximumTokens)
      return (try trio.method(everything).loss(step), driver.gradients)
    }
    let whole = try run(1, .max)
    let split = try run(lanes, maximumTokens)
    for (name, value) in whole.0.entries {
      #expect(Network.ofMethods.agrees(split.0[name], value, evaluations: 2), "\(name)")
    }
    let largest = whole.1.reduce(0) { max($0, abs($1)) }
    #expect(largest > 1e-3)
    #expect(Network.ofMethods.agree(whole.1, split.1))
  }

  @Test func gradientIsTheDerivativeOfTheLoss() throws {
    let trio = try Trio(dropout: 0.1)
    let method = try trio.method {
      everything(&$0)
      $0.smoothedWeight = 0.8
      $0.smoothing.rate = 0.9
    }
    let batch = trio.toy.train.batch(Array(0..<7))
    try StepSlope(of: [trio.student.parameters], along: .random) {
      let driver = StepDriver(training: trio.student.parameters, shards: 2)
      let loss = try method.loss(driver.context(batch))["loss"]
      return (loss, [driver.gradients])
    }.check()
  }

  @Test func dropoutOfTheLanguageModelIsASwitch() throws {
    func loss(dropout: Float, isUsed: Bool) throws -> Double {
      let trio = try Trio(languageModelDropout: dropout)
      let method = try trio.method {
        $0.updates = .smoothed
        $0.smoothing.usesDropout = isUsed
      }
      let driver = StepDriver(training: trio.student.parameters, shards: 2)
      return try method.loss(driver.context(trio.toy.train.batch(Array(0..<7))))["loss"]
    }
    let plain = try loss(dropout: 0, isUsed: true)
    #expect(try loss(dropout: 0.3, isUsed: false) == plain)
    #expect(try loss(dropout: 0.3, isUsed: true) != plain)
  }

  @Test(arguments: [false, true])
  func specialTokensAreAChoice(_ areSmoothed: Bool) throws {
    let trio = try Trio()
    let method = try trio.method {
      $0.updates = .smoothed
      $0.smoothing.smoothsSpecialTokens = areSmoothed
    }
    let driver = StepDriver(training: trio.student.parameters, shards: 2)
    let batch = trio.toy.train.batch(Array(0..<8))
    let scalars = try method.loss(driver.context(batch))
    let count = areSmoothed ? batch.tokenIDs.count : batch.isSpecial.count { !$0 }
    #expect(scalars["smoothed_tokens"] == Double(count) / 8)
    let kept = scalars["original_probability"]
    #expect(kept > 0 && kept < 1)
  }

  /// The smoothed words are for every model with an encoder; at rate 0 they are the words.
  @Test func spanClassifiersReadSmoothedText() throws {
    let trio = try Trio()
    let model = SpanClassifier(trio.toy.shape(dropout: 0))
    model.initialize(seed: 7)
    let shard = Shard.split(trio.toy.train.batch(Array(0..<5)), lanes: 1)[0]
    func logits(rate: Float) -> (values: [Float], gradient: [Float]) {
      var settings = WordSmoothing.Settings()
      settings.rate = rate
      let driver = StepDriver(training: model.parameters, shards: 1)
      let tape = Tape(pool: BufferPool())
      tape.bind(model.parameters, gradients: driver.lanes[0].gradients)
      let vectors = WordSmoothing(trio.languageModel, settings: settings).vectors(
        of: shard.tokens, isSpecial: shard.isSpecial, for: [model], tape: tape)
      let logits = model.logits(
        shard.tokens, tape: tape, training: false, vectors: vectors.vectors.first)
      let start = tape.transposed(logits, rows: 0..<shard.tokens.offsets[1])
      _ = tape.crossEntropy(start, labels: [1, 2], weight: 1)
      tape.backward()
      return (logits.value.values, driver.gradients)
    }
    let tape = Tape(pool: BufferPool())
    let plain = model.logits(shard.tokens, tape: tape, training: false).value.values
    #expect(logits(rate: 0).values == plain)
    let smoothed = logits(rate: 0.5)
    #expect(smoothed.values != plain && smoothed.gradient.contains { $0 != 0 })
  }

  @Test func weightZeroLeavesATermOut() throws {
    let trio = try Trio()
    let driver = StepDriver(training: trio.student.parameters, shards: 2)
    let step = driver.context(trio.toy.train.batch(Array(0..<8)))
    let scalars = try trio.method {
      $0.updates = .together
      $0.smoothedWeight = 0
    }.loss(step)
    #expect(scalars["loss"] == scalars["plain_loss"] && scalars["loss"] > 0)
    #expect(!scalars.entries.contains { $0.name == "smoothed_loss" })
  }

  @Test func needsALanguageModel() throws {
    let toy = try ToyWorld()
    let (model, teacher) = (toy.classifier(seed: 1), toy.classifier(seed: 2))
    let setup = DistillationSetup(
      student: model, teacher: teacher, generator: nil, maskID: 4,
      teacherCache: TeacherCache(teacher: teacher, rows: 1),
      studentTraining: TrainedModel(model.parameters), totalSteps: 1, labelSmoothing: 0)
    #expect(throws: MismatchError.self) {
      try SmoothedDistillation(setup, settings: TextSmoothing.Settings())
    }
  }

  private func section(_ text: String) throws -> ConfigSection {
    try ConfigDocument(StrictJSON.parse(text, file: "run.json"), file: "run.json").root
  }

  @Test func settings() throws {
    let settings = try TextSmoothing.Settings(section("{}"))
    #expect(settings.smoothing.rate == 0.5 && settings.smoothing.temperature == 1)
    #expect(!settings.smoothing.usesDropout && !settings.smoothing.smoothsSpecialTokens)
    #expect(settings.updates == .alternate && settings.targets == .gold)
    #expect(settings.terms.ce == 1 && settings.terms.kd == 0)
    let teacher = try TextSmoothing.Settings(section(#"{"targets": "teacher"}"#))
    #expect(teacher.terms.ce == 0 && teacher.terms.kd == 1)
    let both = try TextSmoothing.Settings(
      section(#"{"targets": "both", "loss_weights": {"ce": 0.25}}"#))
    #expect(both.terms.ce == 0.25 && both.terms.kd == 0.5)
  }

  @Test(arguments: [
    (#"{"lambda": 1.5}"#, "lambda"),
    (#"{"updates": "both"}"#, "alternate"),
    (#"{"targets": "gold", "loss_weights": {"ce": 1}}"#, "loss_weights"),
    (#"{"smooth_rate": 0.5}"#, "smooth_rate"),
  ])
  func mistakes(_ text: String, _ part: String) throws {
    let description = try #require(MethodRegistry.named("text-smoothing"))
    #expect(description.needsGenerator)
    let section = try section(text)
    let error = #expect(throws: ConfigError.self) { _ = try description.configure(section) }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.hasPrefix("run.json:1:") && message.contains(part), "\(message)")
  }
}

/// An objective that notes the rows of every batch and the names of its scalars.
private struct BatchLedger: Objective {
  let inner: SmoothedDistillation<SequenceClassifier>
  let log = Log()

  final class Log: Sendable {
    private let entries = Mutex<[(rows: [Int], names: [String])]>([])
    var steps: [(rows: [Int], names: [String])] { entries.withLock { $0 } }
    func add(_ rows: [Int], _ names: [String]) {
      entries.withLock { $0.append((rows, names)) }
    }
  }

  var trainedModels: [TrainedModel] { inner.trainedModels }
  var updatesPerBatch: Int { inner.updatesPerBatch }
  func turn(batch: Int) -> Int { inner.turn(batch: batch) }
  func loss(_ step: StepContext) throws -> Scalars {
    let scalars = try inner.loss(step)
    log.add(step.shards.flatMap(\.rows).sorted(), scalars.entries.map(\.name))
    return scalars
  }
}
