/// How long the training texts of the runs are, as bars. Runs on the same texts share a drawing.
struct LengthsSection {
  private let runs: [RunRecord]

  init(_ runs: [RunRecord]) { self.runs = runs }

  /// More drawings than this would fill the page.
  private static let mostDrawings = 24
  /// Bars of a drawing.
  private static let mostBars = 40

  /// The drawings; nothing for runs that tell no lengths.
  var html: HTML {
    var groups: [(names: [String], lengths: [RunRecord.Length])] = []
    for run in runs where !run.lengths.isEmpty {
      if let place = groups.firstIndex(where: { $0.lengths == run.lengths }) {
        groups[place].names.append(run.name)
      } else {
        groups.append(([run.name], run.lengths))
      }
    }
    if groups.isEmpty { return .none }
    var parts = [
      HTML.element(
        "div", [("class", "charts")],
        groups.prefix(Self.mostDrawings).enumerated().map { place, group in
          figure(group.names, group.lengths, id: "lengths-\(place)")
        })
    ]
    if groups.count > Self.mostDrawings {
      parts.append(
        .element(
          "p", [("class", "note")],
          "These are the first \(Self.mostDrawings) of \(groups.count) sets of texts."))
    }
    return HTML(parts)
  }

  private func figure(
    _ names: [String], _ lengths: [RunRecord.Length], id: String
  ) -> HTML {
    let title =
      names.count == 1
      ? "Training texts of \(names[0])"
      : "Training texts of \(names[0]) and \(names.count - 1) more"
    let bars = bars(lengths)
    let texts = lengths.reduce(0) { $0 + $1.texts }
    let tokens = lengths.reduce(0.0) { $0 + Double($1.texts) * Double($1.tokens) }
    let mean = NumberFormat.short(tokens / Double(max(1, texts)))
    let longest = lengths.map(\.tokens).max() ?? 0
    let description =
      "\(NumberFormat.count(Double(texts))) texts of \(mean) tokens on average, the longest of "
      + "\(longest); the table below has the numbers of each bar."
    let svg = HTML.element(
      "svg",
      [
        ("viewBox", "0 0 480 200"), ("role", "img"),
        ("aria-labelledby", "\(id)-title \(id)-text"),
      ],
      [
        .element("title", [("id", "\(id)-title")], title),
        .element("desc", [("id", "\(id)-text")], description),
      ] + drawing(bars))
    var table = Table(
      "\(title): numbers",
      [.init(title: "tokens")] + [.init(title: "texts", isNumeric: true)])
    for bar in bars { table.add([bar.label, NumberFormat.count(Double(bar.texts))]) }
    return .element(
      "figure", [],
      [
        .element("figcaption", [], title), svg, .element("p", [("class", "note")], description),
        Disclosure(summary: "Numbers of \(title)", content: [table.html]).html,
      ])
  }

  private struct Bar {
    let label: String
    let texts: Int
  }

  /// The lengths in at most `mostBars` ranges of the same width, from 1.
  private func bars(_ lengths: [RunRecord.Length]) -> [Bar] {
    let longest = max(1, lengths.map(\.tokens).max() ?? 1)
    let width = (longest + Self.mostBars - 1) / Self.mostBars
    var counts = [Int](repeating: 0, count: (longest + width - 1) / width)
    for length in lengths where length.tokens > 0 {
      counts[(length.tokens - 1) / width] += length.texts
    }
    return counts.enumerated().map { place, texts in
      let first = place * width + 1
      return Bar(label: width == 1 ? "\(first)" : "\(first) to \(first + width - 1)", texts: texts)
    }
  }

  private func drawing(_ bars: [Bar]) -> [HTML] {
    let axis = Axis(0...Double(max(1, bars.map(\.texts).max() ?? 1)))
    let left = max(58, TextWidth.widest(of: axis.ticks.map(axis.label)) + 10)
    let (right, top, bottom) = (470.0, 10.0, 166.0)
    func height(_ value: Double) -> Double { bottom - axis.share(value) * (bottom - top) }
    func text(_ x: Double, _ y: Double, _ anchor: String, _ content: String) -> HTML {
      .element(
        "text", [("x", "\(Coordinate(x))"), ("y", "\(Coordinate(y))"), ("text-anchor", anchor)],
        content)
    }
    let grid = axis.ticks.flatMap { tick in
      let y = Coordinate(height(tick))
      return [
        HTML.element(
          "path",
          [
            ("class", "grid"),
            (
              "d",
              "M\(Coordinate(left)) \(y)L\(Coordinate(right)) "
                + "\(y)"
            ),
          ]),
        text(left - 6, height(tick) + 4, "end", axis.label(tick)),
      ]
    }
    let step = (right - left) / Double(max(1, bars.count))
    let shapes = bars.enumerated().map { place, bar in
      HTML.element(
        "rect",
        [
          ("class", "bar"), ("x", "\(Coordinate(left + Double(place) * step + 0.5))"),
          ("y", "\(Coordinate(height(Double(bar.texts))))"),
          ("width", "\(Coordinate(max(0.5, step - 1)))"),
          ("height", "\(Coordinate(bottom - height(Double(bar.texts))))"),
        ], [.element("title", [], "\(bar.label) tokens: \(bar.texts) texts")])
    }
    let labelled = stride(from: 0, to: bars.count, by: max(1, bars.count / 6)).map { place in
      text(left + (Double(place) + 0.5) * step, bottom + 14, "middle", first(bars[place].label))
    }
    return grid + shapes + labelled + [text((left + right) / 2, 196, "middle", "tokens")]
  }

  private func first(_ label: String) -> String {
    String(label.split(separator: " ").first ?? "")
  }
}
