/// Normalises answers for comparison by SQuAD's rule: lower case, no ASCII punctuation, without the
/// words a, an and the, and with plain white space. Equal to Python's `str.lower`, `\b` and
/// `str.split`.
public enum AnswerText {
  /// The words of an answer in UTF-8 after normalisation (`normalize_answer`); answers match if
  /// these are equal. They are bytes, because Swift treats some strings as equal that Python does
  /// not.
  public static func words(_ text: String) -> [[UInt8]] {
    let scalars = lowered(Array(text.unicodeScalars)).filter { !isPunctuation($0) }
    var words: [[UInt8]] = []
    var word: [UInt8] = []
    var position = 0
    while position < scalars.count {
      // An article is a whole run of letters and digits; combining marks end a run.
      var end = position
      while end < scalars.count, isWordCharacter(scalars[end]) { end += 1 }
      if end > position {
        let run = scalars[position..<end].flatMap { Array($0.utf8) }
        if articles.contains(run) { flush() } else { word += run }
        position = end
      } else {
        if isWhiteSpace(scalars[position]) {
          flush()
        } else {
          word += scalars[position].utf8
        }
        position += 1
      }
    }
    flush()
    return words

    func flush() {
      if !word.isEmpty { words.append(word) }
      word.removeAll()
    }
  }

  private static let articles: Set<[UInt8]> = [
    Array("a".utf8), Array("an".utf8), Array("the".utf8),
  ]

  /// True for what `str.split` and `str.strip` treat as white space.
  static func isWhiteSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      true
    default: false
    }
  }

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }

  /// Letters and numbers of any kind. The underscore is punctuation and has been removed before.
  private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      return ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar)
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return true
    default: return scalar.properties.numericType != nil
    }
  }

  private static func lowered(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(scalars.count)
    for (place, scalar) in scalars.enumerated() {
      switch scalar {
      case "A"..."Z": result.append(Unicode.Scalar(UInt8(scalar.value) + 32))
      case "\u{3A3}": result.append(isFinalSigma(scalars, place) ? "\u{3C2}" : "\u{3C3}")
      default:
        if scalar.isASCII {
          result.append(scalar)
        } else {
          result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        }
      }
    }
    return result
  }

  /// True if a letter precedes the sigma and none follows it, ignoring characters that have no
  /// case.
  private static func isFinalSigma(_ scalars: [Unicode.Scalar], _ place: Int) -> Bool {
    let before = scalars[..<place].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(place + 1)...].first { !$0.properties.isCaseIgnorable }
    return before?.properties.isCased == true && after?.properties.isCased != true
  }
}
