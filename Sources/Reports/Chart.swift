/// A chart of lines over steps, as SVG with the numbers in a table below it.
package struct Chart {
  /// The points of a line. A value that is not finite interrupts it.
  package typealias Points = [(x: Double, y: Double)]

  /// A line.
  package struct Line {
    /// What the legend calls it; lines of the same name share a colour.
    let name: String
    /// Its points, in order.
    let points: Points

    package init(name: String, points: Points) {
      (self.name, self.points) = (name, points)
    }
  }

  let title: String
  let lines: [Line]
  private let horizontal: String
  private let vertical: String?

  /// - Parameters:
  ///   - horizontal: the name of the horizontal axis.
  ///   - vertical: that of the vertical axis; nil if the title says it.
  package init(
    title: String, lines: [Line], horizontal: String = "step", vertical: String? = nil
  ) {
    (self.title, self.lines) = (title, lines)
    (self.horizontal, self.vertical) = (horizontal, vertical)
  }

  /// More lines than this cannot be told apart; the others are left out, and the page says so.
  static let mostLines = 32
  /// More points than this do not show.
  private static let mostPoints = 240
  private static let size = (width: 480.0, height: 260.0)
  private static let margin = (left: 58.0, right: 18.0, top: 10.0, bottom: 34.0)

  /// The names of the lines that are drawn, each once.
  private var names: [String] {
    lines.prefix(Self.mostLines).map(\.name).distinct
  }

  /// The chart, or nothing if there is no point in it.
  package func html(id: String) -> HTML { html(id: id, numbers: numbers) }

  /// The chart with another table than that of the lines' extremes.
  func html(id: String, numbers: Table) -> HTML {
    guard let (x, y) = axes else { return .none }
    let (width, height) = (Coordinate(Self.size.width), Coordinate(Self.size.height))
    let svg = HTML.element(
      "svg",
      [
        ("viewBox", "0 0 \(width) \(height)"), ("role", "img"),
        ("aria-labelledby", "\(id)-title \(id)-text"),
      ],
      [
        .element("title", [("id", "\(id)-title")], title),
        .element("desc", [("id", "\(id)-text")], description(x, y)),
      ] + drawing(x, y))
    return .element(
      "figure", [],
      [
        .element("figcaption", [], title), svg, legend(names),
        Disclosure(summary: "Numbers of \(title)", content: [numbers.html]).html,
      ])
  }

  /// The chart as an SVG file, with its title above and its legend below; nil if there is no point
  /// in it.
  package var svg: String? {
    guard let (x, y) = axes else { return nil }
    let (top, row) = (28.0, 18.0)
    let columns = 2
    let (width, chart) = (Self.size.width, Self.size.height)
    let height = top + chart + row * Double((names.count + columns - 1) / columns) + 10
    let legend = names.enumerated().map { place, name in
      let left = Self.margin.left + Double(place % columns) * width / Double(columns + 1) * 1.25
      let middle = top + chart + row * (Double(place / columns) + 0.5)
      return HTML.element(
        "g", [("class", Palette.classes(place))],
        [
          .element("path", [("d", "M\(Coordinate(left)) \(Coordinate(middle))h26")]),
          .element(
            "text", [("x", "\(Coordinate(left + 32))"), ("y", "\(Coordinate(middle + 4))")], name),
        ])
    }
    let root = HTML.element(
      "svg",
      [
        ("xmlns", "http://www.w3.org/2000/svg"), ("role", "img"),
        ("viewBox", "0 0 \(Coordinate(width)) \(Coordinate(height))"),
        ("width", "\(Coordinate(width * 1.5))"), ("height", "\(Coordinate(height * 1.5))"),
      ],
      [
        .element("title", [], title), .style(Stylesheet.charts),
        .element("rect", [("class", "ground"), ("width", "100%"), ("height", "100%")]),
        .element("text", [("x", "\(Coordinate(Self.margin.left))"), ("y", "18")], title),
        .element(
          "g", [("transform", "translate(0 \(Coordinate(top)))")], drawing(x, y)),
      ] + legend)
    return root.source + "\n"
  }

  /// The two axes; nil if no point is finite.
  private var axes: (Axis, Axis)? {
    let finite = lines.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    guard let first = finite.first else { return nil }
    return (
      Axis(finite.reduce(first.x...first.x) { $0.including($1.x) }),
      Axis(finite.reduce(first.y...first.y) { $0.including($1.y) })
    )
  }

  private func drawing(_ x: Axis, _ y: Axis) -> [HTML] {
    let names = names
    return grid(x, y)
      + lines.prefix(Self.mostLines).map { line in
        let place = names.firstIndex(of: line.name) ?? 0
        return HTML.element(
          "g", [("class", Palette.classes(place))],
          [HTML.element("title", [], line.name)] + path(line.points, x, y))
      }
  }

  private func description(_ x: Axis, _ y: Axis) -> String {
    "\(title) over \(horizontal) \(NumberFormat.short(x.data.lowerBound)) to "
      + "\(NumberFormat.short(x.data.upperBound)), between "
      + "\(NumberFormat.short(y.data.lowerBound)) "
      + "and \(NumberFormat.short(y.data.upperBound)); the table below has the numbers of each of "
      + "the \(lines.count) lines."
  }

  // MARK: Drawing

  private func place(_ value: Double, _ axis: Axis, isVertical: Bool) -> Double {
    let (size, margin) = (Self.size, Self.margin)
    return isVertical
      ? size.height - margin.bottom
        - axis.share(value) * (size.height - margin.top - margin.bottom)
      : margin.left + axis.share(value) * (size.width - margin.left - margin.right)
  }

  private func grid(_ x: Axis, _ y: Axis) -> [HTML] {
    let (size, margin) = (Self.size, Self.margin)
    func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> HTML {
      let path = "M\(Coordinate(x1)) \(Coordinate(y1))L\(Coordinate(x2)) \(Coordinate(y2))"
      return .element("path", [("class", "grid"), ("d", path)])
    }
    func label(_ x: Double, _ y: Double, _ anchor: String, _ text: String) -> HTML {
      .element(
        "text", [("x", "\(Coordinate(x))"), ("y", "\(Coordinate(y))"), ("text-anchor", anchor)],
        text)
    }
    let rows = y.ticks.flatMap { tick in
      let height = place(tick, y, isVertical: true)
      return [
        line(margin.left, height, size.width - margin.right, height),
        label(margin.left - 6, height + 4, "end", y.label(tick)),
      ]
    }
    let columns = x.ticks.map { tick in
      label(
        place(tick, x, isVertical: false), size.height - margin.bottom + 16, "middle",
        x.label(tick))
    }
    let name = label(
      (margin.left + size.width - margin.right) / 2, size.height - 4, "middle", horizontal)
    let middle = Coordinate((margin.top + size.height - margin.bottom) / 2)
    let height = vertical.map { text in
      HTML.element(
        "text",
        [("transform", "translate(12 \(middle)) rotate(-90)"), ("text-anchor", "middle")], text)
    }
    return rows + columns + [name] + [height].compactMap { $0 }
  }

  /// The line, and its points where there are few.
  private func path(_ points: Points, _ x: Axis, _ y: Axis) -> [HTML] {
    var commands = ""
    var isDrawing = false
    var dots: [HTML] = []
    let kept = Self.thinned(points)
    for point in kept {
      guard point.x.isFinite, point.y.isFinite else {
        isDrawing = false
        continue
      }
      let left = Coordinate(place(point.x, x, isVertical: false))
      let top = Coordinate(place(point.y, y, isVertical: true))
      commands += "\(isDrawing ? "L" : "M")\(left) \(top)"
      isDrawing = true
      if kept.count <= 30 {
        dots.append(.element("circle", [("cx", "\(left)"), ("cy", "\(top)"), ("r", "2")]))
      }
    }
    return [.element("path", [("d", commands)])] + dots
  }

  /// At most `mostPoints` points: the lowest and the highest of each part of the line.
  private static func thinned(_ points: Points) -> Points {
    guard points.count > mostPoints else { return points }
    let parts = mostPoints / 2
    return (0..<parts).flatMap { part -> Points in
      let range = part * points.count / parts..<(part + 1) * points.count / parts
      let extremes = [
        range.min { points[$0].y < points[$1].y }, range.max { points[$0].y < points[$1].y },
      ]
      return Set(extremes.compactMap { $0 }).sorted().map { points[$0] }
    }
  }

  private func legend(_ names: [String]) -> HTML {
    guard names.count > 1 else { return .none }
    return Legend(names).html
  }

  private var numbers: Table {
    var table = Table(
      "\(title): numbers",
      [.init(title: "line")]
        + ["points", "first", "last", "least", "greatest"].map { .init(title: $0, isNumeric: true) }
    )
    for line in lines.prefix(Self.mostLines) {
      let values = line.points.map(\.y).filter(\.isFinite)
      table.add([
        line.name, "\(line.points.count)", NumberFormat.short(line.points.first?.y),
        NumberFormat.short(line.points.last?.y), NumberFormat.short(values.min()),
        NumberFormat.short(values.max()),
      ])
    }
    return table
  }
}
