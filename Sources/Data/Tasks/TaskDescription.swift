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

  /// The file of one split.
  public struct File: Sendable, Equatable {
    /// Name in the task's folder.
    public var name: String
    /// The names expected in the first line, tab-separated, or nil when the first line is a row.
    /// Only the columns that are read are compared.
    public var header: [String]?
    /// Columns of the first and, for pairs, the second text, counted from 0.
    public var textColumns: [Int]
    /// Column of the label counted from 0, −1 for the last, nil when there is none.
    public var labelColumn: Int?

    /// A file as described.
    public init(name: String, header: [String]?, textColumns: [Int], labelColumn: Int?) {
      self.name = name
      self.header = header
      self.textColumns = textColumns
      self.labelColumn = labelColumn
    }
  }

  /// The name users write, such as `sst-2`.
  public var name: String
  /// Folder in a GLUE directory, such as `SST-2`.
  public var folder: String
  /// Labels in the order of their ids; empty for regression.
  public var labels: [Label]
  /// Smallest and largest score of a regression task, nil for classification.
  public var scoreRange: ClosedRange<Float>?
  /// All metrics reported.
  public var metrics: [Metric]
  /// The metric that chooses the best model.
  public var headlineMetric: Metric
  /// The files.
  public var files: [Split: File]

  /// A task as described; the first metric is the headline.
  public init(
    name: String, folder: String, labels: [Label], scoreRange: ClosedRange<Float>? = nil,
    metrics: [Metric], files: [Split: File]
  ) {
    self.name = name
    self.folder = folder
    self.labels = labels
    self.scoreRange = scoreRange
    self.metrics = metrics
    headlineMetric = metrics.first ?? .accuracy
    self.files = files
  }

  /// True when the label is a number.
  public var isRegression: Bool { scoreRange != nil }

  /// True when a row has two texts.
  public var isPair: Bool { files.values.contains { $0.textColumns.count > 1 } }

  /// Width of the classification head: the labels, or 1 for regression.
  public var outputCount: Int { isRegression ? 1 : labels.count }

  /// Names of the labels in the order of their ids.
  public var labelNames: [String] { labels.map(\.name) }
}
