import Data
import Dispatch
import Inference
import Kernels
import Models

/// A fine-tuned classifier that answers from a folder: texts, or pairs of texts, go in; labels with
/// probabilities, or scores, come out.
///
/// The folder is one that mate-kd or transformers wrote (`ForSequenceClassification` of a BERT,
/// RoBERTa, DistilBERT, ELECTRA or XLM-RoBERTa), with its tokenizer.
///
/// ```swift
/// let classifier = try TextClassifier(folder: folder)
/// let answer = try classifier.classify("a fine film")
/// print(answer.label ?? "none", answer.probability(of: "positive") ?? 0)
/// ```
///
/// All methods may be called from any number of threads at once. At most ``threads`` of the calls
/// compute at the same time; the others wait. The answer to a text does not depend on what else is
/// asked, except in the last bits of its numbers.
public final class TextClassifier: Sendable {
  /// How many texts an answer is about.
  public enum Input: Sendable, Equatable {
    /// One text.
    case text
    /// Two texts, such as a premise and a hypothesis.
    case pair
    /// The folder does not tell; both are taken.
    case unknown
  }

  /// The names of the labels, in the order of the logits; the name of the score for regression.
  public let labels: [String]
  /// What a classification is about. Known for models that mate-kd trained.
  public let input: Input
  /// Longer texts are cut to this many tokens.
  public let maximumTokens: Int
  /// The number of threads that a batch is computed on.
  public var threads: Int { classifier.pool.threads }

  private let classifier: FineTunedClassifier
  private let isRegression: Bool
  private let isMultiLabel: Bool
  private let gate: DispatchSemaphore

  /// Opens a model.
  ///
  /// - Parameters:
  ///   - folder: the model's folder, or the name on the Hub of one that lies in Hugging Face's
  ///     local cache. Nothing is downloaded.
  ///   - maximumTokens: texts are cut to this many tokens, special ones included; nil means what
  ///     the model was trained with if mate-kd knows it, otherwise 128, or the model's limit if
  ///     that is less.
  ///   - labels: names in the order of the outputs, for a model whose `config.json` has none
  ///     (`LABEL_0`, `LABEL_1` and so on).
  ///   - threads: threads of a batch; 0 means one per processor, or what a quota grants.
  public init(
    folder: String, maximumTokens: Int? = nil, labels: [String]? = nil, threads: Int = 0
  ) throws(ClassifierError) {
    do {
      guard threads >= 0, maximumTokens ?? 3 >= 3 else {
        throw ClassifierError(
          .mismatch, "threads must be at least 0 and maximumTokens at least 3")
      }
      let path = try HubCache().folder(folder)
      let architecture = try ModelFolder(path).configuration.architecture
      guard architecture?.hasSuffix(SequenceClassifier.headName) ?? true else {
        throw ClassifierError(
          .mismatch,
          "\(path) holds no classifier but a \(architecture ?? "model"); mate-kd "
            + "teacher-finetune makes one of it")
      }
      let task = try Self.task(of: path)
      classifier = try FineTunedClassifier(
        folder: path, maxSeqLength: maximumTokens ?? task?.maxSeqLength, threads: threads,
        labelOrder: labels)
      input = task.map { $0.task.isPair ? .pair : .text } ?? .unknown
    } catch {
      throw ClassifierError(error)
    }
    self.maximumTokens = classifier.maxSeqLength
    let outputs = classifier.model.labels
    self.labels = outputs.names
    isRegression = outputs.isRegression
    isMultiLabel = outputs.problem == .severalLabels
    gate = DispatchSemaphore(value: classifier.pool.threads)
  }

  /// What mate-kd knows of the task that the model was trained on; nil for other models.
  private static func task(of folder: String) throws -> AppliedTask? {
    do { return try AppliedTask(model: folder) } catch is MismatchError { return nil }
  }

  /// The answer to a text.
  public func classify(_ text: String) throws(ClassifierError) -> Answer {
    try only(classify([text]))
  }

  /// The answer to a pair of texts.
  public func classify(_ first: String, _ second: String) throws(ClassifierError) -> Answer {
    try only(classify(pairs: [(first, second)]))
  }

  /// The answers to texts, in their order.
  public func classify(_ texts: [String]) throws(ClassifierError) -> [Answer] {
    guard input != .pair else {
      throw ClassifierError(
        .texts, "the model was trained on pairs of texts; give it two texts, or pairs")
    }
    var data = TextDataset(source: "texts", isPair: false)
    for (row, text) in texts.enumerated() {
      data.append(Array(text.utf8)[...], nil, label: .none, line: row + 1)
    }
    return try answers(data)
  }

  /// The answers to pairs of texts, in their order.
  public func classify(
    pairs: [(first: String, second: String)]
  ) throws(ClassifierError) -> [Answer] {
    guard input != .text else {
      throw ClassifierError(.texts, "the model was trained on single texts, not on pairs")
    }
    var data = TextDataset(source: "texts", isPair: true)
    for (row, pair) in pairs.enumerated() {
      data.append(
        Array(pair.first.utf8)[...], Array(pair.second.utf8)[...], label: .none, line: row + 1)
    }
    return try answers(data)
  }

  /// The answer of a batch of one.
  private func only(_ answers: [Answer]) -> Answer { answers[0] }

  private func answers(_ texts: TextDataset) throws(ClassifierError) -> [Answer] {
    // OpenBLAS has a buffer for each thread that multiplies, and only so many of them.
    gate.wait()
    defer { gate.signal() }
    do {
      let logits = try classifier.logits(classifier.tokenized(texts), batchSize: 32)
      return (0..<logits.rows).map { row in
        Answer(
          logits: logits.rows(row..<row + 1).values, names: labels, isRegression: isRegression,
          isMultiLabel: isMultiLabel)
      }
    } catch {
      throw ClassifierError(error)
    }
  }
}
