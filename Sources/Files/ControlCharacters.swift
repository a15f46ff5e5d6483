extension StringProtocol {
  /// The text as it may be shown to people: what could move a terminal's cursor, change its title,
  /// begin a new line or turn around the order of characters is written as JSON would write it,
  /// such as `\n` and `\u001b`.
  ///
  /// JSON keeps its meaning, because such characters only occur in its strings.
  package var withoutControls: String {
    guard unicodeScalars.contains(where: \.isControl) else { return String(self) }
    var text = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if scalar.isControl {
        text.append(contentsOf: scalar.jsonEscape.unicodeScalars)
      } else {
        text.append(scalar)
      }
    }
    return String(text)
  }
}

extension Unicode.Scalar {
  /// Controls, line separators, and what changes the direction of text.
  fileprivate var isControl: Bool {
    switch value {
    case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  fileprivate var jsonEscape: String {
    switch self {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      let digits = String(value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}
