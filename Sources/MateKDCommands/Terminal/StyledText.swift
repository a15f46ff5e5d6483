import Files

/// A line for people, parts of which may be emphasised.
///
/// Whatever is shown on a terminal goes through here, and control characters are escaped when it is
/// drawn. So text from files and command lines can neither run a terminal nor forge a line.
package struct StyledText: Sendable, Equatable {
  private struct Part: Equatable {
    let text: String
    let color: TerminalStyle.Color?
  }

  private var parts: [Part]

  /// A text, emphasised where colours may be used.
  package init(_ text: String, _ color: TerminalStyle.Color? = nil) {
    parts = [Part(text: text, color: color)]
  }

  /// One text after the other.
  package static func + (first: StyledText, second: StyledText) -> StyledText {
    var both = first
    both.parts += second.parts
    return both
  }

  /// A plain text after another one.
  package static func + (first: StyledText, second: String) -> StyledText {
    first + StyledText(second)
  }

  /// The characters that a stream writes.
  package func drawn(_ style: TerminalStyle = .plain) -> String {
    parts.map { part in
      let text = part.text.withoutControls
      return part.color.map { style.paint(text, $0) } ?? text
    }.joined()
  }
}
