/// The part of the section `task` that describes data of one's own: how the files look, and how
/// predictions are judged.
public struct OwnTask: Sendable, Equatable {
  /// `format` of the files.
  public enum Format: String, Sendable, CaseIterable {
    /// A row a line, tabs between fields.
    case tsv
    /// Fields that may be quoted (RFC 4180).
    case csv
    /// A JSON object a line.
    case jsonl
  }

  /// `separator` of the fields of CSV.
  public enum Separator: String, Sendable, CaseIterable {
    /// `,`
    case comma = ","
    /// `;`, as spreadsheets write it where the comma is the decimal mark.
    case semicolon = ";"
  }

  /// A column.
  public enum Column: Sendable, Equatable {
    /// By its name in the first line, or its key in JSON.
    case named(String)
    /// By its number, counted from 0; -1 is the last one.
    case at(Int)
  }

  /// `metrics`, by the names that results have.
  public enum Metric: String, Sendable, CaseIterable {
    /// Share of rows with the right label.
    case accuracy
    /// F1 of the second of two labels.
    case f1
    /// Mean of the F1 of all labels.
    case macroF1 = "f1_macro"
    /// F1 over all labels of all rows, where a row may have several.
    case microF1 = "f1_micro"
    /// Matthews' correlation coefficient.
    case matthews = "matthews_correlation"
    /// Pearson's correlation of scores.
    case pearson
    /// Spearman's rank correlation of scores.
    case spearman = "spearmanr"

    /// Whether it measures scores rather than labels.
    public var isOfScores: Bool { self == .pearson || self == .spearman }
  }

  /// What a row is labelled with.
  public enum Target: Sendable, Equatable {
    /// `labels`, the names in the order of the model's outputs, and `label_spellings`, how the files
    /// write them, in the same order.
    case labels([String], spellings: [String])
    /// `score_range`, the smallest and the largest score.
    case score(ClosedRange<Double>)
  }

  /// `files`, by their names in the data folder.
  public struct Files: Sendable, Equatable {
    /// `train`
    public var train: String
    /// `validation`
    public var validation: String
    /// `test`, with or without labels.
    public var test: String

    /// The files of the three splits.
    public init(train: String, validation: String, test: String) {
      (self.train, self.validation, self.test) = (train, validation, test)
    }
  }

  /// `format`
  public var format: Format
  /// `quotes`: whether fields of TSV may be quoted as in CSV; else a quote is text.
  public var quotes: Bool
  /// `separator` of CSV.
  public var separator: Separator
  /// `header`: whether the first line of TSV or CSV names the columns.
  public var header: Bool
  /// `text`: the column of the text, or of the first one of a pair.
  public var text: Column
  /// `text_pair`: the column of the second text, nil where a row has one.
  public var textPair: Column?
  /// `label`: the column of the label or score.
  public var label: Column
  /// What the label column holds.
  public var target: Target
  /// `multi_label`: whether a row may have several labels, or none.
  public var isMultiLabel: Bool
  /// `label_separator`: what stands between them in TSV and CSV.
  public var labelSeparator: String
  /// `metrics`; the first one chooses the best model.
  public var metrics: [Metric]
  /// `files`
  public var files: Files

  /// A description made by the program; `files` are called as GLUE's by default.
  public init(
    format: Format, quotes: Bool = false, separator: Separator = .comma, header: Bool = true,
    text: Column, textPair: Column? = nil, label: Column, target: Target,
    isMultiLabel: Bool = false, labelSeparator: String = "|", metrics: [Metric],
    files: Files? = nil
  ) {
    self.format = format
    self.quotes = quotes
    self.separator = separator
    self.header = header
    self.text = text
    self.textPair = textPair
    self.label = label
    self.target = target
    self.isMultiLabel = isMultiLabel
    self.labelSeparator = labelSeparator
    self.metrics = metrics
    self.files = files ?? .usual(format)
  }
}

extension OwnTask.Files {
  /// `train`, `dev` and `test` with the ending of the format.
  static func usual(_ format: OwnTask.Format) -> OwnTask.Files {
    let ending = format.rawValue
    return OwnTask.Files(
      train: "train.\(ending)", validation: "dev.\(ending)", test: "test.\(ending)")
  }
}
