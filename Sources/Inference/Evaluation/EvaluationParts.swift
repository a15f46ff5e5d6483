import Data
import Kernels
import Models

/// The labelled validation data of a task, ready for measuring models.
public struct EvaluationParts: Sendable {
  /// One split, with the suffix that its metrics' names get.
  public struct Part: Sendable {
    /// The labelled texts.
    public let data: TokenizedDataset
    /// The suffix, such as `_mm`; empty for the main split.
    public let suffix: String

    /// A split.
    public init(data: TokenizedDataset, suffix: String) {
      (self.data, self.suffix) = (data, suffix)
    }
  }

  /// The results of a model.
  public struct Result: Sendable {
    /// Metrics and mean loss of the main split, then of the others.
    public var metrics: [(name: String, value: Double)] = []
    /// Sentences about metrics that mean little for these predictions.
    public var cautions: [String] = []
    /// The predictions for the rows of the main split; nil if nothing was measured.
    public var predictions: ValidationPredictions?

    /// Results; empty by default.
    public init(
      metrics: [(name: String, value: Double)] = [], cautions: [String] = [],
      predictions: ValidationPredictions? = nil
    ) {
      self.metrics = metrics
      self.cautions = cautions
      self.predictions = predictions
    }
  }

  /// The task.
  public let task: TaskDescription
  /// The main split.
  public let data: TokenizedDataset
  /// Further splits, such as the mismatched genres of MNLI.
  public let others: [Part]
  private let inference: Inference

  /// An evaluation on a thread pool.
  ///
  /// - Parameters:
  ///   - precision: the precision of the factors in products with weights.
  ///   - shouldStop: as for `Inference`.
  public init(
    task: TaskDescription, data: TokenizedDataset, others: [Part] = [], pool: ThreadPool,
    precision: Precision = .float32, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    self.task = task
    self.data = data
    self.others = others
    inference = Inference(pool: pool, precision: precision, shouldStop: shouldStop)
  }

  /// The number of rows in all splits.
  public var count: Int { others.reduce(data.count) { $0 + $1.data.count } }

  /// The task's metrics and the mean loss of a model, with cautions about them.
  public func measure(_ model: SequenceClassifier, batchSize: Int = 32) throws -> Result {
    measure(try logits(model, batchSize: batchSize))
  }

  /// A model's logits on each split.
  package func logits(_ model: SequenceClassifier, batchSize: Int = 32) throws -> [Matrix] {
    try parts.map { try inference.logits(model, data: $0.data, batchSize: batchSize) }
  }

  /// The task's metrics and the mean loss of logits, with cautions about them.
  ///
  /// - Parameter logits: for the rows of each split.
  package func measure(_ logits: [Matrix]) -> Result {
    var result = Result()
    for (part, logits) in zip(parts, logits) {
      let evaluation = TaskEvaluation(logits: logits, of: task)
      result.metrics += evaluation.metrics(of: task, data: part.data).map {
        (name: $0.name + part.suffix, value: $0.value)
      }
      result.cautions += evaluation.cautions(of: task, data: part.data)
      if result.predictions == nil {
        result.predictions = ValidationPredictions(evaluation, data: part.data)
      }
    }
    return result
  }

  private var parts: [Part] { [Part(data: data, suffix: "")] + others }
}

extension EvaluationParts: ValidationData {
  package var metricNames: [String] {
    let names =
      task.metrics.map(\.rawValue) + (task.metrics.count > 1 ? ["combined_score"] : []) + ["loss"]
    return ([""] + others.map(\.suffix)).flatMap { suffix in names.map { $0 + suffix } }
  }

  package var hashes: [(String, String)] {
    parts.map { ("validation\($0.suffix)", $0.data.contentHash) }
  }
}
