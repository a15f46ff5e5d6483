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
  /// Controls, line separators, what changes the direction of text, and what cannot be seen, unless
  /// scripts and emoji need it as they do joiners.
  package var isControl: Bool {
    switch value {
    case 0...0x1F, 0x7F...0x9F, 0x61C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F,
      0xFEFF, 0xE0000...0xE007F:
      true
    default: false
    }
  }

  /// The scalar as JSON can write it in a string.
  package var jsonEscape: String {
    switch self {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      return String(self).utf16.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
    }
  }
}
