import Foundation

/// Trials as lines across one axis for each setting and one for the score.
struct ParallelCoordinates {
  /// A value on an axis.
  enum Value: Equatable {
    case number(Double)
    case name(String)

    /// The value in words.
    var text: String {
      switch self {
      case .number(let number): NumberFormat.short(number)
      case .name(let name): name
      }
    }
  }

  /// An axis with each trial's value; nil if it has none.
  struct Axis {
    /// The most characters of a label.
    static let mostCharacters = 9

    let name: String
    let values: [Value?]

    /// Where values stand from 0, at the bottom, to 1, and what is written beside which places.
    var scale: (share: (Value) -> Double?, labels: [(share: Double, text: String)]) {
      let known = values.compactMap { $0 }
      let numbers = known.compactMap { value -> Double? in
        if case .number(let number) = value, number.isFinite { number } else { nil }
      }
      guard numbers.count == known.count, let least = numbers.min(), let most = numbers.max() else {
        return names(known)
      }
      // Factors are what matters of numbers that lie far apart, such as learning rates.
      let isLogarithmic = least > 0 && most / least >= 20
      func position(_ number: Double) -> Double {
        guard most > least else { return 0.5 }
        return isLogarithmic
          ? log(number / least) / log(most / least) : (number - least) / (most - least)
      }
      let few = numbers.distinct
      let shown = few.count <= 6 ? few : [least, most]
      return (
        { value in
          if case .number(let number) = value, number.isFinite { position(number) } else { nil }
        },
        Self.apart(shown.map { (position($0), Self.label($0)) })
      )
    }

    /// A number in at most nine characters. What is longer would be cut off.
    private static func label(_ number: Double) -> String {
      let short = NumberFormat.short(number)
      return short.count > mostCharacters ? String(format: "%.2g", number) : short
    }

    private func names(
      _ known: [Value]
    ) -> (share: (Value) -> Double?, labels: [(share: Double, text: String)]) {
      let names = known.map(\.text).distinct
      let places = Dictionary(uniqueKeysWithValues: zip(names, 0...))
      func position(_ place: Int) -> Double {
        names.count > 1 ? Double(place) / Double(names.count - 1) : 0.5
      }
      return (
        { value in places[value.text].map(position) },
        Self.apart(names.enumerated().map { (position($0), $1) })
      )
    }

    /// The labels that do not lie upon one another, from below; the highest is always among them.
    private static func apart(
      _ labels: [(share: Double, text: String)]
    ) -> [(share: Double, text: String)] {
      let sorted = labels.sorted { $0.share < $1.share }
      guard let highest = sorted.last else { return [] }
      let distance = 0.06
      return sorted.dropLast().reduce(into: []) { kept, label in
        let isFree = kept.last.map { label.share - $0.share >= distance } ?? true
        if isFree, highest.share - label.share >= distance { kept.append(label) }
      } + [highest]
    }
  }

  let title: String
  let axes: [Axis]
  let names: [String]
  /// The line that is drawn in bold.
  let best: Int?

  private static let height = 260.0
  private static let distance = 150.0
  private static let margin = (side: 76.0, top: 34.0, bottom: 12.0)

  /// The plot; nothing for a single axis.
  func html(id: String) -> HTML {
    guard axes.count > 1 else { return .none }
    let width = Self.distance * Double(axes.count - 1) + 2 * Self.margin.side
    let scales = axes.map(\.scale)
    let frames = zip(axes.indices, zip(axes, scales)).map { place, axis in
      frame(axis.0.name, labels: axis.1.labels, at: place)
    }
    let order = names.indices.filter { $0 != best } + [best].compactMap { $0 }
    let lines = order.map { trial in
      let points = axes.indices.compactMap { place in
        axes[place].values[trial].flatMap(scales[place].share).map { share in
          "\(Coordinate(left(place))) \(Coordinate(top(share)))"
        }
      }
      let text = zip(axes, axes.map { $0.values[trial]?.text ?? NumberFormat.unknown })
        .map { "\($0.name) \($1)" }.joined(separator: ", ")
      return HTML.element(
        "g", [("class", trial == best ? "line best c1" : "line c0")],
        [
          .element("title", [], "\(names[trial]): \(text)"),
          .element("path", [("d", "M" + points.joined(separator: "L"))]),
        ])
    }
    return .element(
      "figure", [],
      [
        .element("figcaption", [], title),
        Table.frame(
          title,
          .element(
            "svg",
            [
              ("viewBox", "0 0 \(Coordinate(width)) \(Coordinate(Self.height))"),
              ("style", "width: \(Coordinate(width * 1.2))px"),
              ("role", "img"), ("aria-labelledby", "\(id)-title \(id)-text"),
            ],
            [
              .element("title", [("id", "\(id)-title")], title),
              .element(
                "desc", [("id", "\(id)-text")],
                "\(names.count) trials as lines across \(axes.count) axes"
                  + (best.map { "; the thick line is the best, \(names[$0])" } ?? "")
                  + ". The table below has the same numbers."),
            ] + frames + lines)),
      ])
  }

  private func left(_ place: Int) -> Double { Self.margin.side + Self.distance * Double(place) }

  private func top(_ share: Double) -> Double {
    Self.height - Self.margin.bottom - share * (Self.height - Self.margin.top - Self.margin.bottom)
  }

  private func frame(
    _ name: String, labels: [(share: Double, text: String)], at place: Int
  ) -> HTML {
    let x = left(place)
    let isLast = place == axes.count - 1
    let marks = labels.map { label in
      HTML.element(
        "text",
        [
          ("x", "\(Coordinate(x + (isLast ? 6 : -6)))"),
          ("y", "\(Coordinate(top(label.share) + 4))"),
          ("text-anchor", isLast ? "start" : "end"),
        ], Self.cut(label.text, Axis.mostCharacters))
    }
    return HTML(
      [
        .element(
          "path",
          [
            ("class", "grid"),
            ("d", "M\(Coordinate(x)) \(Coordinate(top(1)))V\(Coordinate(top(0)))"),
          ]),
        .element(
          "text", [("x", "\(Coordinate(x))"), ("y", "16"), ("text-anchor", "middle")],
          [.element("title", [], name), .text(Self.cut(Self.lastKeys(name), 20))]),
      ] + marks)
  }

  /// The last two keys of a path, which tell settings apart.
  private static func lastKeys(_ name: String) -> String {
    name.split(separator: ".").suffix(2).joined(separator: ".")
  }

  private static func cut(_ text: String, _ length: Int) -> String {
    text.count > length ? "…" + text.suffix(length - 1) : text
  }
}
