import Files

/// A table of results in plain text: headings, a rule, rows.
package struct TextTable: Sendable {
  /// One column.
  package struct Column: Sendable {
    /// Its heading.
    package var title: String
    /// Whether its cells are right-aligned, as numbers are.
    package var isNumeric: Bool

    /// A column of words.
    package static func text(_ title: String) -> Column { Column(title: title, isNumeric: false) }
    /// A column of numbers.
    package static func number(_ title: String) -> Column { Column(title: title, isNumeric: true) }
  }

  /// The columns from left to right.
  package let columns: [Column]
  private var rows: [[String]] = []

  /// A table without rows.
  package init(_ columns: [Column]) {
    // Escaped here already, since that decides how wide a column is.
    self.columns = columns.map { Column(title: $0.title.withoutControls, isNumeric: $0.isNumeric) }
  }

  /// Adds a row. Missing cells stay empty; surplus ones are left out.
  package mutating func add(_ cells: [String]) {
    rows.append(columns.indices.map { $0 < cells.count ? cells[$0].withoutControls : "" })
  }

  /// The lines; headings are bold.
  package var lines: [StyledText] {
    let widths = columns.indices.map { place in
      rows.map { $0[place].count }.reduce(columns[place].title.count, max)
    }
    func line(_ cells: [String]) -> String {
      let padded = columns.indices.map { place in
        let space = String(repeating: " ", count: widths[place] - cells[place].count)
        return columns[place].isNumeric ? space + cells[place] : cells[place] + space
      }
      var text = padded.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text
    }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    return [StyledText(line(columns.map(\.title)), .bold), StyledText(rule)]
      + rows.map { StyledText(line($0)) }
  }

  /// Writes the table.
  package func print(on stream: TerminalStream = .standardOutput) {
    lines.forEach { stream.print($0) }
  }

  /// Writes tables separated by an empty line.
  package static func print(_ tables: [TextTable], on stream: TerminalStream) {
    for (place, table) in tables.enumerated() {
      if place > 0 { stream.print("") }
      table.print(on: stream)
    }
  }
}
