/// A table with headings that screen readers announce, in a frame that can be scrolled by keyboard
/// if it is wider than the page.
struct Table {
  /// A column.
  struct Column {
    let title: String
    /// Whether its cells are right-aligned, as numbers are.
    var isNumeric = false
  }

  let caption: String
  let columns: [Column]
  /// The cells of each row; the first one is the row's heading.
  private var rows: [[HTML]] = []

  init(_ caption: String, _ columns: [Column]) {
    self.caption = caption
    self.columns = columns
  }

  var isEmpty: Bool { rows.isEmpty }

  /// Adds a row of text.
  mutating func add(_ cells: [String]) { add(cells.map { HTML.text($0) }) }

  /// Adds a row of any content.
  mutating func add(_ cells: [HTML]) { rows.append(cells) }

  /// A text of the user's may run from right to left; each cell finds its own direction.
  var html: HTML {
    func isNumeric(_ place: Int) -> Bool {
      columns.indices.contains(place) && columns[place].isNumeric
    }
    let direction: (String, String?) = ("dir", "auto")
    func style(_ place: Int) -> [(String, String?)] {
      isNumeric(place) ? [("class", "number")] : [direction]
    }
    let head = columns.enumerated().map { place, column in
      HTML.element(
        "th",
        [("scope", "col"), direction] + (isNumeric(place) ? [("class", "number")] : []),
        column.title)
    }
    let body = rows.map { row in
      HTML.element(
        "tr", [],
        row.enumerated().map { place, cell in
          place == 0
            ? HTML.element("th", [("scope", "row")] + style(place), [cell])
            : HTML.element("td", style(place), [cell])
        })
    }
    return Self.frame(
      caption,
      HTML.element(
        "table", [],
        [
          HTML.element("caption", [], caption),
          HTML.element("thead", [], [HTML.element("tr", [], head)]),
          HTML.element("tbody", [], body),
        ]))
  }

  /// What is around a table.
  static func frame(_ name: String, _ table: HTML) -> HTML {
    .element(
      "div", [("class", "frame"), ("role", "group"), ("aria-label", name), ("tabindex", "0")],
      [table])
  }
}
