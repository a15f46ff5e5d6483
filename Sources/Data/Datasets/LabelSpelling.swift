import Files

/// What the labels of a file mean where they are not spelled as the task's files spell them: `1.0`,
/// as pandas writes the whole numbers of a column with gaps, `Positive`, or `pos`.
///
/// One way must explain every label of the file, and each of them must mean one label of the task.
struct LabelSpelling {
  /// The id of each label that the file has.
  let ids: [[UInt8]: Int32]
  private let how: String
  private let names: [String]

  /// More different labels than this are texts in the wrong column.
  private static let most = 1000

  /// What stands where a value is missing; such rows have no label, whatever the others are.
  private static let missing: Set<String> = ["", "na", "n/a", "nan", "none", "null"]

  /// True for a label that says there is none.
  static func isMissing(_ field: ArraySlice<UInt8>) -> Bool {
    field.count <= 8 && missing.contains(plain(String(decoding: field, as: UTF8.self)))
  }

  /// Reads all labels of a file; nil where no way explains them.
  ///
  /// - Throws: the errors of `RowReader`'s initialiser.
  init?(
    _ bytes: [UInt8], file: TaskDescription.File, task: TaskDescription, path: String
  ) throws {
    guard file.labelSeparator == nil, task.scoreRange == nil else { return nil }
    var found: Set<[UInt8]> = []
    var rows = try RowReader(bytes, file: file, path: path)
    while let row = rows.next() {
      guard let label = try? row.get().label, !Self.isMissing(label),
        file.undecidedLabel.map({ label.elementsEqual($0.utf8) }) != true
      else { continue }
      found.insert(Array(label))
      if found.count > Self.most { return nil }
    }
    self.init(found, spellings: file.labelSpellings ?? task.labels.map(\.spelling), task: task)
  }

  private init?(_ found: Set<[UInt8]>, spellings: [String], task: TaskDescription) {
    let names = task.labelNames
    let labels = found.map { String(decoding: $0, as: UTF8.self) }
    let numbers = spellings.compactMap(Self.wholeNumber)
    // Numbers that the task gives a meaning of their own are never taken for ids.
    let areIDs = numbers.isEmpty && labels.contains { Self.wholeNumber($0) == 0 }
    let ways: [(how: String, means: (String, Int) -> Bool)] = [
      (
        "without regard to case and spaces", { Self.plain($0) == Self.plain(spellings[$1]) }
      ),
      (
        "as whole numbers",
        { numbers.count == names.count && Self.wholeNumber($0) == numbers[$1] }
      ),
      ("by the names of the task's labels", { Self.plain($0) == Self.plain(names[$1]) }),
      ("by their usual meaning", { LabelSynonyms.mean($0, names[$1]) }),
      ("by their numbers in the task's order", { areIDs && Self.wholeNumber($0) == $1 }),
    ]
    for way in ways where !labels.isEmpty {
      let ids = labels.map { label in names.indices.filter { way.means(label, $0) } }
      // What is spelled as it should be means what it always means.
      let areOne = zip(labels, ids).allSatisfy { label, ids in
        ids.count == 1 && spellings.firstIndex(of: label).map { $0 == ids[0] } ?? true
      }
      guard areOne else { continue }
      self.ids = Dictionary(
        uniqueKeysWithValues: zip(labels, ids).map { (Array($0.utf8), Int32($1[0])) })
      self.names = names
      how = way.how
      return
    }
    return nil
  }

  /// A sentence that tells how the labels of a file are read.
  func notice(_ source: String) -> String {
    let meanings = ids.map { (id: $1, text: "\"\(String(decoding: $0, as: UTF8.self))\"") }
      .sorted { ($0.id, $0.text) < ($1.id, $1.text) }
      .map { "\($0.text) as \(names[Int($0.id)])" }
    let shown = meanings.prefix(20).joined(separator: ", ")
    let more = meanings.count > 20 ? " and \(meanings.count - 20) more" : ""
    return "\(source): labels are read \(how): \(shown)\(more)"
  }

  private static func plain(_ text: String) -> String {
    let inner = text.utf8.drop { $0 == 0x20 || $0 == 0x09 }
    let end = inner.lastIndex { $0 != 0x20 && $0 != 0x09 }
    return String(decoding: end.map { inner[...$0] } ?? inner[inner.endIndex...], as: UTF8.self)
      .lowercased()
  }

  /// The value of `1`, `1.0` or `1e0`; nil for other numbers and for what is none.
  private static func wholeNumber(_ text: String) -> Int? {
    DecimalNumber.parse(Array(plain(text).utf8)[...]).flatMap { Int(exactly: $0) }
  }
}
