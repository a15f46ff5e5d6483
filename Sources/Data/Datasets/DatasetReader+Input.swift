import Files
import StrictJSON

extension DatasetReader {
  /// Reads unlabelled rows for prediction. What a file holds is told by, in this order:
  ///
  /// 1. `format`, if it is given;
  /// 2. the layout of one of the task's files, recognised by its header or first row. If the task
  ///    is the user's own, files whose names do not end otherwise must have its layout;
  /// 3. the ending of its name. In CSV, TSV and JSON the texts are found by the header or the keys;
  /// 4. for names without a known ending, such as those of pipes, a header or keys that name texts.
  ///
  /// Everything else is one text per line (for pairs: two texts separated by a tab). The data set's
  /// `layout` says what was found.
  ///
  /// - Parameter passthrough: columns whose content becomes the rows' `groups`.
  /// - Throws: `FileError` with file and line.
  public static func readInput(
    task: TaskDescription, path: String, format: InputFormat? = nil, maximumRows: Int? = nil,
    badRows: BadRows = .stop, passthrough: [String] = []
  ) throws -> TextDataset {
    let bytes = try DataFile.read(path, .fileOrStream)
    var (file, layout) = try InputLayout(task: task, path: path, bytes: bytes).find(format)
    file.labelColumn = nil
    file.undecidedLabel = nil
    file.hasBrokenRows = false
    file.allowsEmptyTexts = task.allowsEmptyTexts
    file.groupColumns = passthrough
    if let first = passthrough.first, !file.hasHeader, file.format != .jsonLines {
      throw FileError(
        file: path,
        problem:
          "the file is read as \(layout), so there is no column \"\(first)\" to pass through.")
    }
    // Not the path again: a pipe is read once.
    var dataset = try read(
      bytes, task: task, file: file, path: path, maximumRows: maximumRows, badRows: badRows)
    dataset.layout = "\(path) is read as \(layout)"
    return dataset
  }
}

/// What the rows of a file of texts look like.
private struct InputLayout {
  let task: TaskDescription
  let path: String
  let bytes: [UInt8]

  /// The layout, and how to call it.
  func find(_ given: InputFormat?) throws -> (file: TaskDescription.File, name: String) {
    if given == .text { return plain }
    let files = Split.allCases.flatMap { task.files[$0] ?? [] }
    let ending = InputFormat(ofFile: path)
    if given == nil, task.isOwn, ending == .text,
      !files.contains(where: { InputFormat(ofFile: $0.name) == .text })
    {
      return plain
    }
    let format = given ?? ending
    let known = files.first {
      given?.fits($0.format) ?? true && isTable($0, format)
        && DatasetReader.fits($0, bytes, path: path, task: task)
    }
    if let known { return (known, "the task's \(known.name), \(Self.columns(known.textColumns))") }
    // The last file of a user's own task is its unlabelled test file.
    if given == nil, let own = task.isOwn ? task.files[.test]?.last : nil,
      ending.map({ $0.fits(own.format) }) ?? true
    {
      return try ownTable(own)
    }
    switch format {
    case .csv: return try table(separators: ",;\t|", isQuoted: true)
    case .tsv:
      let fields = header(.tabSeparated)
      let columns = InputColumns(task)
      // As R writes it, with quotes around names and texts.
      let isQuoted =
        columns.find(in: fields) == nil && columns.find(in: header(.quoted(separator: 9))) != nil
      if given == nil, !isQuoted, columns.find(in: fields) == nil, !columns.isHeader(fields) {
        return plain
      }
      return try table(separators: "\t", isQuoted: isQuoted)
    case .jsonl, .json: return try objects()
    case .text: return plain
    case nil: return try found() ?? plain
    }
  }

  /// A file of the user's own task, or the same columns with something else between them.
  ///
  /// - Throws: `FileError` if the columns of texts are not in the header.
  private func ownTable(
    _ own: TaskDescription.File
  ) throws -> (file: TaskDescription.File, name: String) {
    let columns = Self.columns(own.textColumns)
    let names = own.textColumns.compactMap { if case .named(let name) = $0 { name } else { nil } }
    guard own.hasHeader, case .quoted = own.format, names.count == own.textColumns.count,
      let missing = names.first(where: { !header(own.format).contains($0) })
    else { return (own, "the task's \(own.name), \(columns)") }
    for separator in ",;\t|".utf8
    where names.allSatisfy(header(.quoted(separator: separator)).contains) {
      var file = own
      file.format = .quoted(separator: separator)
      return (file, "a table with \(Self.mark(separator)) between fields, \(columns)")
    }
    let held = header(own.format).prefix(12).map { "\"\($0.prefix(30))\"" }
    throw FileError(
      file: path, line: 1,
      problem: "the header has no column \"\(missing)\", from which task \(task.name) reads texts; "
        + "it holds \(held.joined(separator: ", ")); rename the column, or, if every line is a "
        + "text, give --input-format text.")
  }

  private static func mark(_ separator: UInt8) -> String {
    separator == 9 ? "tabs" : "\"\(Character(UnicodeScalar(separator)))\""
  }

  /// What the content alone tells; nil if it names no texts.
  ///
  /// - Throws: `FileError` for rows of JSON that name no text: they are not texts themselves.
  private func found() throws -> (file: TaskDescription.File, name: String)? {
    let line = header(.tabSeparated)
    let begins = line.first?.first { $0 != " " }
    if begins == "[", JSONRows.isArrayOfObjects(bytes) { return try objects() }
    if begins == "{", (try? firstInLine()) ?? nil != nil { return try objects() }
    if InputColumns(task).find(in: line) != nil {
      return try? table(separators: "\t", isQuoted: false)
    }
    return try? table(separators: ",;|", isQuoted: true)
  }

  private var plain: (file: TaskDescription.File, name: String) {
    var file = TaskDescription.File(
      name: path, textColumns: task.isPair ? [0, 1] : [0], labelColumn: nil)
    if !task.isPair { file.format = .lines }
    return (file, task.isPair ? "two texts a line, separated by a tab" : "one text a line")
  }

  /// False for a single column, which could just as well be one text per line, unless the file is
  /// called a table.
  private func isTable(_ file: TaskDescription.File, _ format: InputFormat?) -> Bool {
    guard file.format == .tabSeparated else { return true }
    if format == .tsv, file.hasHeader { return true }
    return header(.tabSeparated).count > 1
  }

  /// The fields of the first line that is not blank; none if its quotes do not fit the format.
  private func header(_ format: TaskDescription.Format) -> [String] {
    var fields: [ArraySlice<UInt8>] = []
    if case .quoted(let separator, _) = format {
      var records = QuotedRecords(bytes, separator: separator)
      while let record = records.next() {
        fields = record.problem == nil ? record.fields : []
        if !record.isBlank { break }
      }
    } else {
      let line = ByteLines(bytes).first { !bytes[$0].isBlank }
      fields = line.map { TabSeparatedRow(bytes, $0).fields } ?? []
    }
    return fields.map { String(decoding: $0.prefix(100), as: UTF8.self) }
  }

  private func table(
    separators: String, isQuoted: Bool
  ) throws -> (file: TaskDescription.File, name: String) {
    let columns = InputColumns(task)
    let declared = isQuoted ? QuotedRecords.declaredSeparator(bytes) : nil
    for separator in declared.map({ [$0] }) ?? Array(separators.utf8) {
      let format: TaskDescription.Format =
        isQuoted ? .quoted(separator: separator) : .tabSeparated
      guard let found = columns.find(in: header(format)) else { continue }
      return (
        file(found, format),
        "a table with \(Self.mark(separator)) between fields, \(Self.columns(found))"
      )
    }
    let line = header(.tabSeparated).joined(separator: "\t")
    throw FileError(
      file: path, line: 1,
      problem: "the header names no column of texts; for task \(task.name) it needs one of "
        + "\(columns.names), but it is \"\(line.prefix(80))\"; if every line is a text, give "
        + "--input-format text.")
  }

  private func objects() throws -> (file: TaskDescription.File, name: String) {
    let isArray = JSONRows.isArray(bytes)
    guard let (object, line) = isArray ? try firstInArray() : try firstInLine() else {
      throw FileError(file: path, problem: "the file has no object, hence no row.")
    }
    let columns = InputColumns(task)
    guard let keys = object.object?.members.map(\.key) else {
      throw FileError(
        file: path, line: line,
        problem: "the array must hold objects, a row each, but it begins with "
          + "\(object.kindName).")
    }
    guard let found = columns.find(in: keys) else {
      throw FileError(
        file: path, line: line,
        problem: "the row names no text; for task \(task.name) it needs the keys "
          + "\(columns.names), but it has \(keys.prefix(12).joined(separator: ", ")).")
    }
    let name = isArray ? "an array of JSON objects" : "JSON Lines"
    return (file(found, .jsonLines), "\(name), \(Self.columns(found))")
  }

  private func firstInArray() throws -> (JSONValue, line: Int)? {
    try JSONRows.array(bytes, path: path).first.map { ($0, $0.position.line) }
  }

  private func firstInLine() throws -> (JSONValue, line: Int)? {
    for (number, range) in ByteLines(bytes).enumerated() where !bytes[range].isBlank {
      return (
        try JSONRows.object(Array(bytes[range]), line: number + 1, path: path), number + 1
      )
    }
    return nil
  }

  private func file(
    _ columns: [TaskDescription.Column], _ format: TaskDescription.Format
  ) -> TaskDescription.File {
    var file = TaskDescription.File(name: path, textColumns: columns, labelColumn: nil)
    file.format = format
    // A title and what follows it are one text.
    file.joinsTexts = !task.isPair && columns.count > 1
    return file
  }

  private static func columns(_ columns: [TaskDescription.Column]) -> String {
    let names = columns.map { column in
      switch column {
      case .named(let name): "\"\(name)\""
      case .at(let number): "\(number)"
      }
    }
    let isOne = names.count == 1
    return
      "text\(isOne ? "" : "s") in column\(isOne ? "" : "s") \(names.joined(separator: " and "))"
  }
}
