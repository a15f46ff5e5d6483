/// What each colour and pattern of a chart stands for.
struct Legend {
  private let names: [String]

  init(_ names: [String]) { self.names = names }

  var html: HTML {
    .element(
      "ul", [("class", "legend")],
      names.enumerated().map { place, name in
        let sample = HTML.element(
          "svg", [("viewBox", "0 0 28 8"), ("aria-hidden", "true")],
          [
            .element(
              "g", [("class", Palette.classes(place))], [.element("path", [("d", "M1 4H27")])])
          ])
        return .element("li", [], [sample, .text(" " + name)])
      })
  }
}

/// Colours with patterns: no two of the first 32 lines look alike, not even in black and white
/// within four of them.
enum Palette {
  static func classes(_ place: Int) -> String { "line c\(place % 8) d\((place + place / 8) % 4)" }
}
