/// The layout of a task's files, and how its predictions are judged. A task is a value, not a
/// subclass: to add one, add a file next to this one and a line in `TaskRegistry`.
public struct TaskDescription: Sendable, Equatable {
  /// One label.
  public struct Label: Sendable, Equatable {
    /// The name in a model's `id2label`.
    public var name: String
    /// The spelling in the task's files.
    public var spelling: String

    /// A label. Its spelling is its name unless given.
    public init(_ name: String, spelling: String? = nil) {
      self.name = name
      self.spelling = spelling ?? name
    }
  }

  /// The name that users write, such as `sst-2`.
  public var name: String
  /// The folder in the directory of all tasks, such as `SST-2`; empty for a task whose files have
  /// no folder of their own there.
  public var folder: String
  /// Labels in the order of their ids; empty for regression.
  public var labels: [Label]
  /// The smallest and largest score of a regression task; nil for classification.
  public var scoreRange: ClosedRange<Float>?
  /// All metrics reported.
  public var metrics: [Metric]
  /// The metric that selects the best model.
  public var headlineMetric: Metric
  /// The possible files of each split, the usual one first. The first one that exists is read.
  public var files: [Split: [File]]
  /// Tasks whose models can be measured on this one although their labels differ.
  public var foldings: [LabelFolding]
  /// True for a task that a configuration describes. A file in another layout is then not treated
  /// as one text per line, unless it is called `.txt`.
  public var isOwn = false
  /// The version of SQuAD, for tasks in which parts of a text answer questions. They have one JSON
  /// file per split, no labels, and the metrics of `AnswerScores`. Nil for all other tasks.
  public var questions: SQuADVersion?

  /// A task as described. The first metric is the headline metric.
  public init(
    name: String, folder: String, labels: [Label], scoreRange: ClosedRange<Float>? = nil,
    metrics: [Metric], files: [Split: File], alternatives: [Split: [File]] = [:],
    foldings: [LabelFolding] = []
  ) {
    self.name = name
    self.folder = folder
    self.labels = labels
    self.scoreRange = scoreRange
    self.metrics = metrics
    headlineMetric = metrics.first ?? .accuracy
    self.files = files.mapValues { [$0] }.merging(alternatives, uniquingKeysWith: +)
    self.foldings = foldings
  }

  /// What a model should say about a row.
  public var targets: Targets.Kind {
    if questions != nil { return .spans }
    return isRegression ? .scores : isMultiLabel ? .labelSets : .classes
  }

  /// True if the label is a number.
  public var isRegression: Bool { scoreRange != nil }

  /// True if a row may have several labels, or none.
  public var isMultiLabel: Bool { files.values.joined().contains { $0.labelSeparator != nil } }

  /// True if a row has two texts.
  public var isPair: Bool {
    files.values.joined().contains { !$0.joinsTexts && $0.textColumns.count > 1 }
  }

  /// The splits on which a run measures a model, with the suffix of the metric names: `_mm` for the
  /// mismatched genres of MNLI.
  public var validationSplits: [(split: Split, suffix: String)] {
    [(.validation, ""), (.validationMismatched, "_mm")].filter { files[$0.0] != nil }
  }

  /// The names of the labels in the order of their ids.
  public var labelNames: [String] { labels.map(\.name) }
}
