import Files
import Kernels

/// Reads the files of tasks. TSV is read as GLUE has it: bytes, tabs, no quoting at all, LF or CR
/// LF, a BOM or none.
public enum DatasetReader {
  /// Reads a split of a task.
  ///
  /// - Parameters:
  ///   - directory: the GLUE folder, which contains the task's folder, or the task's folder itself.
  ///   - maximumRows: stop after this many rows.
  /// - Throws: `FileError` with file and line.
  public static func read(
    task: TaskDescription, split: Split, directory: String, maximumRows: Int? = nil,
    badRows: BadRows = .stop
  ) throws -> TextDataset {
    let (file, path) = try find(task: task, split: split, directory: directory)
    return try read(
      task: task, file: file, path: path, maximumRows: maximumRows, badRows: badRows)
  }

  /// All rows of a split without their labels, including rows with an empty text. Use this for
  /// answers that are matched to rows by number.
  ///
  /// - Throws: `FileError` with file and line.
  public static func readUnlabelled(
    task: TaskDescription, split: Split, directory: String
  ) throws -> TextDataset {
    var (file, path) = try find(task: task, split: split, directory: directory)
    file.labelColumn = nil
    file.undecidedLabel = nil
    file.hasBrokenRows = false
    file.allowsEmptyTexts = true
    return try read(task: task, file: file, path: path, maximumRows: nil, badRows: .stop)
  }

  /// The file from which a split is read.
  static func find(
    task: TaskDescription, split: Split, directory: String
  ) throws -> (file: TaskDescription.File, path: String) {
    guard let files = task.files[split], let usual = files.first else {
      let problem =
        task.questions == nil
        ? "task \(task.name) has no \(split.rawValue) file."
        : "task \(task.name) has questions, and what is wanted here are rows with labels."
      throw FileError(file: directory, problem: problem)
    }
    let present = try present(files, task: task, directory: directory)
    guard let first = present.first else {
      let place = task.folder.isEmpty ? usual.name : "\(task.folder)/\(usual.name)"
      let instead = task.isOwn ? ", or its name in \"files\"" : ""
      let rows =
        split == .validation && hasFile(task: task, split: .train, directory: directory)
        ? " Of the training file, which is here, a run holds out rows by task.validation_split, "
          + "and evaluate reads all by --split train."
        : ""
      throw FileError(
        file: "\(directory)/\(place)",
        problem: "the \(split.rawValue) file of task \(task.name) is not here; "
          + "give the folder that holds \(place)\(instead).\(rows)")
    }
    // Data sets that circulate in several layouts may use one name for two of them.
    let sameName = present.filter { $0.path == first.path }
    let chosen =
      sameName.count > 1
      ? try sameName.first { fits($0.file, try DataFile.read($0.path), path: $0.path, task: task) }
      : nil
    return chosen ?? first
  }

  /// True if a file of the split is where `read` looks for it.
  public static func hasFile(task: TaskDescription, split: Split, directory: String) -> Bool {
    // A file that may not be read is there all the same: reading it says why.
    (try? present(task.files[split] ?? [], task: task, directory: directory).isEmpty) != true
  }

  private static func present(
    _ files: [TaskDescription.File], task: TaskDescription, directory: String
  ) throws -> [(file: TaskDescription.File, path: String)] {
    try files.flatMap { file -> [(file: TaskDescription.File, path: String)] in
      let folders = task.folder.isEmpty ? [directory] : ["\(directory)/\(task.folder)", directory]
      return try folders.compactMap { folder in
        guard let path = DataFile.find("\(folder)/\(file.name)") else { return nil }
        // Others than the usual names may be a stranger's. The usual ones may be links to wherever
        // people keep their data.
        let isNamed = task.isOwn && !TaskDescription.usualFileNames.contains(file.name)
        let name = String(path.dropFirst(folder.count + 1))
        return (file: file, path: isNamed ? try ConfinedPath.path(name, in: folder) : path)
      }
    }
  }

  /// True if a file has the described layout, judged by its header or, without one, its first
  /// labelled row.
  static func fits(
    _ file: TaskDescription.File, _ bytes: [UInt8], path: String, task: TaskDescription
  ) -> Bool {
    guard var rows = try? RowReader(bytes, file: file, path: path) else { return false }
    if file.format == .jsonLines { return (try? rows.next()?.get()) != nil }
    if file.hasHeader, file.labelColumn?.isNumbered != true { return true }
    guard case .success(let row) = rows.next() else { return false }
    guard let label = row.label else { return task.isOwn }
    return (try? parse(label, row: row, file: file, task: task, path: path)) != nil
  }

  /// Reads a corpus for masked-language-model training: one text per line; blank lines are skipped.
  ///
  /// - Throws: `FileError` with file and line.
  public static func readCorpus(path: String, maximumRows: Int? = nil) throws -> TextDataset {
    let bytes = try DataFile.read(path, .fileOrStream)
    var dataset = TextDataset(source: path)
    for (index, line) in ByteLines(bytes).enumerated() {
      if let maximumRows, dataset.count >= maximumRows { break }
      let text = bytes[line]
      guard text.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { continue }
      guard text.isWellFormedUTF8 else { throw FileError.notUTF8(path, index + 1) }
      dataset.append(text, nil, label: .none, line: index + 1)
    }
    guard dataset.count > 0 else {
      throw FileError(file: path, problem: "the file has no text; all of its lines are blank.")
    }
    return dataset
  }

  static func read(
    task: TaskDescription, file: TaskDescription.File, path: String, maximumRows: Int?,
    badRows: BadRows
  ) throws -> TextDataset {
    try read(
      DataFile.read(path), task: task, file: file, path: path, maximumRows: maximumRows,
      badRows: badRows)
  }

  /// - Parameter spelling: what labels mean; nil if they are spelled as in the task's own files.
  static func read(
    _ bytes: [UInt8], task: TaskDescription, file: TaskDescription.File, path: String,
    maximumRows: Int?, badRows: BadRows, spelling: LabelSpelling? = nil
  ) throws -> TextDataset {
    var dataset = TextDataset(source: path, task: task, groupNames: file.groupColumns)
    dataset.spellingNotice = spelling?.notice(path)
    var isSpellingTried = spelling != nil
    var explained: LabelSpelling?
    var rows = try RowReader(bytes, file: file, path: path)
    var number = -1
    while let next = rows.next() {
      number += 1
      if let maximumRows, dataset.count >= maximumRows { break }
      do {
        let row = try next.get()
        if let undecided = file.undecidedLabel, let label = row.label,
          label.elementsEqual(undecided.utf8)
        {
          dataset.undecidedLines.append(row.line)
          continue
        }
        var label = TextDataset.Label.none
        do {
          if let field = row.label {
            label = try parse(
              field, row: row, file: file, task: task, path: path, spelling: spelling)
          }
        } catch let error where !isSpellingTried && row.label.map(LabelSpelling.isMissing) == false
        {
          // Once a file: either all of its labels are explained, or each is judged by itself.
          isSpellingTried = true
          let found = try LabelSpelling(bytes, file: file, task: task, path: path)
          guard let found else { throw error }
          explained = found
          break
        }
        dataset.append(
          row.texts[0], row.texts.count > 1 ? row.texts[1] : nil, label: label,
          groups: row.groups, line: row.line, number: number)
      } catch let error as FileError {
        // Known broken rows are a handful; many of them indicate another mistake.
        guard
          badRows == .skip
            || file.hasBrokenRows && dataset.rejections.count < 10 + dataset.count / 1000
        else { throw error }
        dataset.rejections.append(error)
      }
    }
    if let explained {
      return try read(
        bytes, task: task, file: file, path: path, maximumRows: maximumRows, badRows: badRows,
        spelling: explained)
    }
    guard dataset.count > 0 else {
      let why = dataset.rejections.first.map { "; the first rejected row is \($0)" } ?? "."
      throw FileError(file: path, problem: "the file has no usable row below its header\(why)")
    }
    if task.targets == .labelSets {
      // A number for each label of each row, of which a file need not have a word.
      _ = try MemoryShortage.check(
        4 * Double(dataset.count) * Double(task.labels.count),
        for: "\(path): \(task.labels.count) labels for each of \(dataset.count) rows",
        advice: "give fewer rows or labels")
    }
    return dataset
  }

  static func parse(
    _ field: ArraySlice<UInt8>, row: SpelledRow, file: TaskDescription.File, task: TaskDescription,
    path: String, spelling: LabelSpelling? = nil
  ) throws -> TextDataset.Label {
    if let id = spelling?.ids[Array(field)] { return .class(id) }
    if let range = task.scoreRange {
      guard let score = DecimalNumber.parse(field), range.contains(score) else {
        let shown = String(decoding: field.prefix(40), as: UTF8.self)
        throw FileError(
          file: path, line: row.line,
          problem: "the score \"\(shown)\" is no number from \(range.lowerBound) to "
            + "\(range.upperBound).")
      }
      return .score(score)
    }
    if let separator = file.labelSeparator {
      return .classes(
        try labels(field, separator, row: row, file: file, task: task, path: path))
    }
    return .class(try label(field, row: row, file: file, task: task, path: path))
  }

  /// The labels of a row that may have several, or none. Spaces around them are ignored.
  private static func labels(
    _ field: ArraySlice<UInt8>, _ separator: String, row: SpelledRow,
    file: TaskDescription.File, task: TaskDescription, path: String
  ) throws -> [Int32] {
    let found = try parts(of: field, separator).map {
      try label($0, row: row, file: file, task: task, path: path)
    }
    return Set(found).sorted()
  }

  /// The labels in a field that may hold several, as they are spelled.
  static func parts(of field: ArraySlice<UInt8>, _ separator: String) -> [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    var rest = field
    while !rest.isEmpty {
      let end = rest.firstRange(of: Array(separator.utf8)) ?? rest.endIndex..<rest.endIndex
      let part = rest[..<end.lowerBound].withoutOuterSpaces
      if !part.isEmpty { found.append(part) }
      rest = rest[end.upperBound...]
    }
    return found
  }

  private static func label(
    _ field: ArraySlice<UInt8>, row: SpelledRow, file: TaskDescription.File, task: TaskDescription,
    path: String
  ) throws -> Int32 {
    let spellings = file.labelSpellings ?? task.labels.map(\.spelling)
    guard let index = spellings.firstIndex(where: { $0.utf8.elementsEqual(field) }) else {
      let shown = String(decoding: field.prefix(40), as: UTF8.self)
      let known =
        spellings.prefix(20).map { "\"\($0)\"" }.joined(separator: ", ")
        + (spellings.count > 20 ? " and \(spellings.count - 20) more" : "")
      throw FileError(
        file: path, line: row.line,
        problem: "the label \"\(shown)\" is not one of task \(task.name), which are \(known).")
    }
    return Int32(index)
  }
}
