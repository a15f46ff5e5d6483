import Files

// The labels of own data whose description does not list them.
extension DatasetReader {
  /// The most labels that are inferred. A column with more different values holds something else.
  static let mostInferredLabels = 1000

  /// The different labels of the training rows: in the order of their values if all are numbers,
  /// otherwise in that of their bytes.
  ///
  /// Rows that cannot be used are left to whoever reads the rows themselves.
  ///
  /// - Throws: `FileError` if there are fewer than two labels, more than `mostInferredLabels`, two
  ///   that differ only in case, in spaces around them or in how they write a number, or one that
  ///   usually says that there is none, such as `NA`.
  static func inferLabels(of task: TaskDescription, directory: String) throws -> [String] {
    let (file, path) = try find(task: task, split: .train, directory: directory)
    let bytes = try DataFile.read(path)
    var rows = try RowReader(bytes, file: file, path: path)
    var found: Set<[UInt8]> = []
    var (rejected, usable): (FileError?, Int) = (nil, 0)
    while let next = rows.next() {
      guard case .success(let row) = next, let label = row.label else {
        if case .failure(let error) = next, rejected == nil { rejected = error }
        continue
      }
      usable += 1
      let labels = file.labelSeparator.map { parts(of: label, $0) } ?? [label]
      for label in labels where !label.withoutOuterSpaces.isEmpty { found.insert(Array(label)) }
      guard found.count <= mostInferredLabels else {
        throw FileError(
          file: path,
          problem: "the label's column has more than \(mostInferredLabels) different values; name "
            + "the column of the labels, list them in labels, or give score_range for scores.")
      }
    }
    if usable == 0, let rejected { throw rejected }
    let labels = sorted(found.map { String(decoding: $0, as: UTF8.self) })
    try checkDistinct(labels, path: path)
    guard labels.count > 1 else {
      let what = labels.first.map { "only the label \"\($0)\"" } ?? "no label"
      throw FileError(
        file: path,
        problem: "the training rows have \(what); a model needs two or more to tell apart.")
    }
    return labels
  }

  /// Numbers by value, others by their bytes.
  static func sorted(_ labels: [String]) -> [String] {
    let numbers = labels.compactMap { DecimalNumber.parse(Array($0.utf8)[...]) }
    let byBytes: ((String, Float), (String, Float)) -> Bool = {
      $0.0.utf8.lexicographicallyPrecedes($1.0.utf8)
    }
    guard numbers.count == labels.count else {
      return labels.map { ($0, 0) }.sorted(by: byBytes).map(\.0)
    }
    return zip(labels, numbers).sorted { $0.1 == $1.1 ? byBytes($0, $1) : $0.1 < $1.1 }.map(\.0)
  }

  private static func checkDistinct(_ labels: [String], path: String) throws {
    // Nobody can tell a class of this name from a missing label.
    if let none = labels.first(where: { LabelSpelling.isMissing(Array($0.utf8)[...]) }) {
      throw FileError(
        file: path,
        problem: "the label \"\(none)\" usually says that there is none; list labels, with "
          + "\"\(none)\" if it is one of them.")
    }
    var known: [String: String] = [:]
    var values: [Double: String] = [:]
    for label in labels {
      let plain = Array(label.utf8)[...].withoutOuterSpaces
      // Large whole numbers that differ may be one Float.
      guard DecimalNumber.parse(plain) != nil,
        let value = Double(String(decoding: plain, as: UTF8.self)),
        let other = values.updateValue(label, forKey: value)
      else { continue }
      throw FileError(
        file: path,
        problem: "the labels \"\(other)\" and \"\(label)\" are the same number; write them alike, "
          + "or list labels if they differ.")
    }
    for label in labels {
      let plain = String(decoding: Array(label.utf8)[...].withoutOuterSpaces, as: UTF8.self)
      guard let other = known.updateValue(label, forKey: plain.lowercased()) else { continue }
      throw FileError(
        file: path,
        problem: "the labels \"\(other)\" and \"\(label)\" differ only in case or spaces; "
          + "write them alike, or list labels with other names and these as label_spellings.")
    }
  }
}

extension ArraySlice<UInt8> {
  /// What is left without the spaces at both ends.
  var withoutOuterSpaces: ArraySlice<UInt8> {
    let space = UInt8(ascii: " ")
    let rest = drop { $0 == space }
    return rest[..<((rest.lastIndex { $0 != space }).map { $0 + 1 } ?? rest.startIndex)]
  }
}
