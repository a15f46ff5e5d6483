import Data
import Files
import Kernels
import Models

/// A fine-tuned model with its tokenizer, ready for the texts of a task.
///
/// ```swift
/// let task = try TaskRegistry.named("sst-2")
/// let model = try TaskModel(folder: folder, task: task)
/// let found = try model.predict(TextDataset(texts: ["a fine film"]), batchSize: 32)
/// print(found.label(0) ?? "none", found.probabilities(0))
/// ```
public struct TaskModel: Sendable {
  /// The task.
  public let task: TaskDescription
  /// The model. Its outputs are in the order of the task's labels, unless it is of another task.
  public var model: SequenceClassifier { classifier.model }
  /// Sentences that the user should see, such as how the labels of another task are interpreted.
  public let notices: [String]
  /// For a model of another task: the class that each output stands for.
  private let outputs: [Int32]?
  private let classifier: FineTunedClassifier

  /// Opens a model folder for a task.
  ///
  /// - Parameters:
  ///   - maxSeqLength: texts are cut to this many tokens; nil means 128, or the model's limit if
  ///     that is less.
  ///   - precision: the precision of the factors in products with weights; the processor must
  ///     support it.
  ///   - labelOrder: the labels in the order of the outputs, for a model without label names.
  ///   - specialTokensInText: whether texts may spell special tokens; nil leaves it to the folder.
  /// - Throws: errors of the folder; `MismatchError` if labels or lengths do not fit.
  public init(
    folder: String, task: TaskDescription, maxSeqLength: Int? = nil, threads: Int = 0,
    precision: Precision = .float32, labelOrder: [String]? = nil,
    specialTokensInText: Bool? = nil
  ) throws {
    var classifier = try FineTunedClassifier(
      folder: folder, maxSeqLength: maxSeqLength, threads: threads, precision: precision,
      labelOrder: labelOrder, specialTokensInText: specialTokensInText)
    let aligned = try classifier.align(with: task)
    outputs = aligned.outputs
    notices = [aligned.notice, classifier.markerNotice].compactMap { $0 }
    self.task = task
    self.classifier = classifier
  }

  /// The result of an evaluation.
  public struct Report: Sendable {
    /// The task's metrics and the mean loss.
    public let metrics: [(name: String, value: Double)]
    /// The headline metric by the groups that the authors of the data set report.
    public let breakdowns: [Breakdown]
    /// Sentences about rows that were left out and about metrics that mean little.
    public let notices: [String]
    /// Number of texts.
    public let samples: Int
    /// Seconds for the forward passes.
    public let seconds: Double
    /// Number of the model's weights.
    public let parameters: Int
    /// Confidence intervals of the metrics; empty unless asked for.
    public let intervals: [(name: String, interval: Bootstrap.Interval)]
    /// The task's labels against the predictions; nil for regression.
    public let confusion: ConfusionMatrix?
    /// Texts per second.
    public var samplesPerSecond: Double { Double(samples) / max(1e-9, seconds) }

    /// A report from an evaluation, or made up for tests.
    package init(
      metrics: [(name: String, value: Double)], breakdowns: [Breakdown] = [],
      notices: [String] = [], samples: Int, seconds: Double, parameters: Int,
      intervals: [(name: String, interval: Bootstrap.Interval)] = [],
      confusion: ConfusionMatrix? = nil
    ) {
      self.metrics = metrics
      self.breakdowns = breakdowns
      self.notices = notices
      self.samples = samples
      self.seconds = seconds
      self.parameters = parameters
      self.intervals = intervals
      self.confusion = confusion
    }
  }

  /// Measures the model on a labelled split.
  ///
  /// - Parameters:
  ///   - bootstrap: how confidence intervals are found; nil for none.
  ///   - badRows: what to do with rows that cannot be used.
  /// - Throws: `FileError` if the split cannot be read or has no labels.
  public func evaluate(
    split: Split, directory: String, batchSize: Int, bootstrap: Bootstrap? = nil,
    badRows: BadRows = .stop
  ) throws -> Report {
    let text = try DatasetReader.read(
      task: task, split: split, directory: directory, badRows: badRows)
    let data = classifier.tokenized(text)
    guard data.isLabelled else {
      throw FileError(
        file: text.source, problem: "the rows have no labels; use mate-kd predict for them.")
    }
    let start = ContinuousClock.now
    let evaluation = TaskEvaluation(
      logits: try classifier.logits(data, batchSize: batchSize), of: task, folding: outputs)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let metrics = evaluation.metrics(of: task, data: data)
    let weakness = WeakModel.problem(metrics, task: task, data: data, model: "the model")
    return Report(
      metrics: metrics,
      breakdowns: Breakdown.all(
        of: text, task: task, predictions: evaluation.predictedClasses),
      notices: text.notices + evaluation.cautions(of: task, data: data)
        + [weakness].compactMap { $0 },
      samples: data.count, seconds: seconds, parameters: model.parameters.count,
      intervals: bootstrap.map {
        evaluation.intervals(of: task, data: data, bootstrap: $0, pool: classifier.pool)
      } ?? [],
      confusion: evaluation.confusion(of: task, data: data))
  }

  /// The model's outputs for every row of a file.
  public struct Predictions: Sendable {
    fileprivate let evaluation: TaskEvaluation
    /// The task's labels; empty for regression.
    fileprivate let labels: [String]
    /// What the logits stand for, in their order: the task's labels in the task's order, or the
    /// labels of a model that was trained for another task in that model's own order.
    public let outputNames: [String]

    /// Number of rows.
    public var count: Int { evaluation.logits.rows }
    /// The name of the likeliest label; nil for regression and if a row may have several labels.
    public func label(_ row: Int) -> String? {
      guard case .classes(let classes) = evaluation.predictions else { return nil }
      return labels[Int(classes[row])]
    }
    /// The names of the labels that are more likely than not; nil if a row has one label or a
    /// score.
    public func labelSet(_ row: Int) -> [String]? {
      guard case .labelSets(let sets) = evaluation.predictions else { return nil }
      return labels.indices.filter { sets[row * labels.count + $0] }.map { labels[$0] }
    }
    /// The ids of the likeliest labels, or the scores of a regression task: one element per row.
    public var answers: GLUESubmission.Answers {
      switch evaluation.predictions {
      case .scores(let scores): .scores(scores)
      case .classes, .labelSets: .classes(evaluation.predictedClasses)
      }
    }
    /// The row's logits, in the order of `outputNames`.
    public func logits(_ row: Int) -> [Float] { evaluation.logits.rows(row..<row + 1).values }
    /// Probabilities of the task's labels; empty for regression.
    public func probabilities(_ row: Int) -> [Float] {
      labels.isEmpty ? [] : evaluation.probabilities(row, classes: labels.count)
    }
  }

  /// Applies the model to the rows of a file.
  public func predict(input: String, batchSize: Int) throws -> Predictions {
    try predict(DatasetReader.readInput(task: task, path: input), batchSize: batchSize)
  }

  /// Applies the model to texts.
  public func predict(_ text: TextDataset, batchSize: Int) throws -> Predictions {
    let data = classifier.tokenized(text)
    return Predictions(
      evaluation: TaskEvaluation(
        logits: try classifier.logits(data, batchSize: batchSize), of: task, folding: outputs),
      labels: task.labelNames, outputNames: model.labels.names)
  }
}
