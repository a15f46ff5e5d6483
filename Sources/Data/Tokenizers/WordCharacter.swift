/// The characters of words in the sense of regular expressions (`\w` in Unicode's Technical
/// Standard 18): letters, marks, decimal digits, connectors such as the underscore, and joiners.
enum WordCharacter {
  /// True if the text begins with one.
  static func starts(_ text: ArraySlice<UInt8>) -> Bool {
    guard let first = String(decoding: text.prefix(4), as: UTF8.self).unicodeScalars.first else {
      return false
    }
    return isWordCharacter(first)
  }

  /// True if the text ends with one.
  static func ends(_ text: ArraySlice<UInt8>) -> Bool {
    let start = text.indices.suffix(4).last { text[$0] & 0xC0 != 0x80 } ?? text.startIndex
    guard let last = String(decoding: text[start...], as: UTF8.self).unicodeScalars.last else {
      return false
    }
    return isWordCharacter(last)
  }

  private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default: return false
    }
  }
}
