import Data
import Foundation
import Kernels
import Methods
import Models
import Synchronization
import Trainers

/// Tiny models and a few dozen texts of the synthetic sentiment grammar.
package struct ToyWorld {
  package let scratch: ScratchFolder
  package let tokenizer: any Tokenizer
  package let train: TokenizedDataset
  package let pool = ThreadPool(threads: 2)

  package init(rows: Int = 24) throws {
    scratch = try ScratchFolder()
    try SyntheticSentiment.writeVocabulary(to: "\(scratch.path)/vocab.txt")
    tokenizer = try TokenizerLoader.load(folder: scratch.path)
    var text = TextDataset(source: "toy", task: .sst2)
    let examples = SyntheticSentiment(trainRows: rows, developmentRows: 1, testRows: 1, seed: 5)
      .examples(.train)
    for (line, example) in examples.enumerated() {
      text.append(
        Array(example.text.utf8)[...], nil, label: .class(Int32(example.label)), line: line + 1)
    }
    train = TokenizedDataset(text, tokenizer: tokenizer, maximumLength: 24, pool: pool)
  }

  /// A small architecture with weights large enough for models to disagree.
  package func shape(dropout: Float) -> EncoderConfiguration {
    var c = EncoderConfiguration(
      vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layers: 1, attentionHeads: 2,
      intermediateSize: 32)
    c.maximumPositions = 24
    c.initializerRange = 0.3
    c.hiddenDropout = dropout
    c.attentionDropout = dropout
    return c
  }

  package func classifier(dropout: Float = 0, seed: UInt64) -> SequenceClassifier {
    let model = SequenceClassifier(
      shape(dropout: dropout), labels: LabelSet(names: ["negative", "positive"]))
    model.initialize(seed: seed)
    return model
  }

  package func generator(dropout: Float = 0, seed: UInt64) -> MaskedLanguageModel {
    let model = MaskedLanguageModel(shape(dropout: dropout))
    model.initialize(seed: seed)
    return model
  }

  /// MATE-KD between a fresh student, teacher and generator.
  package func mateKD(
    dropout: Float = 0, rate: Double = 1e-3, _ change: (inout MATEKD.Settings) -> Void = { _ in }
  ) throws -> (
    method: MATEKD, student: SequenceClassifier, teacher: SequenceClassifier,
    generator: MaskedLanguageModel
  ) {
    let student = classifier(dropout: dropout, seed: 1)
    let teacher = classifier(dropout: dropout, seed: 2)
    let generator = generator(dropout: dropout, seed: 3)
    var settings = MATEKD.Settings()
    settings.adversary.generatorLearningRate = rate
    change(&settings)
    let method = try MATEKD(
      DistillationSetup(
        student: student, teacher: teacher, generator: generator,
        maskID: tokenizer.specialTokens.mask,
        teacherCache: TeacherCache(teacher: teacher, rows: train.count),
        studentTraining: TrainedModel(student.parameters, rate: rate), totalSteps: 12,
        labelSmoothing: 0),
      settings: settings)
    return (method, student, teacher, generator)
  }

  /// How much teacher and student disagree on a generator's texts, on the mean over 20 draws,
  /// before the generator learns for 60 updates and after.
  ///
  /// - Parameter name: the scalar that tells.
  package func disagreement(
    _ name: String, of method: some Objective, beforeAndAfterTraining generator: MaskedLanguageModel
  ) throws -> (before: Double, after: Double) {
    let driver = StepDriver(training: generator.parameters, shards: 2)
    let optimizer = AdamOptimizer([generator.parameters], settings: OptimizerSettings())
    let batch = train.batch(Array(0..<16))
    func mean(_ range: Range<Int>, rate: Double) throws -> Double {
      var sum = 0.0
      for number in range {
        sum += try method.loss(driver.context(batch, number: number, turn: 1))[name]
        try optimizer.update(
          gradients: driver.lanes.map(\.gradients), learningRate: rate, pool: driver.pool)
      }
      return sum / Double(range.count)
    }
    let before = try mean(0..<20, rate: 0)
    _ = try mean(20..<80, rate: 1e-2)
    return (before, try mean(0..<20, rate: 0))
  }

  /// Runs the training loop.
  package func run(
    _ objective: some Objective, _ arguments: TrainingArguments, shards: Int = 2, threads: Int = 2,
    precision: Precision = .float32,
    metric: (name: String, greaterIsBetter: Bool) = ("accuracy", true),
    observer: SilentObserver = SilentObserver(),
    evaluate: (() throws -> [(name: String, value: Double)])? = nil
  ) throws -> TrainingSummary {
    try Trainer(
      arguments: arguments, seed: 11, dataSeed: 12, shards: shards,
      pool: ThreadPool(threads: threads), precision: precision
    ).run(objective, data: train, evaluate: evaluate, metric: metric, observer: observer)
  }
}

/// Remembers what a training loop reports.
package final class SilentObserver: TrainingObserver {
  package var logged: [LogEntry] = []
  package var evaluated: [(entry: LogEntry, isBest: Bool)] = []
  package var steps = 0
  /// The update after which training shall stop.
  package var stopsAfter: Int?
  /// What watching an update takes, in microseconds.
  package var delay: UInt32 = 0

  package init() {}

  package func didLog(_ entry: LogEntry) { logged.append(entry) }
  package func didEvaluate(_ entry: LogEntry, isBest: Bool) { evaluated.append((entry, isBest)) }
  package func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {
    steps = step
    usleep(delay)
  }
  package func didNotice(_ sentence: String) { said.withLock { $0.append(sentence) } }
  /// Which time that training asks whether to stop is the first to get a yes.
  package var stopsWhenAsked: Int?
  package var shouldStop: Bool {
    let times = asked.withLock { asked in
      asked += 1
      return asked
    }
    return stopsAfter.map { steps >= $0 } ?? false || stopsWhenAsked.map { times >= $0 } ?? false
  }

  private let asked = Mutex(0)

  private let said = Mutex<[String]>([])
  /// Sentences so far.
  package var notices: [String] { said.withLock { $0 } }
}
