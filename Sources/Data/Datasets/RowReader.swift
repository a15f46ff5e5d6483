import Files
import StrictJSON

/// The texts, label and groups of one row, as spelled in the file.
struct SpelledRow {
  /// The line in which the row starts, counted from 1.
  var line: Int
  /// Its texts.
  var texts: [ArraySlice<UInt8>]
  /// Its label; nil if the file has none.
  var label: ArraySlice<UInt8>?
  /// The content of the group columns.
  var groups: [String] = []
}

/// Reads the required columns of a file row by row, in any format.
struct RowReader {
  private enum Source {
    case lines(ByteLines)
    case records(QuotedRecords)
    case objects(ArraySlice<JSONValue>)
    case objectLines(ByteLines)
  }

  private let file: TaskDescription.File
  private let path: String
  private let bytes: [UInt8]
  private var source: Source
  private var line = 0
  /// Number of rows read from an array.
  private var number = 0
  private var columns: WantedColumns
  /// The number of fields of the first line: the most that a row may have.
  private var width: Int?

  /// A reader positioned after the header, if the file has one.
  ///
  /// - Throws: `FileError` for a header without the required names, and for text that is not JSON.
  init(_ bytes: [UInt8], file: TaskDescription.File, path: String) throws {
    self.file = file
    self.path = path
    self.bytes = bytes
    columns = WantedColumns(file)
    switch file.format {
    case .tabSeparated, .lines: source = .lines(ByteLines(bytes))
    case .quoted(let separator, _):
      let records = QuotedRecords(bytes, separator: separator)
      try records.requireDeclared(separator, path: path)
      source = .records(records)
    case .jsonArray(let key):
      source = .objects(try JSONRows.array(bytes, key: key, path: path))
      return
    case .jsonLines:
      source =
        JSONRows.isArray(bytes)
        ? .objects(try JSONRows.array(bytes, path: path)) : .objectLines(ByteLines(bytes))
      return
    }
    if file.hasHeader {
      let first = nextFields()
      if let first, let problem = first.problem {
        throw FileError(file: path, line: first.line, problem: problem)
      }
      let header = first?.fields ?? []
      try columns.resolve(header: header, path: path)
      width = header.count
    }
  }

  /// The next row, or what is wrong with it; nil at the end.
  mutating func next() -> Result<SpelledRow, FileError>? {
    if case .objects(var rest) = source {
      guard let object = rest.popFirst() else { return nil }
      source = .objects(rest)
      number += 1
      return Result { () throws(FileError) in
        try row(of: object, line: object.position.line)
      }.mapError { [number] error in
        // Often all of them are in one line.
        FileError(
          file: error.file, line: error.line,
          problem: "row \(number) of the array: \(error.problem)")
      }
    }
    if case .objectLines = source { return nextObjectLine() }
    guard let (fields, line, problem) = nextFields() else { return nil }
    if let problem { return .failure(FileError(file: path, line: line, problem: problem)) }
    let width = width ?? fields.count
    self.width = width
    guard fields.count <= width else { return .failure(tooMany(fields.count, width, line: line)) }
    return Result { () throws(FileError) in try row(of: fields, line: line) }
  }

  /// The row of the next line that is not blank.
  private mutating func nextObjectLine() -> Result<SpelledRow, FileError>? {
    guard case .objectLines(var lines) = source else { return nil }
    defer { source = .objectLines(lines) }
    while let range = lines.next() {
      line += 1
      guard bytes[range].contains(where: { $0 != 0x20 && $0 != 0x09 }) else { continue }
      return Result { () throws(FileError) in
        try row(of: JSONRows.object(Array(bytes[range]), line: line, path: path), line: line)
      }
    }
    return nil
  }

  /// The error for a row with more fields than the first line, as when a text contains the
  /// separator. Its text would be cut there, and a number read from the wrong column.
  private func tooMany(_ count: Int, _ width: Int, line: Int) -> FileError {
    let first = file.hasHeader ? "the header" : "the first row"
    let remedy =
      if case .records = source { "put texts that contain a \(separatorName) in quotes." } else {
        "a text cannot contain a tab."
      }
    return FileError(
      file: path, line: line,
      problem: "the row has \(count) \(separatorName)-separated fields where \(first) has "
        + "\(width); \(remedy)")
  }

  private var separatorName: String {
    if case .records(let records) = source { records.separatorName } else { "tab" }
  }

  /// The fields of the next row. Tables may have blank lines, which are no rows; where every line
  /// is a text, only blank lines at the end are none.
  private mutating func nextFields() -> (
    fields: [ArraySlice<UInt8>], line: Int, problem: String?
  )? {
    switch source {
    case .lines(var lines):
      guard var range = lines.next() else { return nil }
      line += 1
      while bytes[range].isBlank, file.format != .lines || bytes[range.lowerBound...].isBlank {
        guard let following = lines.next() else { return nil }
        range = following
        line += 1
      }
      source = .lines(lines)
      let row =
        file.format == .lines
        ? TabSeparatedRow(whole: bytes, range) : TabSeparatedRow(bytes, range)
      return (row.fields, line, nil)
    case .records(var records):
      guard var record = records.next() else { return nil }
      while record.isBlank {
        guard let following = records.next() else { return nil }
        record = following
      }
      source = .records(records)
      return (record.fields, record.line, record.problem)
    case .objects, .objectLines: return nil
    }
  }

  private func row(
    of fields: [ArraySlice<UInt8>], line: Int
  ) throws(FileError) -> SpelledRow {
    let needed = columns.largest
    guard fields.count > needed else {
      throw FileError(
        file: path, line: line,
        problem: "the row has \(fields.count) \(separatorName)-separated "
          + "field\(fields.count == 1 ? "" : "s") where at least \(needed + 1) are needed.")
    }
    guard fields.allSatisfy(\.isWellFormedUTF8) else { throw .notUTF8(path, line) }
    func field(_ column: Int) -> ArraySlice<UInt8> {
      fields[column < 0 ? fields.count + column : column]
    }
    let texts = columns.texts.map(field)
    for (column, text) in zip(columns.texts, texts) {
      guard file.joinsTexts || file.allowsEmptyTexts || text.contains(where: { $0 != 0x20 }) else {
        throw FileError(
          file: path, line: line, problem: "the text in column \(column + 1) is empty.")
      }
    }
    return try finished(
      SpelledRow(
        line: line, texts: texts, label: columns.label.map(field),
        groups: columns.groups.map { String(decoding: field($0), as: UTF8.self) }))
  }

  private func row(of object: JSONValue, line: Int) throws(FileError) -> SpelledRow {
    func text(
      _ column: TaskDescription.Column, orTruth: Bool = false
    ) throws(FileError) -> ArraySlice<UInt8> {
      guard case .named(let key) = column, let value = object[key],
        let text = value.string ?? value.numberText ?? (orTruth ? value.bool?.description : nil)
      else {
        throw FileError(
          file: path, line: line,
          problem: "the row needs the keys \(columns.names) with a text or number each.")
      }
      return Array(text.utf8)[...]
    }
    var row = SpelledRow(line: line, texts: [])
    for column in file.textColumns {
      row.texts.append(try text(column))
      let isEmpty = row.texts.last?.contains { $0 != 0x20 } != true
      if isEmpty, !file.joinsTexts, !file.allowsEmptyTexts {
        throw FileError(file: path, line: line, problem: "a text of the row is empty.")
      }
    }
    if let column = file.labelColumn {
      if let separator = file.labelSeparator {
        row.label = try labels(of: object, column, separator: separator, line: line)
      } else {
        row.label = try text(column, orTruth: true)
      }
    }
    for name in file.groupColumns {
      row.groups.append(String(decoding: try text(.named(name)), as: UTF8.self))
    }
    return try finished(row)
  }

  /// The labels of a row that may have several, as a table would spell them.
  private func labels(
    of object: JSONValue, _ column: TaskDescription.Column, separator: String, line: Int
  ) throws(FileError) -> ArraySlice<UInt8> {
    guard case .named(let key) = column, let array = object[key]?.array else {
      throw FileError(
        file: path, line: line,
        problem: "the row needs the key \(columns.labelName) with an array of labels.")
    }
    let labels = array.compactMap { $0.string ?? $0.numberText }
    guard labels.count == array.count else {
      throw FileError(
        file: path, line: line,
        problem: "the labels in \(columns.labelName) must be strings or numbers.")
    }
    return Array(labels.joined(separator: separator).utf8)[...]
  }

  /// Joins texts and replaces the data set's own spelling of line breaks.
  private func finished(_ row: SpelledRow) throws(FileError) -> SpelledRow {
    var row = row
    if file.joinsTexts {
      let filled = row.texts.filter { $0.contains { $0 != 0x20 } }
      guard !filled.isEmpty || file.allowsEmptyTexts else {
        throw FileError(file: path, line: row.line, problem: "all texts of the row are empty.")
      }
      row.texts = [Array(filled.joined(separator: [0x20]))[...]]
    }
    if case .quoted(_, let mark?) = file.format {
      row.texts = row.texts.map { $0.replacing(mark.utf8, with: [0x20]) }
    }
    return row
  }
}

/// The columns that the description of a file asks for, by number.
private struct WantedColumns {
  private let wanted: [TaskDescription.Column]
  private let textCount: Int
  private let hasLabel: Bool
  private var numbers: [Int]

  init(_ file: TaskDescription.File) {
    wanted =
      file.textColumns + [file.labelColumn].compactMap { $0 }
      + file.groupColumns.map(TaskDescription.Column.named)
    textCount = file.textColumns.count
    hasLabel = file.labelColumn != nil
    numbers = wanted.map { if case .at(let number) = $0 { number } else { 0 } }
  }

  mutating func resolve(header: [ArraySlice<UInt8>], path: String) throws {
    for (position, column) in wanted.enumerated() {
      guard case .named(let name) = column else { continue }
      let numbers = header.indices.filter { header[$0].elementsEqual(name.utf8) }
      if numbers.count > 1 {
        throw FileError(
          file: path, line: 1,
          problem: "the header has \(numbers.count) columns called \"\(name)\"; rename all but the "
            + "one that is meant.")
      }
      guard let number = numbers.first else {
        let found = header.prefix(12).map {
          "\"\(String(decoding: $0.prefix(30), as: UTF8.self))\""
        }
        throw FileError(
          file: path, line: 1,
          problem: "the header has no column \"\(name)\"; the first line needs the names "
            + "\(names), but it holds \(found.joined(separator: ", ")).")
      }
      self.numbers[position] = number
    }
  }

  var texts: ArraySlice<Int> { numbers[..<textCount] }
  var label: Int? { hasLabel ? numbers[textCount] : nil }
  var groups: ArraySlice<Int> { numbers[(textCount + (hasLabel ? 1 : 0))...] }
  /// The number of fields that a row must have, minus one.
  var largest: Int { numbers.map { $0 < 0 ? -$0 - 1 : $0 }.max() ?? 0 }
  var labelName: String {
    if hasLabel, case .named(let name) = wanted[textCount] { "\"\(name)\"" } else { "label" }
  }
  var names: String {
    wanted.compactMap { if case .named(let name) = $0 { "\"\(name)\"" } else { nil } }
      .joined(separator: ", ")
  }
}

extension FileError {
  static func notUTF8(_ path: String, _ line: Int) -> FileError {
    FileError(
      file: path, line: line, problem: "the line is not valid UTF-8; convert the file to UTF-8.")
  }
}
