import Data
import Files
import Kernels
import Models
import Synchronization

/// Questions with their windows, ready for models to answer and for measuring the answers.
public struct QuestionEvaluation: Sendable {
  /// Which version's rules apply.
  public let version: SQuADVersion
  /// The questions, cut into windows.
  public let windows: QuestionWindows
  /// How answers are chosen.
  public let decoder: AnswerDecoder
  private let inputs: TokenizedDataset
  private let inference: Inference
  private let pool: ThreadPool

  /// An evaluation on a thread pool.
  ///
  /// - Parameters:
  ///   - precision: the precision of the factors in products with weights.
  ///   - shouldStop: as for `Inference`.
  public init(
    version: SQuADVersion, windows: QuestionWindows, decoder: AnswerDecoder, pool: ThreadPool,
    precision: Precision = .float32, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    self.version = version
    self.windows = windows
    self.decoder = decoder
    self.pool = pool
    inputs = windows.inputs
    inference = Inference(pool: pool, precision: precision, shouldStop: shouldStop)
  }

  /// - Throws: `MemoryShortage` if there is too little memory for a model's first answers.
  func requireMemory(for model: SpanClassifier) throws {
    try inference.requireMemory(for: model, data: inputs, logits: 2 * inputs.tokenCount)
  }

  /// The most bytes that the texts of all answers may take. A word without pieces is one token
  /// however long it is, and each question about its text keeps up to twenty answers with it.
  private static let mostAnswerBytes = 256 << 20

  /// A model's answers to all questions, in order.
  ///
  /// - Throws: as `Inference.logits`; `FileError` for texts whose answers are too long to be kept.
  public func answers(
    _ model: SpanClassifier, batchSize: Int = 32
  ) throws -> [PredictedAnswer] {
    let logits = try inference.logits(model, data: inputs, batchSize: batchSize)
    let borders = inputs.borders
    let slots = ResultSlots<PredictedAnswer>(count: windows.dataset.count)
    let kept = Atomic<Int>(0)
    try pool.run(count: windows.dataset.count) { question in
      let answer = decoder.answer(question, in: windows) { window in
        let rows = logits.rows(borders[window]..<borders[window + 1])
        return (rows.columns(0..<1).values, rows.columns(1..<2).values)
      }
      let bytes = answer.candidates.reduce(0) { $0 + $1.text.utf8.count }
      guard kept.wrappingAdd(bytes, ordering: .relaxed).newValue <= Self.mostAnswerBytes else {
        throw FileError(
          file: windows.dataset.source,
          problem: "the answers together are longer than \(Self.mostAnswerBytes >> 20) MB, because "
            + "texts have endless words; split those words, or give fewer questions.")
      }
      slots[question] = answer
    }
    return windows.dataset.questions.indices.compactMap { slots[$0] }
  }

  /// The official metrics of answers, in percent. For version 2.0 also the best scores that any
  /// thresholds could reach, and those thresholds.
  public func metrics(of answers: [PredictedAnswer]) -> [(name: String, value: Double)] {
    var result = AnswerScores(
      windows.dataset, answers: answers.map(\.text), version: version
    ).metrics
    guard version == .v2_0 else { return result }
    let best = AnswerScores(windows.dataset, answers: answers.map(\.bestText), version: version)
      .bestThresholds(margins: answers.map(\.noAnswerMargin))
    for (name, found) in [("best_exact", best.exact), ("best_f1", best.f1)] {
      result.append((name, found.score))
      if let threshold = found.threshold { result.append(("\(name)_thresh", threshold)) }
    }
    return result
  }

  /// Confidence intervals of exact match and F1, in percent, under the names that `metrics` uses.
  public func intervals(
    of answers: [PredictedAnswer], bootstrap: Bootstrap
  ) -> [(name: String, interval: Bootstrap.Interval)] {
    let scores = AnswerScores(windows.dataset, answers: answers.map(\.text), version: version)
    let found = bootstrap.intervals(
      ofMeans: [scores.exact, scores.f1].map { $0.map { 100 * $0 } }, pool: pool)
    return zip(scores.metrics, found).compactMap { metric, interval in
      interval.map { (name: metric.name, interval: $0) }
    }
  }

  /// The metrics of a model.
  public func measure(
    _ model: SpanClassifier, batchSize: Int = 32
  ) throws -> EvaluationParts.Result {
    EvaluationParts.Result(
      metrics: metrics(of: try answers(model, batchSize: batchSize)), cautions: [])
  }

  /// What is wrong with a model that does worse than one that answers no question at all, or nil.
  ///
  /// - Parameter model: what the sentence calls the model; the sentence begins with it.
  package func weakness(_ metrics: [(name: String, value: Double)], model: String) -> String? {
    let questions = windows.dataset.questions
    let baseline =
      100 * Double(questions.count { $0.answers.isEmpty }) / Double(max(1, questions.count))
    guard version == .v2_0, let f1 = metrics.first(where: { $0.name == "f1" })?.value,
      f1 < baseline
    else { return nil }
    let (found, always) = ((f1 * 100).rounded() / 100, (baseline * 100).rounded() / 100)
    return "\(model) has f1 \(found) on this data, less than the \(always) of never answering"
  }
}

extension QuestionEvaluation: ValidationData {
  package var metricNames: [String] { version.metricNames }
  package var count: Int { windows.dataset.count }
  package var hashes: [(String, String)] { [("validation", inputs.contentHash)] }
}
