/// Reads TSV files as GLUE has them: bytes, tabs, no quoting at all, LF or CR LF, a BOM or none.
public enum DatasetReader {
  /// What happens on a row that cannot be used.
  public enum BadRows: String, Sendable, CaseIterable {
    /// The first one is thrown as an error.
    case stop
    /// They are left out and listed in `TextDataset.rejections`.
    case skip
  }

  /// A split of a task. `directory` is the GLUE folder, which holds the task's folder, or the
  /// task's folder itself.
  ///
  /// - Parameter maximumRows: stop after so many rows.
  /// - Throws: `DataError` with file and line.
  public static func read(
    task: TaskDescription, split: Split, directory: String, maximumRows: Int? = nil,
    badRows: BadRows = .stop
  ) throws -> TextDataset {
    guard let file = task.files[split] else {
      throw DataError(file: directory, problem: "task \(task.name) has no \(split.rawValue) file.")
    }
    let candidates = ["\(directory)/\(task.folder)/\(file.name)", "\(directory)/\(file.name)"]
    guard let path = candidates.first(where: ByteFile.exists) else {
      throw DataError(
        file: candidates[0],
        problem: "the \(split.rawValue) file of task \(task.name) is not here; "
          + "give the folder that holds \(task.folder)/\(file.name).")
    }
    return try read(
      task: task, file: file, path: path, maximumRows: maximumRows, badRows: badRows)
  }

  /// Unlabelled rows for prediction: a TSV that begins with the header of one of the task's files,
  /// or a text a line (for pairs: two texts separated by a tab).
  ///
  /// - Throws: `DataError` with file and line.
  public static func readInput(
    task: TaskDescription, path: String, maximumRows: Int? = nil, badRows: BadRows = .stop
  ) throws -> TextDataset {
    let bytes = try ByteFile.read(path)
    var lines = ByteLines(bytes)
    guard let first = lines.next() else { throw emptyFile(path) }
    let names = TabSeparatedRow(bytes, first)
    let known = Split.allCases.compactMap { task.files[$0] }.first { file in
      guard let header = file.header else { return false }
      return names.count >= 2 && file.textColumns.allSatisfy { names.is(header[$0], at: $0) }
    }
    var file =
      known
      ?? TaskDescription.File(
        name: path, header: nil, textColumns: task.isPair ? [0, 1] : [0], labelColumn: nil)
    file.labelColumn = nil
    return try read(
      task: task, file: file, path: path, maximumRows: maximumRows, badRows: badRows,
      wholeLines: known == nil && !task.isPair)
  }

  /// A corpus for masked-language-model training: a text a line; blank lines are passed over.
  ///
  /// - Throws: `DataError` with file and line.
  public static func readCorpus(path: String, maximumRows: Int? = nil) throws -> TextDataset {
    let bytes = try ByteFile.read(path)
    var dataset = TextDataset(source: path)
    for (index, line) in ByteLines(bytes).enumerated() {
      if let maximumRows, dataset.count >= maximumRows { break }
      let text = bytes[line]
      guard text.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { continue }
      guard text.isWellFormedUTF8 else { throw notUTF8(path, index + 1) }
      dataset.append(text, nil, label: .none, line: index + 1)
    }
    guard dataset.count > 0 else { throw emptyFile(path) }
    return dataset
  }

  static func read(
    task: TaskDescription, file: TaskDescription.File, path: String, maximumRows: Int?,
    badRows: BadRows, wholeLines: Bool = false
  ) throws -> TextDataset {
    let bytes = try ByteFile.read(path)
    guard !bytes.isEmpty else { throw emptyFile(path) }
    var dataset = TextDataset(source: path, task: task)
    for (index, line) in ByteLines(bytes).enumerated() {
      if index == 0, let header = file.header {
        try check(TabSeparatedRow(bytes, line), against: header, file: file, path: path)
        continue
      }
      if let maximumRows, dataset.count >= maximumRows { break }
      do {
        let row =
          wholeLines ? TabSeparatedRow(whole: bytes, line) : TabSeparatedRow(bytes, line)
        try append(row, of: file, task: task, to: &dataset, line: index + 1)
      } catch let error as DataError {
        guard badRows == .skip else { throw error }
        dataset.rejections.append(error)
      }
    }
    guard dataset.count > 0 else {
      let why = dataset.rejections.first.map { "; the first rejected row is \($0)" } ?? "."
      throw DataError(file: path, problem: "the file has no usable row below its header\(why)")
    }
    return dataset
  }

  private static func append(
    _ row: TabSeparatedRow, of file: TaskDescription.File, task: TaskDescription,
    to dataset: inout TextDataset, line: Int
  ) throws {
    let path = dataset.source
    let labelColumn = file.labelColumn.map { $0 < 0 ? row.count + $0 : $0 }
    let needed = max(file.textColumns.max() ?? 0, labelColumn ?? 0)
    guard row.count > needed else {
      throw DataError(
        file: path, line: line,
        problem: "the row has \(row.count) tab-separated field\(row.count == 1 ? "" : "s") where "
          + "at least \(needed + 1) are needed.")
    }
    guard row.bytes.isWellFormedUTF8 else { throw notUTF8(path, line) }
    let texts = file.textColumns.map { row[$0] }
    for (column, text) in zip(file.textColumns, texts) {
      guard text.contains(where: { $0 != 0x20 }) else {
        throw DataError(
          file: path, line: line, problem: "the text in column \(column + 1) is empty.")
      }
    }
    var label = TextDataset.Label.none
    if let labelColumn {
      label = try parse(row[labelColumn], task: task, path: path, line: line)
    }
    dataset.append(texts[0], texts.count > 1 ? texts[1] : nil, label: label, line: line)
  }

  private static func parse(
    _ field: ArraySlice<UInt8>, task: TaskDescription, path: String, line: Int
  ) throws -> TextDataset.Label {
    let shown = String(decoding: field.prefix(40), as: UTF8.self)
    if let range = task.scoreRange {
      guard let score = DecimalNumber.parse(field), range.contains(score) else {
        throw DataError(
          file: path, line: line,
          problem: "the score \"\(shown)\" is no number from \(range.lowerBound) to "
            + "\(range.upperBound).")
      }
      return .score(score)
    }
    guard let index = task.labels.firstIndex(where: { $0.spelling.utf8.elementsEqual(field) })
    else {
      let known = task.labels.map { "\"\($0.spelling)\"" }.joined(separator: ", ")
      throw DataError(
        file: path, line: line,
        problem: "the label \"\(shown)\" is not one of task \(task.name), which are \(known).")
    }
    return .class(Int32(index))
  }

  private static func check(
    _ names: TabSeparatedRow, against header: [String], file: TaskDescription.File, path: String
  ) throws {
    var columns = file.textColumns
    if let label = file.labelColumn {
      // The last column is compared with the last name, for files with columns left out.
      let last = names.count - 1
      if label < 0, last < 0 || !names.is(header[header.count - 1], at: last) {
        throw missing(header[header.count - 1], column: last, path)
      }
      if label >= 0 { columns.append(label) }
    }
    for column in columns where !names.is(header[column], at: column) {
      throw missing(header[column], column: column, path)
    }
  }

  private static func missing(_ name: String, column: Int, _ path: String) -> DataError {
    DataError(
      file: path, line: 1,
      problem: "column \(column + 1) of the header should be \"\(name)\"; "
        + "the file needs the header line of GLUE, with tabs between the names.")
  }

  private static func emptyFile(_ path: String) -> DataError {
    DataError(file: path, problem: "the file is empty; at least one row of text is needed.")
  }

  private static func notUTF8(_ path: String, _ line: Int) -> DataError {
    DataError(
      file: path, line: line, problem: "the line is not valid UTF-8; convert the file to UTF-8.")
  }
}
