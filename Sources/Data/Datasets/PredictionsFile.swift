import Files
import StrictJSON

/// What somebody predicted for the rows of a data set, as a file says it: logits, probabilities or
/// scores, by the number of the row.
///
/// JSON Lines as `mate-kd predict` writes them, or CSV; docs/teachers.md describes both.
///
/// ```swift
/// let file = try PredictionsFile(reading: path)
/// for row in file.rows { print(row.index, row.values) }
/// ```
public struct PredictionsFile: Sendable {
  /// What the numbers are.
  public enum Kind: String, Sendable {
    /// Outputs before a softmax, or scores.
    case logits
    /// Numbers from 0 to 1.
    case probabilities
  }

  /// The prediction for a row.
  public struct Row: Sendable {
    /// The number of the row among all rows of the data's file, counted from 0.
    public let index: Int
    /// The numbers, in the order of `names`.
    public let values: [Double]
    /// The line in which it stands, counted from 1.
    public let line: Int
  }

  /// The file.
  public let path: String
  /// What its numbers are.
  public let kind: Kind
  /// What the numbers of a row are about; nil if the file does not say.
  public let names: [String]?
  /// The rows, in the order of the file.
  public let rows: [Row]

  /// Reads a file; it is CSV if its name ends so, otherwise JSON Lines.
  /// - Throws: `FileError` with file and line.
  public init(reading path: String) throws {
    self.path = path
    let bytes = try DataFile.read(path)
    var reader = Reader(path: path)
    if InputFormat(ofFile: path) == .csv {
      try reader.table(bytes)
    } else {
      try reader.objects(bytes)
    }
    guard let kind = reader.kind else {
      throw FileError(file: path, problem: "the file has no row with a prediction.")
    }
    (self.kind, names, rows) = (kind, reader.names, reader.rows)
  }
}

/// Collects the rows of a file, which must all be of one kind and about the same labels.
private struct Reader {
  let path: String
  var kind: PredictionsFile.Kind?
  var names: [String]?
  var rows: [PredictionsFile.Row] = []

  /// More than any model says; squares of what is larger do not fit float32.
  private static let largest = 1e18

  private func fail(_ line: Int, _ problem: String) -> FileError {
    FileError(file: path, line: line, problem: problem)
  }

  private mutating func add(
    _ index: Int?, _ values: [Double?], _ kind: PredictionsFile.Kind, names: [String]?, line: Int
  ) throws {
    guard let index, index >= 0 else {
      throw fail(
        line, "the row needs \"index\", its number in the data's file, counted from 0.")
    }
    let numbers = values.compactMap { $0.flatMap { $0.isFinite ? $0 : nil } }
    guard numbers.count == values.count, !numbers.isEmpty else {
      throw fail(line, "the \(kind.rawValue) of row \(index) must be finite numbers.")
    }
    guard numbers.allSatisfy({ abs($0) <= Self.largest }) else {
      throw fail(
        line, "the \(kind.rawValue) of row \(index) must not be beyond \(Self.largest).")
    }
    if let first = rows.first {
      guard self.kind == kind, self.names == names, first.values.count == numbers.count else {
        throw fail(
          line, "row \(index) has other labels, or another kind of numbers, than the first row.")
      }
    } else {
      (self.kind, self.names) = (kind, names)
    }
    rows.append(PredictionsFile.Row(index: index, values: numbers, line: line))
  }

  // MARK: JSON Lines

  mutating func objects(_ bytes: [UInt8]) throws {
    for (number, range) in ByteLines(bytes).enumerated() where !bytes[range].isBlank {
      let line = number + 1
      let object: JSONValue
      do {
        object = try StrictJSON.parse(Array(bytes[range]), file: path)
      } catch let error as JSONError {
        throw fail(line, "\(error.message), at column \(error.column).")
      }
      try add(object, line: line)
    }
  }

  private mutating func add(_ object: JSONValue, line: Int) throws {
    let given: [(String, PredictionsFile.Kind)] = [
      ("logits", .logits), ("score", .logits), ("probabilities", .probabilities),
    ]
    let found = given.first { key, _ in
      object[key].map { $0.array?.isEmpty != true && !$0.isNull } ?? false
    }
    guard let (key, kind) = found, let value = object[key] else {
      throw fail(
        line, "the row needs an object with \"logits\", \"probabilities\" or \"score\".")
    }
    var labels = object["label_names"]?.array?.compactMap(\.string)
    var values = value.array?.map(\.double) ?? [value.double]
    if let members = value.object?.members {
      // The first row tells the order.
      let order = names ?? members.map(\.key)
      labels = members.count == order.count ? order : members.map(\.key)
      values = order.map { value[$0]?.double }
    }
    if let labels, labels.count != values.count {
      throw fail(line, "the row has \(values.count) \(key) for \(labels.count) label names.")
    }
    try add(object["index"]?.int, values, kind, names: labels, line: line)
  }

  // MARK: CSV

  mutating func table(_ bytes: [UInt8]) throws {
    var records = QuotedRecords(bytes)
    guard let header = records.next() else { return }
    if let problem = header.problem { throw fail(header.line, problem) }
    var columns = header.fields.map { String(decoding: $0, as: UTF8.self) }
    guard let place = columns.firstIndex(of: "index"), columns.count > 1 else {
      throw fail(
        1, "the header needs the columns \"index\" and one for each label, or \"score\".")
    }
    columns.remove(at: place)
    var kind = columns == ["score"] ? PredictionsFile.Kind.logits : .probabilities
    for prefix in [PredictionsFile.Kind.logits, .probabilities]
    where columns.allSatisfy({ $0.hasPrefix("\(prefix.rawValue).") }) {
      columns = columns.map { String($0.dropFirst(prefix.rawValue.count + 1)) }
      kind = prefix
    }
    while let record = records.next() {
      if record.isBlank { continue }
      if let problem = record.problem { throw fail(record.line, problem) }
      guard record.fields.count == columns.count + 1 else {
        throw fail(
          record.line,
          "the row has \(record.fields.count) fields, the header \(columns.count + 1).")
      }
      var fields = record.fields.map { String(decoding: $0, as: UTF8.self) }
      let index = Int(fields.remove(at: place))
      try add(index, fields.map(Double.init), kind, names: columns, line: record.line)
    }
  }
}
