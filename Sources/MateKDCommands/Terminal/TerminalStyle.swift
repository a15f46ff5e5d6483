import Glibc

/// What a stream can show: a status line that is redrawn, colours, or only plain lines.
package struct TerminalStyle: Sendable, Equatable {
  /// Whether the last line may be erased and drawn again.
  package var redraws: Bool
  /// Whether colours may be used.
  package var colors: Bool
  /// Columns of a line.
  package var width: Int

  /// A style as given.
  package init(redraws: Bool, colors: Bool, width: Int = 80) {
    self.redraws = redraws
    self.colors = colors
    self.width = max(20, width)
  }

  /// Plain lines only.
  package static let plain = TerminalStyle(redraws: false, colors: false)

  /// The style for a stream according to the usual variables: `NO_COLOR` takes precedence over
  /// `CLICOLOR_FORCE` and `FORCE_COLOR`, and those over what the stream is. A terminal with
  /// `TERM=dumb` cannot redraw.
  package init(environment: [String: String], isTerminal: Bool, width: Int = 80) {
    func isOn(_ name: String) -> Bool {
      environment[name].map { !$0.isEmpty && $0 != "0" } ?? false
    }
    let isCapable = isTerminal && environment["TERM"] != "dumb" && environment["TERM"] != ""
    let isForbidden = !(environment["NO_COLOR"] ?? "").isEmpty
    self.init(
      redraws: isCapable,
      colors: !isForbidden && (isOn("CLICOLOR_FORCE") || isOn("FORCE_COLOR") || isCapable),
      width: width)
  }

  /// Columns of the terminal behind a file descriptor; 80 where there is none.
  package static func width(ofDescriptor descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Text in one of the eight colours or bold, where colours may be used; see `StyledText`.
  func paint(_ text: String, _ color: Color) -> String {
    colors ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// What to emphasise, and how.
  package enum Color: Int, Sendable {
    /// Headings.
    case bold = 1
    /// What matters less.
    case dim = 2
    /// Errors.
    case red = 31
    /// Warnings.
    case yellow = 33
  }
}
