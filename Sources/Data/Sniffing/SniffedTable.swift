import Files
import StrictJSON

/// The layout of a file of rows, found by looking at it: what separates its fields, whether the
/// first line names the columns, and what each of them holds.
package struct SniffedTable: Sendable {
  /// The file.
  package let path: String
  /// `csv`, `tsv`, `jsonl` or `json`.
  package let format: InputFormat
  /// What stands between the fields of CSV.
  package let separator: Character
  /// Whether fields of TSV are quoted.
  package let isQuoted: Bool
  /// Whether the first line names the columns; true for JSON, whose objects do.
  package let hasHeader: Bool
  /// The columns in the order of the file.
  package let columns: [SniffedColumn]
  /// The number of rows, without the header.
  package let rows: Int

  /// Looks at a file.
  ///
  /// - Parameter namesColumns: whether the first line names the columns of a file with separators;
  ///   nil to guess.
  /// - Throws: `FileError` if it cannot be read, is empty, no text, or no table.
  package init(path: String, namesColumns: Bool? = nil) throws {
    let bytes = try DataFile.read(path)
    guard bytes[...].isWellFormedUTF8 else {
      let line = ByteLines(bytes).enumerated().first { !bytes[$0.element].isWellFormedUTF8 }
      throw FileError.notUTF8(path, (line?.offset ?? 0) + 1)
    }
    self.path = path
    let first = bytes.first { !" \t\r\n\u{FEFF}".utf8.contains($0) }
    let ending = InputFormat(ofFile: path)
    let isTable = ending == .csv || ending == .tsv
    if !isTable, ending == .json && JSONRows.isArray(bytes) || JSONRows.isArrayOfObjects(bytes) {
      (format, separator, isQuoted, hasHeader) = (.json, ",", false, true)
      var rows = ObjectRows(path)
      for value in try JSONRows.array(bytes, path: path) {
        try rows.add(value, line: value.position.line, place: "in the array")
      }
      (columns, self.rows) = try rows.found()
      return
    }
    if ending == .jsonl || !isTable && first == UInt8(ascii: "{") {
      (format, separator, isQuoted, hasHeader) = (.jsonl, ",", false, true)
      (columns, rows) = try Self.objects(bytes, path)
      return
    }
    if first == UInt8(ascii: "["), ending == nil {
      throw FileError(
        file: path,
        problem: "this is JSON, but neither an array of objects nor an object a line; write the "
          + "rows as objects into a file called .jsonl.")
    }
    let layout = try DelimitedLayout(bytes, path: path, isTabbed: ending == .tsv)
    format = layout.separator == 0x09 && ending != .csv ? .tsv : .csv
    separator = Character(UnicodeScalar(layout.separator))
    isQuoted = layout.isQuoted
    hasHeader = namesColumns ?? layout.hasHeader
    var rows = layout.records(bytes)
    let header = hasHeader ? rows.next() ?? [] : []
    let names = header.map { String(decoding: $0, as: UTF8.self) }
    // A column whose name is empty or not its own goes by its number.
    var columns = (0..<layout.width).map { number in
      let name = number < names.count ? names[number] : ""
      let isName = !name.isEmpty && names.count { $0 == name } == 1
      return SniffedColumn(name: isName ? name : nil, number: number)
    }
    var count = 0
    while let fields = rows.next() {
      count += 1
      for (number, field) in fields.prefix(columns.count).enumerated() {
        columns[number].add(field)
      }
    }
    // One that swallows the rest of the file would make the guesses below meaningless.
    if let open = rows.unclosedQuote {
      throw FileError(file: path, line: open, problem: QuotedRecords.unclosed)
    }
    (self.columns, self.rows) = (columns, count)
    try checkRows()
  }

  private func checkRows() throws {
    guard rows > 0 else {
      throw FileError(file: path, problem: "the file has a header, but no row below it.")
    }
  }

  /// The columns of JSON Lines.
  private static func objects(
    _ bytes: [UInt8], _ path: String
  ) throws -> (columns: [SniffedColumn], rows: Int) {
    var rows = ObjectRows(path)
    for (index, line) in ByteLines(bytes).enumerated() where !bytes[line].isBlank {
      let value: JSONValue
      do {
        value = try StrictJSON.parse(Array(bytes[line]), file: path)
      } catch let error as JSONError {
        throw FileError(file: path, line: index + 1, problem: "\(error.message).")
      }
      try rows.add(value, line: index + 1, place: "in every line")
    }
    return try rows.found()
  }

  /// How the file looks, in a sentence without its end.
  package var summary: String {
    let mark =
      switch (format, separator) {
      case (.jsonl, _): "JSON Lines"
      case (.json, _): "a JSON array of objects"
      case (.tsv, _): isQuoted ? "TSV with quoted fields" : "TSV"
      case (_, "\t"): "CSV with tabs between fields"
      default: "CSV with \"\(separator)\" between fields"
      }
    let header =
      format == .jsonl || format == .json
      ? "" : hasHeader ? ", the first line names the columns" : ", no header"
    return mark + header
  }
}

/// Rows of JSON as a table, whose columns are all keys that occur.
private struct ObjectRows {
  private let path: String
  private var columns: [SniffedColumn] = []
  private var places: [String: Int] = [:]
  private var count = 0

  init(_ path: String) { self.path = path }

  /// - Throws: `FileError` if the value is no object.
  mutating func add(_ value: JSONValue, line: Int?, place: String) throws {
    guard let object = value.object else {
      throw FileError(
        file: path, line: line,
        problem: "a JSON object is expected \(place), found \(value.kindName).")
    }
    count += 1
    for member in object.members {
      if places[member.key] == nil {
        guard columns.count < 1000 else { continue }
        places[member.key] = columns.count
        columns.append(SniffedColumn(name: member.key, number: columns.count))
      }
      if let place = places[member.key] { columns[place].add(member.value) }
    }
  }

  /// - Throws: `FileError` if there are no rows.
  func found() throws -> (columns: [SniffedColumn], rows: Int) {
    guard count > 0 else {
      throw FileError(file: path, problem: "the file has no row; at least one is needed.")
    }
    return (columns, count)
  }
}

/// What separates the fields of a table, and whether it has a header.
private struct DelimitedLayout {
  let separator: UInt8
  let isQuoted: Bool
  let hasHeader: Bool
  let width: Int

  /// The most columns, as of JSON Lines.
  private static let mostColumns = 1000

  /// Rows that are looked at.
  private static let sample = 1000

  init(_ bytes: [UInt8], path: String, isTabbed: Bool) throws {
    func rows(_ separator: UInt8, _ isQuoted: Bool) -> [[ArraySlice<UInt8>]] {
      var all = Records(bytes, separator: separator, isQuoted: isQuoted)
      var found: [[ArraySlice<UInt8>]] = []
      while found.count < Self.sample, let row = all.next() { found.append(row) }
      return found
    }
    var best: (separator: UInt8, isQuoted: Bool, rows: [[ArraySlice<UInt8>]], share: Double)?
    // Of layouts that fit equally well, the first one counts: tabs without quotes for TSV.
    let layouts: [(UInt8, Bool)] =
      isTabbed ? [(0x09, false), (0x09, true)] : ",;\t|".utf8.map { ($0, true) }
    for (separator, isQuoted) in layouts {
      let rows = rows(separator, isQuoted)
      guard let first = rows.first, first.count > 1 else { continue }
      let share = Double(rows.count { $0.count == first.count }) / Double(rows.count)
      let isWhole = isTabbed && !isQuoted && first.allSatisfy(Self.isQuotedField)
      if share > best?.share ?? 0, !isWhole { best = (separator, isQuoted, rows, share) }
    }
    guard let best, let first = best.rows.first else {
      throw FileError(
        file: path,
        problem: "the first line has only one field; a table needs a column of texts and one of "
          + "labels, separated by \(isTabbed ? "tabs" : "commas, semicolons, tabs or bars").")
    }
    guard first.count <= Self.mostColumns else {
      throw FileError(
        file: path, line: 1,
        problem: "the line has \(first.count) fields; a table of texts with more than "
          + "\(Self.mostColumns) columns is something else.")
    }
    (separator, isQuoted) = (best.separator, best.isQuoted)
    width = first.count
    hasHeader = Self.isHeader(first, above: best.rows.dropFirst())
  }

  private static func isQuotedField(_ field: ArraySlice<UInt8>) -> Bool {
    field.count > 1 && field.first == UInt8(ascii: "\"") && field.last == UInt8(ascii: "\"")
  }

  /// Names are short, and one is usual for texts or labels; or else they differ from each other,
  /// are no numbers, and do not occur below. Some may be missing: above the row numbers that pandas
  /// writes, and above columns that a spreadsheet adds.
  private static func isHeader(
    _ first: [ArraySlice<UInt8>], above rows: ArraySlice<[ArraySlice<UInt8>]>
  ) -> Bool {
    guard first.allSatisfy({ $0.count <= 64 }) else { return false }
    let usual = Set(ColumnChoice.labelNames + ColumnChoice.textNames)
    func isBelow(_ column: Int) -> Bool {
      rows.contains { $0.count > column && $0[column] == first[column] }
    }
    let named = first.indices.filter { !first[$0].isEmpty }
    let names = named.map { String(decoding: first[$0], as: UTF8.self) }
    if zip(named, names).contains(where: { usual.contains($1.lowercased()) && !isBelow($0) }) {
      return true
    }
    return named.count > 1 && Set(names).count == names.count
      && !named.contains { DecimalNumber.parse(first[$0]) != nil || isBelow($0) }
  }

  func records(_ bytes: [UInt8]) -> Records {
    Records(bytes, separator: separator, isQuoted: isQuoted)
  }

  /// The fields of rows that are not blank.
  struct Records {
    private enum Source {
      case quoted(QuotedRecords)
      case plain(ByteLines)
    }

    private let bytes: [UInt8]
    private var source: Source
    /// The line of a record whose last field has an opening quote only; nil if there is none so
    /// far.
    private(set) var unclosedQuote: Int?

    init(_ bytes: [UInt8], separator: UInt8, isQuoted: Bool) {
      self.bytes = bytes
      source =
        isQuoted
        ? .quoted(QuotedRecords(bytes, separator: separator)) : .plain(ByteLines(bytes))
    }

    mutating func next() -> [ArraySlice<UInt8>]? {
      switch source {
      case .quoted(var records):
        var record = records.next()
        while record?.isBlank == true { record = records.next() }
        source = .quoted(records)
        if let record, record.isUnclosed { unclosedQuote = record.line }
        return record?.fields
      case .plain(var lines):
        var line = lines.next()
        while let blank = line, bytes[blank].isBlank { line = lines.next() }
        source = .plain(lines)
        return line.map { TabSeparatedRow(bytes, $0).fields }
      }
    }
  }
}
