extension TaskDescription {
  /// How to find a column of a file.
  public enum Column: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// By its name in the first line, wherever it is; in JSON by its key.
    case named(String)
    /// By its number, counted from 0; −1 is the last column.
    case at(Int)

    /// True for a column that is found by its number.
    var isNumbered: Bool { if case .at = self { true } else { false } }

    /// A named column.
    public init(stringLiteral name: String) { self = .named(name) }
    /// A numbered column.
    public init(integerLiteral number: Int) { self = .at(number) }
  }

  /// How rows and fields are separated.
  public enum Format: Sendable, Equatable {
    /// One row per line, with tabs between fields. Quotes have no meaning.
    case tabSeparated
    /// CSV: fields may be quoted, with quotes in them doubled. `lineBreak` is how the data set
    /// writes a line break within a text, such as a backslash; it becomes a space.
    case quoted(separator: UInt8 = UInt8(ascii: ","), lineBreak: String? = nil)
    /// An object whose member `key` is an array with one object per row.
    case jsonArray(key: String)
    /// One object per line, blank lines being skipped, or one array of objects.
    case jsonLines
    /// One text per line, including its tabs.
    case lines
  }

  /// A file from which a split can be read.
  public struct File: Sendable, Equatable {
    /// The name in the task's folder.
    public var name: String
    /// How rows and fields are separated.
    public var format = Format.tabSeparated
    /// Whether the first line names the columns.
    public var hasHeader: Bool
    /// The columns of the first text and, for pairs, of the second text.
    public var textColumns: [Column]
    /// True if the texts of all columns, joined by spaces, form one text.
    public var joinsTexts = false
    /// The column of the label; nil if there is none.
    public var labelColumn: Column?
    /// How this file spells the labels, in the order of their ids; nil if it uses the task's
    /// spelling.
    public var labelSpellings: [String]?
    /// What separates the labels of a row that may have several, or none; in JSON they are in an
    /// array. Nil if a row has one label.
    public var labelSeparator: String?
    /// The label which means that the annotators did not agree. Its rows are left out, as is usual.
    public var undecidedLabel: String?
    /// True for distributions that are known to contain a few rows without a text or a label. Those
    /// are left out and listed, whatever happens to bad rows elsewhere.
    public var hasBrokenRows = false
    /// True if a row without a text counts like the others, because every row needs an answer.
    var allowsEmptyTexts = false
    /// Columns by which the authors of the data set break results down.
    public var groupColumns: [String] = []

    /// A file. By default it has a header if any column is found by name.
    public init(name: String, textColumns: [Column], labelColumn: Column?, hasHeader: Bool? = nil) {
      self.name = name
      self.textColumns = textColumns
      self.labelColumn = labelColumn
      self.hasHeader =
        hasHeader
        ?? (textColumns + [labelColumn].compactMap { $0 }).contains {
          if case .named = $0 { true } else { false }
        }
    }

    /// A copy of the file with changes.
    func with(_ change: (inout File) -> Void) -> File {
      var copy = self
      change(&copy)
      return copy
    }
  }
}

extension TaskDescription {
  /// True if rows without a text count like the others in all files; otherwise they are bad rows.
  public var allowsEmptyTexts: Bool {
    get { files.values.joined().contains(where: \.allowsEmptyTexts) }
    set {
      files = files.mapValues { files in
        files.map { file in file.with { $0.allowsEmptyTexts = newValue } }
      }
    }
  }
}

extension [Split: TaskDescription.File] {
  /// `train.tsv` and `dev.tsv` with labels, and `test.tsv` without, with the same column names.
  static func glue(texts: [String], label: String) -> Self {
    let columns = texts.map(TaskDescription.Column.named)
    return [
      .train: .init(name: "train.tsv", textColumns: columns, labelColumn: .named(label)),
      .validation: .init(name: "dev.tsv", textColumns: columns, labelColumn: .named(label)),
      .test: .init(name: "test.tsv", textColumns: columns, labelColumn: nil),
    ]
  }
}
