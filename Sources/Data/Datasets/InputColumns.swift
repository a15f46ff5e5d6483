/// Finds the columns of texts in a header, by the names that the task's own files use and by the
/// names that are usual elsewhere.
struct InputColumns {
  /// Sets of names that stand for a row's texts together; the first set that is there counts.
  private let candidates: [[String]]
  /// Names of labels and numbers of rows, by which a header is recognised, too.
  private static let others = ["label", "labels", "index", "idx", "id", "score", "target"]

  init(_ task: TaskDescription) {
    let files = Split.allCases.flatMap { task.files[$0] ?? [] }
    let own = files.map { file in
      file.textColumns.compactMap { if case .named(let name) = $0 { name } else { nil } }
    }.filter { !$0.isEmpty }
    let usual: [[String]] =
      task.isPair
      ? [
        ["sentence1", "sentence2"], ["text1", "text2"], ["text_a", "text_b"],
        ["text", "text_pair"],
        ["premise", "hypothesis"], ["question1", "question2"], ["question", "sentence"],
        ["first", "second"],
      ]
      : [
        ["text"], ["sentence"], ["content"], ["review"], ["comment"], ["title", "description"],
        ["body"], ["document"],
      ]
    var all: [[String]] = []
    for names in own.filter({ $0.count == (task.isPair ? 2 : 1) }) + usual
    where !all.contains(names) {
      all.append(names)
    }
    candidates = all
  }

  /// The columns of the texts, as the header spells them; nil if there are none. Case and spaces
  /// around a name do not matter.
  func find(in header: [String]) -> [TaskDescription.Column]? {
    for names in candidates {
      let found = names.compactMap { name in
        header.first { Self.plain($0) == Self.plain(name) }
      }
      if found.count == names.count { return found.map(TaskDescription.Column.named) }
    }
    return nil
  }

  /// True if a line looks like a header rather than like texts.
  func isHeader(_ fields: [String]) -> Bool {
    let known = Set(Self.others + candidates.joined().map { $0.lowercased() })
    return fields.contains { known.contains(Self.plain($0)) }
  }

  private static func plain(_ name: String) -> String {
    String(name.lowercased().drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  /// The names looked for, for messages.
  var names: String {
    candidates.map { $0.map { "\"\($0)\"" }.joined(separator: " and ") }.joined(separator: ", ")
  }
}
