/// How much room the label of an axis needs in a drawing.
///
/// A file cannot know its reader's font, so this counts the widest of the usual ones, DejaVu Sans
/// and Verdana, whose digits are 0.64 of the font's size wide, in the size that drawings have on
/// narrow pages.
struct TextWidth {
  /// The width in the drawing's own units.
  let value: Double

  init(_ text: String) {
    let width = text.reduce(0.0) { sum, character in
      switch character {
      case ".", "-": sum + 0.37
      case "+": sum + 0.84
      default: sum + 0.64
      }
    }
    value = width * Self.largestSize
  }

  /// The width of the widest label; 0 if there is none.
  static func widest(of labels: [String]) -> Double { labels.map { Self($0).value }.max() ?? 0 }

  /// The size of text on narrow pages, as the style sheet says it.
  static let largestSize = 17.0
}
