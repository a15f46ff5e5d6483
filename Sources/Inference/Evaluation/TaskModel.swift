import Autograd
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
  public let model: SequenceClassifier
  /// Sentences that the user should see, such as how the labels of another task are interpreted.
  public let notices: [String]
  /// For a model of another task: the class that each output stands for.
  private let outputs: [Int32]?
  private let tokenizer: any Tokenizer
  private let maxSeqLength: Int
  private let pool: ThreadPool
  private let precision: Precision

  /// Opens a model folder for a task.
  ///
  /// - Parameters:
  ///   - maxSeqLength: texts are cut to this many tokens; nil means 128, or the model's limit if
  ///     that is less.
  ///   - precision: the precision of the factors in products with weights; the processor must
  ///     support it.
  ///   - labelOrder: the labels in the order of the outputs, for a model without label names.
  /// - Throws: errors of the folder; `MismatchError` if labels or lengths do not fit.
  public init(
    folder: String, task: TaskDescription, maxSeqLength: Int? = nil, threads: Int = 0,
    precision: Precision = .float32, labelOrder: [String]? = nil
  ) throws {
    pool = try OpenBLAS.threadPool(threads)
    self.precision = precision
    let files = try ModelFolder(folder)
    let labels = try ModelOpener.labels(of: files, order: labelOrder) {
      MismatchError(.training, $0)
    }
    let (found, report) = try files.classifier(seed: 0)
    let model = labels.map { found.renamed($0) } ?? found
    guard report.initialized.isEmpty else {
      throw MismatchError(
        .training,
        "\(folder) is not a fine-tuned classifier: its checkpoint lacks "
          + report.initialized.joined(separator: ", "))
    }
    let opened = try ModelOpener.checkVocabulary(
      OpenedModel(
        model: model, tokenizer: try TokenizerLoader.load(folder: folder), tokenizerSource: folder,
        report: report, role: "model"))
    let length = maxSeqLength ?? min(128, model.encoder.configuration.maximumLength)
    try ModelOpener.checkLength(length, of: [("model", model)])
    let aligned = try ModelOpener.alignOrFold(opened, with: task)
    self.model = aligned.model.model
    outputs = aligned.outputs
    notices = [aligned.notice].compactMap { $0 }
    self.task = task
    tokenizer = opened.tokenizer
    self.maxSeqLength = length
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
  /// - Parameter bootstrap: how confidence intervals are found; nil for none.
  /// - Throws: `FileError` if the split cannot be read or has no labels.
  public func evaluate(
    split: Split, directory: String, batchSize: Int, bootstrap: Bootstrap? = nil
  ) throws -> Report {
    let text = try DatasetReader.read(task: task, split: split, directory: directory)
    let data = TokenizedDataset(
      text, tokenizer: tokenizer, maximumLength: maxSeqLength, pool: pool)
    guard data.isLabelled else {
      throw FileError(
        file: text.source, problem: "the rows have no labels; use mate-kd predict for them.")
    }
    let start = ContinuousClock.now
    let evaluation = TaskEvaluation(
      logits: try logits(data, batchSize: batchSize),
      isRegression: task.isRegression, isMultiLabel: task.isMultiLabel, folding: outputs)
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
        evaluation.intervals(of: task, data: data, bootstrap: $0, pool: pool)
      } ?? [],
      confusion: evaluation.confusion(of: task, data: data))
  }

  /// The model's outputs for every row of a file.
  public struct Predictions: Sendable {
    fileprivate let evaluation: TaskEvaluation
    /// The task's labels; empty for regression.
    fileprivate let labels: [String]

    /// Number of rows.
    public var count: Int { evaluation.logits.rows }
    /// The name of the likeliest label; nil for regression and if a row may have several labels.
    public func label(_ row: Int) -> String? {
      labels.isEmpty || !evaluation.predictedSets.isEmpty
        ? nil : labels[Int(evaluation.predictedClasses[row])]
    }
    /// The names of the labels that are more likely than not; nil if a row has one label or a
    /// score.
    public func labelSet(_ row: Int) -> [String]? {
      guard !evaluation.predictedSets.isEmpty else { return nil }
      return labels.indices.filter { evaluation.predictedSets[row * labels.count + $0] }
        .map { labels[$0] }
    }
    /// The ids of the likeliest labels, or the scores of a regression task: one element per row.
    public var answers: GLUESubmission.Answers {
      labels.isEmpty
        ? .scores(evaluation.predictedScores) : .classes(evaluation.predictedClasses)
    }
    /// The row's logits, in the order of the model's own outputs.
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

  private func logits(_ data: TokenizedDataset, batchSize: Int) throws -> Matrix {
    let inference = Inference(pool: pool, precision: precision)
    try inference.requireMemory(
      for: model, data: data, logits: data.count * model.labels.count)
    return try inference.logits(model, data: data, batchSize: batchSize)
  }

  /// Applies the model to texts.
  public func predict(_ text: TextDataset, batchSize: Int) throws -> Predictions {
    let data = TokenizedDataset(
      text, tokenizer: tokenizer, maximumLength: maxSeqLength, pool: pool)
    let logits = try logits(data, batchSize: batchSize)
    return Predictions(
      evaluation: TaskEvaluation(
        logits: logits, isRegression: task.isRegression, isMultiLabel: task.isMultiLabel,
        folding: outputs),
      labels: task.labelNames)
  }
}
