/// What a task's files look like and how its predictions are judged. A task is a value, not a
/// subclass: adding one is a file beside this and a line in `TaskRegistry`.
public struct TaskDescription: Sendable, Equatable {
  /// One label.
  public struct Label: Sendable, Equatable {
    /// The name in a model's `id2label`.
    public var name: String
    /// The spelling in the TSV files.
    public var spelling: String

    /// A label whose spelling is its name unless given.
    public init(_ name: String, spelling: String? = nil) {
      self.name = name
      self.spelling = spelling ?? name
    }
  }

  /// The name users write, such as `sst-2`.
  public var name: String
  /// Folder in the directory of all tasks, such as `SST-2`; empty for a task whose files have no
  /// folder of their own in there.
  public var folder: String
  /// Labels in the order of their ids; empty for regression.
  public var labels: [Label]
  /// Smallest and largest score of a regression task, nil for classification.
  public var scoreRange: ClosedRange<Float>?
  /// All metrics reported.
  public var metrics: [Metric]
  /// The metric that chooses the best model.
  public var headlineMetric: Metric
  /// The files of each split, the usual one first; the first that is there is read.
  public var files: [Split: [File]]
  /// Tasks whose models can be measured on this one though their labels differ.
  public var foldings: [LabelFolding]
  /// True for a task that a configuration describes. A file in another layout is not taken as a text
  /// a line then, unless it is called `.txt`.
  public var isOwn = false
  /// The version of SQuAD for tasks in which questions are answered by parts of a text: they have
  /// a JSON file a split, no labels, and the metrics of `AnswerScores`; nil for all other tasks.
  public var questions: SQuADVersion?

  /// A task as described; the first metric is the headline.
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

  /// True when the label is a number.
  public var isRegression: Bool { scoreRange != nil }

  /// True when a row may have several labels, or none.
  public var isMultiLabel: Bool { files.values.joined().contains { $0.labelSeparator != nil } }

  /// True when a row has two texts.
  public var isPair: Bool {
    files.values.joined().contains { !$0.joinsTexts && $0.textColumns.count > 1 }
  }

  /// The splits that models are measured on in a run, with what is added to the names of metrics:
  /// `_mm` for the mismatched genres of MNLI.
  public var validationSplits: [(split: Split, suffix: String)] {
    [(.validation, ""), (.validationMismatched, "_mm")].filter { files[$0.0] != nil }
  }

  /// Width of the classification head: the labels, or 1 for regression.
  public var outputCount: Int { isRegression ? 1 : labels.count }

  /// Names of the labels in the order of their ids.
  public var labelNames: [String] { labels.map(\.name) }
}
