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
  private static let margin = (top: 10.0, bottom: 34.0)

  /// The axes, and the margins in which their labels fit.
  private struct Frame {
    let x: Axis
    let y: Axis
    let left: Double
    let right: Double

    init(x: Axis, y: Axis, isNamed: Bool) {
      (self.x, self.y) = (x, y)
      // Left of the labels' ends are 6 units to the grid, and the name of the axis.
      left = max(58, TextWidth.widest(of: y.ticks.map(y.label)) + (isNamed ? 30 : 10))
      // The last label stands in the middle of its place.
      right = max(18, TextWidth.widest(of: x.ticks.suffix(1).map(x.label)) / 2 + 2)
    }
  }

  /// The names of the lines that are drawn, each once.
  private var names: [String] {
    lines.prefix(Self.mostLines).map(\.name).distinct
  }

  /// The chart, or nothing if there is no point in it.
  package func html(id: String) -> HTML { html(id: id, numbers: numbers) }

  /// The chart with another table than that of the lines' extremes.
  func html(id: String, numbers: Table) -> HTML {
    guard let frame else { return .none }
    let (width, height) = (Coordinate(Self.size.width), Coordinate(Self.size.height))
    let svg = HTML.element(
      "svg",
      [
        ("viewBox", "0 0 \(width) \(height)"), ("role", "img"),
        ("aria-labelledby", "\(id)-title \(id)-text"),
      ],
      [
        .element("title", [("id", "\(id)-title")], title),
        .element("desc", [("id", "\(id)-text")], description(frame)),
      ] + drawing(frame))
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
    guard let frame else { return nil }
    let (top, row) = (28.0, 18.0)
    let columns = 2
    let (width, chart) = (Self.size.width, Self.size.height)
    let height = top + chart + row * Double((names.count + columns - 1) / columns) + 10
    let legend = names.enumerated().map { place, name in
      let left = 58 + Double(place % columns) * width / Double(columns + 1) * 1.25
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
        .element("text", [("x", "58"), ("y", "18")], title),
        .element(
          "g", [("transform", "translate(0 \(Coordinate(top)))")], drawing(frame)),
      ] + legend)
    return root.source + "\n"
  }

  /// Nil if no point is finite.
  private var frame: Frame? {
    let finite = lines.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    guard let first = finite.first else { return nil }
    return Frame(
      x: Axis(finite.reduce(first.x...first.x) { $0.including($1.x) }),
      y: Axis(finite.reduce(first.y...first.y) { $0.including($1.y) }),
      isNamed: vertical != nil)
  }

  private func drawing(_ frame: Frame) -> [HTML] {
    let names = names
    return grid(frame)
      + lines.prefix(Self.mostLines).map { line in
        let place = names.firstIndex(of: line.name) ?? 0
        return HTML.element(
          "g", [("class", Palette.classes(place))],
          [HTML.element("title", [], line.name)] + path(line.points, frame))
      }
  }

  private func description(_ frame: Frame) -> String {
    let (x, y) = (frame.x.data, frame.y.data)
    return "\(title) over \(horizontal) \(NumberFormat.short(x.lowerBound)) to "
      + "\(NumberFormat.short(x.upperBound)), between \(NumberFormat.short(y.lowerBound)) "
      + "and \(NumberFormat.short(y.upperBound)); the table below has the numbers of each of "
      + "the \(lines.count) lines."
  }

  // MARK: Drawing

  private func left(_ value: Double, _ frame: Frame) -> Double {
    frame.left + frame.x.share(value) * (Self.size.width - frame.left - frame.right)
  }

  private func top(_ value: Double, _ frame: Frame) -> Double {
    let (height, margin) = (Self.size.height, Self.margin)
    return height - margin.bottom - frame.y.share(value) * (height - margin.top - margin.bottom)
  }

  private func grid(_ frame: Frame) -> [HTML] {
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
    let rows = frame.y.ticks.flatMap { tick in
      let height = top(tick, frame)
      return [
        line(frame.left, height, size.width - frame.right, height),
        label(frame.left - 6, height + 4, "end", frame.y.label(tick)),
      ]
    }
    let columns = frame.x.ticks.map { tick in
      label(left(tick, frame), size.height - margin.bottom + 16, "middle", frame.x.label(tick))
    }
    let name = label(
      (frame.left + size.width - frame.right) / 2, size.height - 4, "middle", horizontal)
    let middle = Coordinate((margin.top + size.height - margin.bottom) / 2)
    let height = vertical.map { text in
      HTML.element(
        "text",
        [("transform", "translate(12 \(middle)) rotate(-90)"), ("text-anchor", "middle")], text)
    }
    return rows + columns + [name] + [height].compactMap { $0 }
  }

  /// The line, and its points where there are few.
  private func path(_ points: Points, _ frame: Frame) -> [HTML] {
    var commands = ""
    var isDrawing = false
    var dots: [HTML] = []
    let kept = Self.thinned(points)
    for point in kept {
      guard point.x.isFinite, point.y.isFinite else {
        isDrawing = false
        continue
      }
      let left = Coordinate(left(point.x, frame))
      let top = Coordinate(top(point.y, frame))
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
