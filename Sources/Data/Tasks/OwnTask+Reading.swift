import Configuration
import StrictJSON

extension OwnTask {
  /// Keys that only the description of own data has.
  private static let keys = [
    "text", "text_pair", "label", "labels", "label_spellings", "score_range", "metrics", "files",
    "header", "quotes", "separator", "multi_label", "label_separator",
  ]

  /// Reads the description from the section `task`, which has one when it has `format`.
  /// - Throws: `ConfigError`.
  static func read(from section: ConfigSection) throws -> OwnTask? {
    guard section.has("format") else {
      section.ignore("format")
      for key in keys where section.has(key) {
        try section.refuse(
          key, "it describes data of your own; give \"format\" (tsv, csv or jsonl), too.")
      }
      return nil
    }
    return try OwnTask(reading: section)
  }

  private init(reading section: ConfigSection) throws {
    format = try section.choice("format")
    // Read first: an absent "label" would else be taken for a slip of "labels".
    target = try Self.target(section)
    text = try section.column("text")
    textPair = section.has("text_pair") ? try section.column("text_pair") : nil
    if textPair == nil { section.record("text_pair", .null) }
    label = try section.column("label")
    let columns = [("text", text), ("label", label)] + (textPair.map { [("text_pair", $0)] } ?? [])
    for (key, column) in columns where key != "label" && column == label {
      throw section.fail(
        key, "\(section.name(key)) and \(section.name("label")) name the same column.")
    }
    let named = columns.first { if case .named = $0.1 { true } else { false } }
    let numbered = columns.first { if case .at = $0.1 { true } else { false } }
    (quotes, separator, header) = (false, .comma, true)
    switch format {
    case .tsv:
      quotes = try section.bool("quotes", default: false)
      try section.refuse("separator", "fields of TSV are separated by tabs.")
    case .csv:
      separator = try section.choice("separator", default: .comma)
      try section.refuse("quotes", "fields of CSV may always be quoted.")
    case .jsonl:
      for key in ["quotes", "separator", "header"] {
        try section.refuse(key, "JSON Lines have none.")
      }
      if let (key, _) = numbered {
        throw section.fail(key, "\(section.name(key)) must be a key of the JSON objects.")
      }
    }
    if format != .jsonl {
      header = try section.bool("header", default: named != nil)
      if !header, let (key, _) = named {
        throw section.fail(
          key,
          "\(section.name(key)) names a column, but the files have no header; "
            + "give its number, counted from 0, or set \"header\": true.")
      }
    }
    isMultiLabel = try section.bool("multi_label", default: false)
    labelSeparator = try Self.labelSeparator(section, format, target, isMultiLabel: isMultiLabel)
    metrics = try Self.metrics(section, target, isMultiLabel: isMultiLabel)
    files = try Files(reading: section.sectionOrEmpty("files"), format)
  }

  private static func target(_ section: ConfigSection) throws -> Target {
    if section.has("score_range") {
      for key in ["labels", "label_spellings"] where section.has(key) {
        throw section.fail(
          key, "\(section.path) has both score_range and \(key); a row has a score or a label.")
      }
      let range = try section.numbers("score_range")
      guard range.count == 2, range[0] < range[1] else {
        throw section.fail(
          "score_range",
          "\(section.name("score_range")) must be the smallest and the largest score, "
            + "such as [0, 5].")
      }
      for key in ["labels", "label_spellings"] { section.record(key, .null) }
      return .score(range[0]...range[1])
    }
    section.record("score_range", .null)
    guard section.has("labels") else {
      throw section.fail(
        "\(section.path) does not say what its labels are; give labels, a list of their names, or "
          + "score_range, the smallest and the largest score.")
    }
    let labels = try section.strings("labels")
    guard labels.count > 1 else {
      throw section.fail("labels", "\(section.name("labels")) must hold at least two names.")
    }
    // Case does not matter where labels are matched with those of checkpoints.
    try section.checkDistinct("labels", labels.map { $0.lowercased() })
    let spellings = try section.strings("label_spellings", default: labels)
    guard spellings.count == labels.count else {
      throw section.fail(
        "label_spellings",
        "\(section.name("label_spellings")) must hold a spelling for each of the \(labels.count) "
          + "labels, in their order, found \(spellings.count).")
    }
    try section.checkDistinct("label_spellings", spellings)
    return .labels(labels, spellings: spellings)
  }

  private static func labelSeparator(
    _ section: ConfigSection, _ format: Format, _ target: Target, isMultiLabel: Bool
  ) throws -> String {
    guard case .labels(_, let spellings) = target, isMultiLabel else {
      if isMultiLabel {
        throw section.fail(
          "multi_label",
          "\(section.path) has both score_range and multi_label; a row has a score or "
            + "labels.")
      }
      try section.refuse("label_separator", "rows have one label unless multi_label is true.")
      return "|"
    }
    if format == .jsonl {
      try section.refuse("label_separator", "JSON Lines have an array of labels.")
    }
    // What no label holds: ASCII's unit separator.
    let separator =
      format == .jsonl ? "\u{1F}" : try section.string("label_separator", default: "|")
    if let label = spellings.first(where: { $0.contains(separator) }) {
      throw section.fail(
        "label_separator",
        "\(section.name("label_separator")) is \"\(separator)\", which is part of the label "
          + "\"\(label)\"; labels could not be told apart.")
    }
    return separator
  }

  private static func metrics(
    _ section: ConfigSection, _ target: Target, isMultiLabel: Bool
  ) throws -> [Metric] {
    let allowed: [Metric]
    let usual: [Metric]
    switch target {
    case .score: (allowed, usual) = ([.pearson, .spearman], [.pearson, .spearman])
    case .labels where isMultiLabel:
      (allowed, usual) = ([.microF1, .macroF1, .accuracy], [.microF1, .macroF1, .accuracy])
    case .labels(let names, _):
      allowed = Metric.allCases.filter {
        !$0.isOfScores && $0 != .microF1 && ($0 != .f1 || names.count == 2)
      }
      usual = [.accuracy]
    }
    let names = try section.strings("metrics", default: usual.map(\.rawValue))
    guard !names.isEmpty else {
      throw section.fail("metrics", "\(section.name("metrics")) must name a metric.")
    }
    try section.checkDistinct("metrics", names)
    return try names.enumerated().map { place, name in
      guard let metric = allowed.first(where: { $0.rawValue == name }) else {
        throw section.unknownElement("metrics", place, name, among: allowed.map(\.rawValue))
      }
      return metric
    }
  }
}

extension OwnTask.Files {
  /// Reads the section to its end.
  init(reading section: ConfigSection, _ format: OwnTask.Format) throws {
    let usual = OwnTask.Files.usual(format)
    train = try section.string("train", default: usual.train)
    validation = try section.string("validation", default: usual.validation)
    test = try section.string("test", default: usual.test)
    try section.finish()
  }
}

extension ConfigSection {
  /// A column by name or number.
  fileprivate func column(_ key: String) throws -> OwnTask.Column {
    let kind = "the name or number (from 0) of a column"
    guard let value = value(of: key) else { throw missing(key, kind) }
    if value.string != nil { return .named(try string(key)) }
    guard let number = value.int, number >= -1 else { throw wrongKind(key, kind, value) }
    record(key, .int(number))
    return .at(number)
  }

  /// Refuses an array in which an element stands twice.
  fileprivate func checkDistinct(_ key: String, _ elements: [String]) throws {
    for (place, element) in elements.enumerated() where elements[..<place].contains(element) {
      throw elementError(
        key, place, value(of: key)?.array?[place] ?? .string(element), "unlike those before it")
    }
  }

  /// The error for an element of an array that is none of the known names.
  fileprivate func unknownElement(
    _ key: String, _ place: Int, _ text: String, among known: [String]
  ) -> ConfigError {
    let guess = EditDistance.nearest(to: text, among: known).map { "; did you mean \"\($0)\"?" }
    let path = "\(name(key))[\(place)]"
    return document.error(
      path: path, at: value(of: key)?.array?[place].position ?? position,
      "\(path) must be \(known.map { "\"\($0)\"" }.joined(separator: " or ")), "
        + "found \"\(text)\"" + (guess ?? "."))
  }
}
