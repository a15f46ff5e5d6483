import Configuration
import Files
import StrictJSON

// Data of one's own: the part of the section `task` that is there when it has `format`.
extension TaskDescription {
  /// Keys that only the description of own data has.
  private static let ownKeys = [
    "text", "text_pair", "label", "labels", "label_spellings", "score_range", "metrics", "files",
    "header", "quotes", "separator", "multi_label", "label_separator",
  ]

  /// The names that the files of own data have unless others are given.
  static let usualFileNames = Set(
    ["train", "dev", "test"].flatMap { part in
      ["tsv", "csv", "jsonl", "json"].map { "\(part).\($0)" }
    })

  /// Reads the description from the section `task`; nil where there is none.
  ///
  /// - Parameter directory: where the training rows are that labels may be inferred from; nil if
  ///   there are none to look at.
  /// - Throws: `ConfigError`; `FileError` for training rows that cannot be read.
  static func own(
    reading section: ConfigSection, name: String, directory: String?
  ) throws -> TaskDescription? {
    guard section.has("format") else {
      section.ignore("format")
      for key in ownKeys where section.has(key) {
        try section.refuse(
          key, "it describes data of your own; give \"format\" (tsv, csv, jsonl or json), too.")
      }
      return nil
    }
    return try TaskDescription(reading: section, name: name, directory: directory)
  }

  private init(reading section: ConfigSection, name: String, directory: String?) throws {
    var format: Format = try section.choice(
      "format",
      named: [
        ("tsv", .tabSeparated), ("csv", .quoted()), ("jsonl", .jsonLines), ("json", .jsonLines),
      ],
      "How the files look: `jsonl` has a JSON object a line, `json` one array of them; all are in "
        + "UTF-8.")
    let ending = section.value(of: "format")?.string ?? ""
    // Read first: an absent "label" would else be taken for a slip of "labels".
    var target = try OwnTarget(reading: section)
    let text = try section.column(
      "text", "The text's column: its name or key, or its number from 0 (-1 is the last).")
    let pair = try section.optionalColumn("text_pair", "The column of a second text.")
    let label = try section.column("label", "The column of the label or score.")
    let columns = [("text", text)] + (pair.map { [("text_pair", $0)] } ?? [])
    for (key, column) in columns where column == label {
      throw section.fail(
        key, "\(section.name(key)) and \(section.name("label")) name the same column.")
    }
    try section.readDelimiters(of: &format)
    let header = try section.header(format, [columns[0], ("label", label)] + columns.dropFirst())
    let several = try section.bool(
      "multi_label", default: false,
      "Whether a row may have several labels, or none; each output decides for itself then.")
    let separator = try section.labelSeparator(format, target, isMultiLabel: several)
    let kind: Targets.Kind = target.range != nil ? .scores : several ? .labelSets : .classes

    let names = try section.sectionOrEmpty(
      "files", "Names of the files within `data_dir`, which they cannot leave.")
    func file(_ key: String, _ fallback: String, _ meaning: String) throws -> File {
      let name = try names.string(key, default: "\(fallback).\(ending)", meaning)
      if let complaint = ConfinedPath.complaint(name) {
        throw names.fail(
          key, "\(names.name(key)) must be the name of a file within data_dir; it \(complaint).")
      }
      var file = File(
        name: name, textColumns: columns.map(\.1), labelColumn: label, hasHeader: header)
      file.format = format
      if several { file.labelSeparator = separator }
      return file
    }
    let train = try file("train", "train", "The training rows.")
    let validation = try file("validation", "dev", "The rows that models are measured on.")
    let test = try file("test", "test", "The test rows, with labels or without.")
    try names.finish()
    if target.isInferred {
      let found = TaskDescription(
        name: name, folder: "", labels: [], metrics: [], files: [.train: train])
      try target.infer(from: found, directory: directory, for: section)
    }
    let metrics = try section.metrics(kind, labels: target.labels.count)
    self.init(
      name: name, folder: "", labels: target.labels, scoreRange: target.range, metrics: metrics,
      files: [.train: train, .validation: validation, .test: test],
      alternatives: [.test: [test.with { $0.labelColumn = nil }]])
    isOwn = true
  }
}

/// What a row of own data is labelled with: names, or a score.
private struct OwnTarget {
  var labels: [TaskDescription.Label] = []
  var range: ClosedRange<Float>?
  /// Whether the configuration says neither what the labels are nor that they are scores.
  var isInferred = false

  init(reading section: ConfigSection) throws {
    let range = try section.optionalNumbers(
      "score_range", "In place of `labels`: rows have a score, from the smallest to the largest.")
    if let range {
      for key in ["labels", "label_spellings"] where section.has(key) {
        throw section.fail(
          key, "\(section.path) has both score_range and \(key); a row has a score or a label.")
      }
      guard range.count == 2, range[0] < range[1] else {
        throw section.fail(
          "score_range",
          "\(section.name("score_range")) must be the smallest and the largest score, "
            + "such as [0, 5].")
      }
      self.range = Float(range[0])...Float(range[1])
      for key in ["labels", "label_spellings"] { section.record(key, .null) }
      return
    }
    let found = try section.optionalStrings(
      "labels",
      "Names of the labels in the order of the model's outputs; case does not matter. By default "
        + "those of the training rows: numbers by value, others by their bytes.")
    guard let names = found else {
      if section.has("label_spellings") {
        throw section.fail(
          "label_spellings",
          "\(section.name("label_spellings")) says how labels are written whose names are not "
            + "there; give labels, too.")
      }
      _ = try readSpellings(section)
      isInferred = true
      return
    }
    guard names.count > 1 else {
      throw section.fail("labels", "\(section.name("labels")) must hold at least two names.")
    }
    // Case does not matter where labels are matched with those of checkpoints.
    try section.checkDistinct("labels", names.map { $0.lowercased() })
    try Self.checkLines(names, in: section)
    let spellings = try readSpellings(section) ?? names
    section.record("label_spellings", .array(spellings.map(JSONValue.string)))
    guard spellings.count == names.count else {
      throw section.fail(
        "label_spellings",
        "\(section.name("label_spellings")) must hold a spelling for each of the \(names.count) "
          + "labels, in their order, found \(spellings.count).")
    }
    try section.checkDistinct("label_spellings", spellings)
    labels = zip(names, spellings).map { TaskDescription.Label($0, spelling: $1) }
  }

  private func readSpellings(_ section: ConfigSection) throws -> [String]? {
    try section.optionalStrings(
      "label_spellings", "How the files write the labels, in their order; by default as `labels`.")
  }

  /// Labels become fields of tables.
  private static func checkLines(_ names: [String], in section: ConfigSection) throws {
    guard let name = names.first(where: { $0.utf8.contains { [0x09, 0x0A, 0x0D].contains($0) } })
    else { return }
    throw section.fail(
      "labels",
      "\(section.name("labels")): the label \"\(name)\" has a tab or a line break, which no table "
        + "can hold; give labels without, and what the files have as label_spellings.")
  }

  /// Takes the labels of the training rows, and records them as if they had been given.
  ///
  /// - Parameter directory: nil if there are no training rows to look at.
  /// - Throws: `FileError` if the rows or their labels cannot be used, `ConfigError` if there are
  ///   none.
  mutating func infer(
    from task: TaskDescription, directory: String?, for section: ConfigSection
  ) throws {
    guard let directory else {
      throw section.fail(
        "\(section.path) has no labels, and there are no training rows here to take them from; "
          + "give labels, or use the task.json in the folder of a trained model, which has them.")
    }
    let isThere = DatasetReader.hasFile(task: task, split: .train, directory: directory)
    guard isThere || section.document.checksPaths else { return }
    let found = try DatasetReader.inferLabels(of: task, directory: directory)
    try Self.checkLines(found, in: section)
    labels = found.map { TaskDescription.Label($0) }
    let names = JSONValue.array(found.map(JSONValue.string))
    for key in ["labels", "label_spellings"] { section.record(key, names) }
    let shown = found.prefix(20).map { "\"\($0)\"" }.joined(separator: ", ")
    section.document.note(
      "\(section.name("labels")) are those of the training rows: \(shown)"
        + (found.count > 20 ? " and \(found.count - 20) more" : "")
        + (found.count > 20 && found.allSatisfy { Double($0) != nil }
          ? "; they are numbers: for scores, give score_range" : ""))
  }
}

extension ConfigSection {
  /// A column by name or number.
  fileprivate func column(_ key: String, _ meaning: String) throws -> TaskDescription.Column {
    if let column = try readColumn(key, .required, meaning) { return column }
    throw missing(key, Self.columnExpectation)
  }

  fileprivate func optionalColumn(
    _ key: String, _ meaning: String
  ) throws -> TaskDescription.Column? {
    try readColumn(key, .optional, meaning)
  }

  private static let columnExpectation = "the name or number (from 0) of a column"

  private func readColumn(
    _ key: String, _ presence: Setting.Presence, _ meaning: String
  ) throws -> TaskDescription.Column? {
    let bounds = Bounds.between(-1, 65_535)
    var setting = setting(key, .string, bounds: bounds, presence, meaning)
    setting.kinds.append(.integer)
    return try read(setting) { value in
      if let name = value.string {
        if name.isEmpty { throw fail(key, "\(self.name(key)) must not be empty.") }
        return .named(name)
      }
      guard let number = value.int, bounds.contains(Double(number)) else {
        throw wrong(key, Self.columnExpectation, value)
      }
      return .at(number)
    }
  }

  /// `quotes` of TSV and `separator` of CSV.
  fileprivate func readDelimiters(of format: inout TaskDescription.Format) throws {
    switch format {
    case .tabSeparated:
      let quotes = try bool(
        "quotes", default: false,
        "TSV: whether fields may be quoted as in CSV; else quotes are text.")
      if quotes { format = .quoted(separator: UInt8(ascii: "\t")) }
      try refuse("separator", "fields of TSV are separated by tabs.")
    case .quoted:
      format = .quoted(
        separator: try choice(
          "separator", default: ",",
          named: [",", ";", "|", "\t"].map { ($0, $0.utf8.first ?? 0) },
          "CSV: what stands between fields."))
      try refuse("quotes", "fields of CSV may always be quoted.")
    default:
      for key in ["quotes", "separator", "header"] { try refuse(key, "JSON has none.") }
    }
  }

  /// `header`; by default there is one if a column goes by its name.
  fileprivate func header(
    _ format: TaskDescription.Format, _ columns: [(key: String, column: TaskDescription.Column)]
  ) throws -> Bool {
    let named = columns.first { !$0.column.isNumbered }
    if format == .jsonLines {
      if let (key, _) = columns.first(where: { $0.column.isNumbered }) {
        throw fail(key, "\(name(key)) must be a key of the JSON objects.")
      }
      return true
    }
    let header =
      try optionalBool(
        "header",
        "CSV and TSV: whether the first line names the columns; by default if one goes by its name."
      ) ?? (named != nil)
    record("header", .bool(header))
    if !header, let (key, _) = named {
      throw fail(
        key,
        "\(name(key)) names a column, but the files have no header; "
          + "give its number, counted from 0, or set \"header\": true.")
    }
    return header
  }

  fileprivate func labelSeparator(
    _ format: TaskDescription.Format, _ target: OwnTarget, isMultiLabel: Bool
  ) throws -> String {
    if isMultiLabel, target.range != nil {
      throw fail(
        "multi_label",
        "\(path) has both score_range and multi_label; a row has a score or labels.")
    }
    guard isMultiLabel else {
      try refuse("label_separator", "rows have one label unless multi_label is true.")
      return "|"
    }
    // What no label holds: ASCII's unit separator.
    var separator = "\u{1F}"
    if format == .jsonLines {
      try refuse("label_separator", "JSON Lines have an array of labels.")
    } else {
      separator = try string(
        "label_separator", default: "|",
        "CSV and TSV with `multi_label`: what stands between the labels of a row.")
    }
    if let label = target.labels.first(where: { $0.spelling.contains(separator) }) {
      throw fail(
        "label_separator",
        "\(name("label_separator")) is \"\(separator)\", which is part of the label "
          + "\"\(label.spelling)\"; labels could not be told apart.")
    }
    return separator
  }

  fileprivate func metrics(_ kind: Targets.Kind, labels: Int) throws -> [Metric] {
    let known: [Metric] =
      switch kind {
      case .classes: [.accuracy] + (labels == 2 ? [.f1] : []) + [.macroF1, .matthews]
      case .labelSets: [.microF1, .macroF1, .accuracy]
      case .scores: [.pearson, .spearman]
      case .spans: []
      }
    let metrics = try choices(
      "metrics", default: kind == .classes ? [.accuracy] : known, among: known,
      "What predictions are measured by; the first one chooses the best model.")
    guard !metrics.isEmpty else { throw fail("metrics", "\(name("metrics")) must name a metric.") }
    try checkDistinct("metrics", metrics.map(\.rawValue))
    return metrics
  }

  /// Refuses an array in which an element stands twice.
  fileprivate func checkDistinct(_ key: String, _ elements: [String]) throws {
    var seen: Set<String> = []
    for (place, element) in elements.enumerated() where !seen.insert(element).inserted {
      throw wrong(
        "\(key)[\(place)]", "unlike those before it",
        value(of: key)?.array?[place] ?? .string(element))
    }
  }
}
