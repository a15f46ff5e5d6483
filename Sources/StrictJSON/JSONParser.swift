/// A recursive-descent parser over bytes.
///
/// Columns are counted in scalars, but a tokenizer.json can be a single line of a megabyte. So the
/// parser keeps the number of UTF-8 continuation bytes in the current line instead of counting
/// again.
struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let file: String
  var next = 0
  private var line = 1
  private var lineStart = 0
  var continuationBytes = 0
  private var values = 0

  init(bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  var position: JSONPosition {
    JSONPosition(line: line, column: next - lineStart - continuationBytes + 1)
  }

  /// The byte at the cursor, or nil at the end.
  var current: UInt8? { next < bytes.count ? bytes[next] : nil }

  func error(_ message: String, at place: JSONPosition? = nil) -> JSONError {
    JSONError(file: file, position: place ?? position, message: message)
  }

  mutating func parseText() throws -> JSONValue {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw error("the file starts with a byte-order mark; save it as UTF-8 without BOM")
    }
    skipSpace()
    if next == bytes.count { throw error("there is no JSON value in the file") }
    let value = try parseValue(depth: 0)
    skipSpace()
    if next < bytes.count {
      throw error("\(describeCurrent()) follows the end of the JSON value; remove it")
    }
    return value
  }

  private mutating func skipSpace() {
    while next < bytes.count {
      switch bytes[next] {
      case 0x20, 0x09, 0x0D: next += 1
      case 0x0A:
        next += 1
        line += 1
        lineStart = next
        continuationBytes = 0
      default: return
      }
    }
  }

  private mutating func parseValue(depth: Int) throws -> JSONValue {
    let start = position
    values += 1
    if values > StrictJSON.maximumValues {
      throw error(
        "there are more than \(StrictJSON.maximumValues) values in one text; give data as JSON "
          + "Lines",
        at: start)
    }
    switch current {
    case UInt8(ascii: "{"): return try parseObject(at: start, depth: depth + 1)
    case UInt8(ascii: "["): return try parseArray(at: start, depth: depth + 1)
    case UInt8(ascii: "\""): return JSONValue(.string(try parseString()), position: start)
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true), at: start)
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false), at: start)
    case UInt8(ascii: "n"): return try parseWord("null", .null, at: start)
    case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
      return JSONValue(.number(try parseNumber()), position: start)
    default: throw unexpectedValue()
    }
  }

  private mutating func parseObject(at start: JSONPosition, depth: Int) throws -> JSONValue {
    try check(depth: depth, at: start)
    next += 1
    var object = JSONObject()
    skipSpace()
    if current == UInt8(ascii: "}") {
      next += 1
      return JSONValue(.object(object), position: start)
    }
    while true {
      guard current == UInt8(ascii: "\"") else {
        throw error("a key in double quotes is expected, found \(describeCurrent())")
      }
      let keyPosition = position
      let key = try parseString()
      skipSpace()
      guard current == UInt8(ascii: ":") else {
        throw error(
          "':' is expected after the key \"\(key.prefix(60))\", found \(describeCurrent())")
      }
      next += 1
      skipSpace()
      let value = try parseValue(depth: depth)
      if !object.append(.init(key: key, keyPosition: keyPosition, value: value)) {
        let shown = key.prefix(60)
        throw error(
          "the key \"\(shown)\" occurs twice in one object; remove one", at: keyPosition)
      }
      if try endsList(with: UInt8(ascii: "}"), opened: start) { break }
    }
    return JSONValue(.object(object), position: start)
  }

  private mutating func parseArray(at start: JSONPosition, depth: Int) throws -> JSONValue {
    try check(depth: depth, at: start)
    next += 1
    var elements: [JSONValue] = []
    skipSpace()
    if current == UInt8(ascii: "]") {
      next += 1
      return JSONValue(.array(elements), position: start)
    }
    while true {
      elements.append(try parseValue(depth: depth))
      if try endsList(with: UInt8(ascii: "]"), opened: start) { break }
    }
    return JSONValue(.array(elements), position: start)
  }

  private func check(depth: Int, at start: JSONPosition) throws {
    if depth > StrictJSON.maximumDepth {
      throw error("arrays and objects nest deeper than \(StrictJSON.maximumDepth)", at: start)
    }
  }

  /// After an element: true at the closing bracket, false at a comma that is followed by another
  /// element.
  private mutating func endsList(with close: UInt8, opened start: JSONPosition) throws -> Bool {
    skipSpace()
    let bracket = Character(Unicode.Scalar(close))
    switch current {
    case close:
      next += 1
      return true
    case UInt8(ascii: ","):
      let comma = position
      next += 1
      skipSpace()
      if current == close { throw error("remove the comma before '\(bracket)'", at: comma) }
      return false
    case nil:
      throw error("the text ends before the '\(bracket)' of line \(start.line) is closed")
    default:
      throw error("',' or '\(bracket)' is expected, found \(describeCurrent())")
    }
  }

  private mutating func parseWord(
    _ word: StaticString, _ kind: JSONValue.Kind, at start: JSONPosition
  ) throws -> JSONValue {
    let found = bareWord()
    guard found == word.description else { throw unexpectedValue() }
    next += found.utf8.count
    return JSONValue(kind, position: start)
  }

  private mutating func parseNumber() throws -> String {
    let start = next
    if current == UInt8(ascii: "-") { next += 1 }
    let integerStart = next
    try skipDigits("a digit is expected")
    if bytes[integerStart] == UInt8(ascii: "0"), next - integerStart > 1 {
      next = start
      throw error("a number cannot start with 0; write it without leading zeros")
    }
    if current == UInt8(ascii: ".") {
      next += 1
      try skipDigits("a digit is expected after the decimal point")
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      next += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { next += 1 }
      try skipDigits("a digit is expected in the exponent")
    }
    return String(decoding: bytes[start..<next], as: UTF8.self)
  }

  private mutating func skipDigits(_ message: String) throws {
    let start = next
    while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { next += 1 }
    if next == start { throw error("\(message), found \(describeCurrent())") }
  }

  /// The run of ASCII letters, digits and underscores at the cursor, at most 24, for literals and
  /// messages.
  private func bareWord() -> String {
    var end = next
    while end < bytes.count, end - next < 24 {
      switch bytes[end] {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        end += 1
      default:
        return String(decoding: bytes[next..<end], as: UTF8.self)
      }
    }
    return String(decoding: bytes[next..<end], as: UTF8.self)
  }

  private func unexpectedValue() -> JSONError {
    let word = bareWord()
    switch word {
    case "NaN", "nan", "Infinity", "inf":
      return error("\(word) is not a JSON number")
    case "True", "False", "None":
      return error("\(word) is Python; JSON has true, false and null")
    default:
      break
    }
    if current == UInt8(ascii: "/") || current == UInt8(ascii: "#") {
      return error("JSON has no comments; remove it")
    }
    if current == UInt8(ascii: "'") {
      return error("strings stand in double quotes, found a single quote")
    }
    return error("a value is expected, found \(describeCurrent())")
  }

  /// A description of what is at the cursor, for messages.
  func describeCurrent() -> String {
    guard let byte = current else { return "the end of the text" }
    let word = bareWord()
    if !word.isEmpty { return "'\(word)'" }
    if byte > 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
    let hex = String(byte, radix: 16, uppercase: true)
    return "the byte 0x\(byte < 16 ? "0" : "")\(hex)"
  }
}
