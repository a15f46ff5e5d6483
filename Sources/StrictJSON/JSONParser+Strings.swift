extension JSONParser {
  /// Reads a string from its opening to its closing quote.
  mutating func parseString() throws -> String {
    let opening = position
    next += 1
    let start = next
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        let text = String(decoding: bytes[start..<next], as: UTF8.self)
        next += 1
        return text
      case UInt8(ascii: "\\"):
        return try parseEscapedString(from: start, opening: opening)
      case 0..<0x20:
        throw controlCharacter(byte)
      case 0..<0x80:
        next += 1
      default:
        try skipScalar()
      }
    }
    throw error("the string has no closing quote", at: opening)
  }

  /// The slower path, taken from the first backslash on: everything is copied.
  private mutating func parseEscapedString(
    from start: Int, opening: JSONPosition
  ) throws -> String {
    var text = [UInt8](bytes[start..<next])
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        next += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        try parseEscape(into: &text)
      case 0..<0x20:
        throw controlCharacter(byte)
      case 0..<0x80:
        text.append(byte)
        next += 1
      default:
        let first = next
        try skipScalar()
        text.append(contentsOf: bytes[first..<next])
      }
    }
    throw error("the string has no closing quote", at: opening)
  }

  private func controlCharacter(_ byte: UInt8) -> JSONError {
    byte == 0x0A || byte == 0x0D
      ? error("the line ends inside a string; close it, or write \\n")
      : error("\(describeCurrent()) must be escaped in a string")
  }

  private mutating func parseEscape(into text: inout [UInt8]) throws {
    let start = position
    next += 1
    guard let byte = current else { throw error("the text ends inside an escape") }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      next += 1
      text.append(contentsOf: String(try parseScalarEscape(at: start)).utf8)
      return
    default:
      throw error("the escape \\ followed by \(describeCurrent()) is not JSON", at: start)
    }
    next += 1
  }

  /// Reads the four digits after `\u`, and the second half of a surrogate pair if there is one.
  private mutating func parseScalarEscape(at start: JSONPosition) throws -> Unicode.Scalar {
    let unit = try parseHexUnit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    if unit < 0xDC00, current == UInt8(ascii: "\\"), next + 1 < bytes.count,
      bytes[next + 1] == UInt8(ascii: "u")
    {
      next += 2
      let low = try parseHexUnit()
      if low >= 0xDC00, low <= 0xDFFF,
        let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
      {
        return scalar
      }
    }
    throw error("the escape is half of a surrogate pair", at: start)
  }

  private mutating func parseHexUnit() throws -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue,
        byte < 0x80
      else {
        throw error("four hexadecimal digits are expected after \\u, found \(describeCurrent())")
      }
      unit = unit << 4 | UInt32(digit)
      next += 1
    }
    return unit
  }

  /// Skips one scalar of two to four bytes (Unicode 15, table 3-7).
  private mutating func skipScalar() throws {
    let lead = bytes[next]
    let length: Int
    let second: ClosedRange<UInt8>
    switch lead {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: throw error("\(describeCurrent()) is not UTF-8")
    }
    guard next + length <= bytes.count, second.contains(bytes[next + 1]),
      bytes[(next + 2)..<max(next + length, next + 2)].allSatisfy({ $0 & 0xC0 == 0x80 })
    else {
      throw error("\(describeCurrent()) does not start a UTF-8 character")
    }
    next += length
    continuationBytes += length - 1
  }
}
