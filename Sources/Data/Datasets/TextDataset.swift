import Files

/// Rows of text with labels, kept as bytes and offsets.
public struct TextDataset: Sendable {
  /// The label of a row.
  public enum Label: Sendable, Equatable {
    /// Index of a class.
    case `class`(Int32)
    /// Indices of the classes of a row that may have several, in ascending order.
    case classes([Int32])
    /// Score of a regression task.
    case score(Float)
    /// No label.
    case none
  }

  /// A row that was left out, and why.
  public typealias Rejection = FileError

  /// The file that was read, or a name for texts from elsewhere.
  public let source: String
  /// The task, or nil for a plain corpus.
  public let task: TaskDescription?
  /// Rows that were skipped because they could not be used, in file order.
  public internal(set) var rejections: [Rejection] = []

  /// Lines that were left out because the annotators did not agree on a label.
  public internal(set) var undecidedLines: [Int] = []
  /// How the file's labels were read, unless they are spelled as in the task's own files.
  var spellingNotice: String?
  /// How the file was read, for input whose layout had to be found; otherwise nil.
  public internal(set) var layout: String?
  /// The columns by which results are broken down; empty for most sets.
  public let groupNames: [String]

  private var groups: [[String]] = []
  private var storage: [UInt8] = []
  /// Ends of the first and second text of each row in `storage`.
  private var ends: [(first: Int, second: Int)] = []
  private var labels: [Label] = []
  private var lines: [Int] = []
  /// The number of each row among all rows of the file, counted from 0. Rows that were left out
  /// leave a gap.
  package private(set) var indices: [Int] = []
  /// For rows that were selected: how many rows the file has.
  private var selectedFrom: Int?
  private let isPair: Bool

  /// An empty data set with one text per row, or with pairs.
  public init(
    source: String, task: TaskDescription? = nil, isPair: Bool? = nil, groupNames: [String] = []
  ) {
    self.source = source
    self.task = task
    self.groupNames = groupNames
    self.isPair = isPair ?? task?.isPair ?? false
  }

  /// Texts without labels, such as a corpus for masked-language-model training.
  public init(texts: [String], source: String = "texts") {
    self.init(source: source)
    for (line, text) in texts.enumerated() {
      append(Array(text.utf8)[...], nil, label: .none, line: line + 1)
    }
  }

  /// Adds a row. `second` is ignored unless rows are pairs. `groups` has one value for each of
  /// `groupNames`. `number` is the row's among all rows of the file, by default the next one.
  public mutating func append(
    _ first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>?, label: Label, groups: [String] = [],
    line: Int, number: Int? = nil
  ) {
    precondition(groups.count == groupNames.count)
    if !groups.isEmpty { self.groups.append(groups) }
    storage += first
    let end = storage.count
    if isPair, let second { storage += second }
    ends.append((end, storage.count))
    labels.append(label)
    lines.append(line)
    indices.append(number ?? indices.count)
  }

  /// Number of rows.
  public var count: Int { ends.count }

  /// Some of the rows, in the order given, with what is said about the file.
  public func selecting(_ rows: some Collection<Int>) -> TextDataset {
    var copy = TextDataset(source: source, task: task, isPair: isPair, groupNames: groupNames)
    copy.rejections = rejections
    copy.undecidedLines = undecidedLines
    copy.layout = layout
    copy.spellingNotice = spellingNotice
    copy.selectedFrom = rowsOfFile
    for row in rows {
      copy.append(
        first(row), second(row), label: labels[row], groups: groups(row), line: lines[row],
        number: indices[row])
    }
    return copy
  }

  /// The first text of a row in UTF-8.
  public func first(_ row: Int) -> ArraySlice<UInt8> {
    storage[(row == 0 ? 0 : ends[row - 1].second)..<ends[row].first]
  }

  /// The second text of a row in UTF-8; nil unless rows are pairs.
  public func second(_ row: Int) -> ArraySlice<UInt8>? {
    isPair ? storage[ends[row].first..<ends[row].second] : nil
  }

  /// The label of a row.
  public func label(_ row: Int) -> Label { labels[row] }

  /// The group values of a row, in the order of `groupNames`.
  public func groups(_ row: Int) -> [String] { groupNames.isEmpty ? [] : groups[row] }

  /// The line of a row in `source`, counted from 1.
  public func line(_ row: Int) -> Int { lines[row] }

  /// A hash of a row's texts.
  func textHash(_ row: Int) -> UInt64 {
    var hash = ContentHash()
    addTexts(of: row, to: &hash)
    return hash.value
  }

  private func addTexts(of row: Int, to hash: inout ContentHash) {
    hash.add(first(row))
    hash.add(byte: 0xFF)
    if let second = second(row) { hash.add(second) }
  }

  /// A content hash over texts and labels, in order.
  public var contentHash: String {
    var hash = ContentHash()
    for row in 0..<count {
      addTexts(of: row, to: &hash)
      switch labels[row] {
      case .class(let label): hash.add(label)
      case .classes(let labels):
        for label in labels { hash.add(label) }
        hash.add(byte: 0xFD)
      case .score(let score): hash.add(score.bitPattern)
      case .none: hash.add(byte: 0xFE)
      }
    }
    return hash.hexadecimal
  }
}

extension TextDataset {
  /// How many rows the file has, with those that were left out, if it was read to its end.
  package var rowsOfFile: Int {
    selectedFrom ?? count + rejections.count { $0.line != nil } + undecidedLines.count
  }

  /// The rows followed by others, whose labels and groups do not count.
  package func followed(by others: TextDataset) -> TextDataset {
    var all = selecting(0..<count)
    all.selectedFrom = nil
    for row in 0..<others.count {
      all.append(
        others.first(row), others.second(row), label: .none,
        groups: groupNames.map { _ in "" }, line: others.line(row))
    }
    return all
  }

  /// Sentences about rows that were left out.
  package var notices: [String] {
    var result = [spellingNotice].compactMap { $0 } + rejections.map { "skipped: \($0)" }
    if let first = undecidedLines.first {
      let count = undecidedLines.count
      result.append(
        "\(source): \(count) row\(count == 1 ? "" : "s") on whose label the annotators did not "
          + "agree \(count == 1 ? "is" : "are") left out; the first is line \(first)")
    }
    return result
  }

  /// A sentence about rows that all have the same class, or about classes that no row has; nil if
  /// every class of the task is there.
  package var classNotice: String? {
    guard count > 1, case .class(let id) = label(0) else { return nil }
    let names = task?.labelNames ?? []
    if (1..<count).allSatisfy({ label($0) == .class(id) }) {
      let name = Int(id) < names.count ? names[Int(id)] : "\(id)"
      return "\(source): all \(count) rows have the label \"\(name)\"; there is nothing to tell "
        + "apart"
    }
    var isThere = [Bool](repeating: false, count: names.count)
    for row in 0..<count {
      if case .class(let id) = label(row), Int(id) < names.count { isThere[Int(id)] = true }
    }
    let missing = zip(names, isThere).filter { !$1 }.map { "\"\($0.0)\"" }
    guard !missing.isEmpty else { return nil }
    let more = missing.count > 5 ? " and \(missing.count - 5) more" : ""
    return "\(source): no row has the label \(missing.prefix(5).joined(separator: ", "))\(more)"
  }
}
