import Configuration

/// Which columns of a table hold the text and the label.
package struct ColumnChoice: Sendable {
  /// The text's column.
  package let text: SniffedColumn
  /// The column of a second text; nil if rows have one text.
  package let pair: SniffedColumn?
  /// The label's column.
  package let label: SniffedColumn

  /// What the user has to say, in one sentence.
  package struct Question: Error, CustomStringConvertible {
    /// The sentence.
    package let description: String
  }

  /// Names that columns of labels usually have.
  static let labelNames = [
    "label", "labels", "class", "category", "sentiment", "target", "topic", "intent", "rating",
    "stars", "score", "polarity", "gold_label", "emotion", "y",
  ]
  /// Names that columns of texts usually have.
  static let textNames = [
    "text", "sentence", "content", "review", "comment", "body", "document", "message", "tweet",
    "utterance",
  ]
  /// Names of columns that hold the two texts of a row.
  private static let pairNames = [
    ["sentence1", "sentence2"], ["text1", "text2"], ["text_a", "text_b"], ["text", "text_pair"],
    ["premise", "hypothesis"], ["question1", "question2"], ["question", "sentence"],
  ]

  /// Takes the columns that the user names, and guesses the others.
  ///
  /// - Throws: `Question` if there is no such column, or if several or none could be meant.
  package init(
    _ table: SniffedTable, text: String? = nil, pair: String? = nil, label: String? = nil
  ) throws {
    func named(_ name: String?, _ option: String) throws -> SniffedColumn? {
      guard let name else { return nil }
      let found =
        table.columns.first { $0.name == name }
        ?? (table.hasHeader ? nil : table.columns.first { "\($0.number)" == name })
      if let found {
        guard found.filled == 0, let kind = found.nested else { return found }
        throw Question(
          description:
            "\(option): column \(found.shown) of \(table.path) holds \(kind), no texts or numbers; "
            + "write what is in them as keys of the rows.")
      }
      let names = table.columns.compactMap(\.name)
      let guess = EditDistance.nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" }
      throw Question(
        description:
          "\(option): \(table.path) has no column \"\(name)\"\(guess ?? "; its columns are ")"
          + (guess == nil ? "\(table.listing)." : ""))
    }
    let givenText = try named(text, "--text")
    let givenPair = try named(pair, "--text-pair")
    let givenLabel = try named(label, "--label")
    let taken = [givenText, givenPair, givenLabel].compactMap { $0?.number }
    guard Set(taken).count == taken.count else {
      throw Question(description: "--text, --text-pair and --label must name different columns.")
    }
    let free = table.columns.filter { !taken.contains($0.number) }
    let both = givenText == nil && givenPair == nil ? Self.pair(in: free) : nil
    let first = try givenText ?? both?.first ?? Self.text(of: free, table)
    let second = givenPair ?? both?.second
    let rest = free.filter { $0.number != first.number && $0.number != second?.number }
    let candidates = rest.filter { $0.isCategory || $0.isScore && !$0.isIndex }
    let usual = rest.first { Self.labelNames.contains($0.name?.lowercased() ?? "") }
    // Neither a guess nor the user can make labels of one.
    if let same = givenLabel ?? (candidates.isEmpty ? usual : nil), same.isConstant,
      let value = same.values.keys.first
    {
      throw Question(
        description:
          "\(table.path): column \(same.shown) has only the label \"\(value.prefix(60))\"; a model "
          + "needs two or more to tell apart.")
    }
    let label =
      try givenLabel
      ?? Self.one(
        of: candidates, usual: Self.labelNames, option: "--label", what: "the label", table
      ) { $0.values.count < $1.values.count }
    (self.text, self.pair, self.label) = (first, second, label)
  }

  private static func text(
    of columns: [SniffedColumn], _ table: SniffedTable
  ) throws -> SniffedColumn {
    let prose = columns.filter(\.isProse)
    // Texts of one or two words look like labels of many kinds.
    let others = columns.filter { !$0.isNumeric && !$0.isCategory && $0.filled > 0 }
    return try one(
      of: prose.isEmpty ? others : prose, usual: textNames, option: "--text", what: "the text",
      table
    ) { $0.meanLength > $1.meanLength }
  }

  private static func pair(
    in columns: [SniffedColumn]
  ) -> (first: SniffedColumn, second: SniffedColumn)? {
    for names in pairNames {
      let found = names.compactMap { name in columns.first { $0.name?.lowercased() == name } }
      if found.count == 2 { return (found[0], found[1]) }
    }
    return nil
  }

  /// The only candidate, or the only one with a usual name.
  private static func one(
    of candidates: [SniffedColumn], usual: [String], option: String, what: String,
    _ table: SniffedTable, isBetter: (SniffedColumn, SniffedColumn) -> Bool
  ) throws -> SniffedColumn {
    let named = candidates.filter { usual.contains($0.name?.lowercased() ?? "") }
    if let only = candidates.count == 1 ? candidates.first : named.count == 1 ? named.first : nil {
      return only
    }
    guard let guess = (named.isEmpty ? candidates : named).min(by: isBetter) else {
      throw Question(
        description:
          "\(table.path): no column looks like \(what); name it with \(option); the columns "
          + "are \(table.listing).")
    }
    throw Question(
      description:
        "\(table.path): \(candidates.map(\.shown).joined(separator: " or ")) could be \(what); "
        + "name it, as in \(option) \(guess.name ?? "\(guess.number)") (a guess); the columns are "
        + "\(table.listing).")
  }
}

extension SniffedTable {
  /// The columns with what they hold.
  var listing: String {
    let shown = columns.prefix(20).map { "\($0.shown) (\($0.summary))" }.joined(separator: ", ")
    return shown + (columns.count > 20 ? " and \(columns.count - 20) more" : "")
  }
}
