/// A piece of HTML or SVG. Text can get into it only with everything escaped that would be read as
/// markup, so whatever stands in a file of a run stays text on the page.
package struct HTML: Sendable {
  /// The markup.
  package let source: String

  private init(source: String) { self.source = source }

  /// Several pieces, one after the other.
  init(_ pieces: [HTML]) { source = pieces.map(\.source).joined() }

  /// Nothing.
  static let none = HTML(source: "")

  /// Text.
  static func text(_ text: String) -> HTML { HTML(source: escaped(text)) }

  /// An element.
  ///
  /// - Parameters:
  ///   - name: its name, never the user's.
  ///   - attributes: names and values; those that are nil are left out.
  static func element(
    _ name: String, _ attributes: [(String, String?)] = [], _ content: [HTML] = []
  ) -> HTML {
    HTML(source: opening(name, attributes) + HTML(content).source + "</\(name)>")
  }

  /// An element that contains text.
  static func element(
    _ name: String, _ attributes: [(String, String?)] = [], _ text: String
  ) -> HTML {
    element(name, attributes, [.text(text)])
  }

  /// An element of HTML that has no content and no end, such as `meta`.
  static func void(_ name: String, _ attributes: [(String, String?)]) -> HTML {
    HTML(source: opening(name, attributes))
  }

  /// A whole document.
  static func document(head: [HTML], body: [HTML]) -> String {
    let root = element(
      "html", [("lang", "en")],
      [element("head", [], head), text("\n"), element("body", [], body)])
    return "<!DOCTYPE html>\n" + root.source + "\n"
  }

  /// A style sheet. It is written as it is, so it must not come from the user.
  static func style(_ sheet: String) -> HTML { HTML(source: "<style>\n\(sheet)</style>") }

  private static func opening(_ name: String, _ attributes: [(String, String?)]) -> String {
    let written = attributes.map { name, value in
      value.map { " \(name)=\"\(escaped($0))\"" } ?? ""
    }
    return "<\(name)\(written.joined())>"
  }

  /// The text with its markup escaped. What no HTML text may contain becomes U+FFFD.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x26: result += "&amp;"
      case 0x3C: result += "&lt;"
      case 0x3E: result += "&gt;"
      case 0x22: result += "&quot;"
      case 0x27: result += "&#39;"
      case 0x0..<0x09, 0x0B, 0x0C, 0x0E..<0x20, 0x7F..<0xA0: result += "\u{FFFD}"
      // Marks that change the direction of what follows would reach beyond the user's text.
      case 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
