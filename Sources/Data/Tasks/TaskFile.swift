extension TaskDescription {
  /// How a column of a file is found.
  public enum Column: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// By its name in the first line, wherever it stands; in JSON by its key.
    case named(String)
    /// By its number, counted from 0; −1 is the last one.
    case at(Int)

    /// True for a column that is found by its number.
    var isNumbered: Bool { if case .at = self { true } else { false } }

    /// A named column.
    public init(stringLiteral name: String) { self = .named(name) }
    /// A numbered column.
    public init(integerLiteral number: Int) { self = .at(number) }
  }

  /// How rows and fields are told apart.
  public enum Format: Sendable, Equatable {
    /// A row a line, tabs between fields, quotes mean nothing.
    case tabSeparated
    /// Fields that may be quoted, quotes in them doubled: CSV. `lineBreak` is what the set spells a
    /// line break within a text with, such as a backslash; it becomes a space.
    case quoted(separator: UInt8 = UInt8(ascii: ","), lineBreak: String? = nil)
    /// An object whose member `key` is an array with an object a row.
    case jsonArray(key: String)
    /// An object a line; lines without anything are passed over.
    case jsonLines
    /// A text a line, tabs and all.
    case lines
  }

  /// A file that a split can be read from.
  public struct File: Sendable, Equatable {
    /// Name in the task's folder.
    public var name: String
    /// How rows and fields are told apart.
    public var format = Format.tabSeparated
    /// Whether the first line names the columns.
    public var hasHeader: Bool
    /// Columns of the first and, for pairs, the second text.
    public var textColumns: [Column]
    /// True when the texts of all columns, with spaces between, are one text.
    public var joinsTexts = false
    /// Column of the label, nil when there is none.
    public var labelColumn: Column?
    /// How this file spells the labels, in the order of their ids, where it is not the task's way.
    public var labelSpellings: [String]?
    /// What stands between the labels of a row that may have several, or none; in JSON an array holds
    /// them. Nil where a row has one label.
    public var labelSeparator: String?
    /// A label that means that the annotators did not agree; its rows are left out, as is usual.
    public var undecidedLabel: String?
    /// True for distributions that are known to hold a few rows without a text or a label: those are
    /// left out and listed, whatever happens to bad rows elsewhere.
    public var hasBrokenRows = false
    /// True where a row without a text counts like others, because every row needs an answer.
    var allowsEmptyTexts = false
    /// Columns by which the set's authors break results down.
    public var groupColumns: [String] = []

    /// A file with a header if any column goes by its name.
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

    /// The same file with changes.
    func with(_ change: (inout File) -> Void) -> File {
      var copy = self
      change(&copy)
      return copy
    }
  }
}

extension [Split: TaskDescription.File] {
  /// `train.tsv` and `dev.tsv` with labels, `test.tsv` without, columns by the same names.
  static func glue(texts: [String], label: String) -> Self {
    let columns = texts.map(TaskDescription.Column.named)
    return [
      .train: .init(name: "train.tsv", textColumns: columns, labelColumn: .named(label)),
      .validation: .init(name: "dev.tsv", textColumns: columns, labelColumn: .named(label)),
      .test: .init(name: "test.tsv", textColumns: columns, labelColumn: nil),
    ]
  }
}
