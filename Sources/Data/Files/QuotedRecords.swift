import Files

/// The records of a CSV text (RFC 4180), or of one with another separator. Quoted fields may
/// contain separators, line breaks and doubled quotes. A BOM before the first record is skipped,
/// and so is a line such as `sep=;`, by which Excel is told of the separator.
struct QuotedRecords {
  /// One record.
  struct Record {
    /// Its fields, with quotes resolved.
    var fields: [ArraySlice<UInt8>]
    /// The line in which it starts, counted from 1.
    var line: Int
    /// What is wrong with its quotes, or nil.
    var problem: String?
    /// Whether the text ends within quotes.
    var isUnclosed: Bool { problem == QuotedRecords.unclosed }
    /// True if there is nothing in its line, not even quotes.
    var isBlank = false
  }

  private static let quote = UInt8(ascii: "\"")
  static let unclosed = "a quoted field is not closed before the end of the file."
  private let separator: UInt8
  private let bytes: [UInt8]
  private var position: Int
  private var line = 1

  init(_ bytes: [UInt8], separator: UInt8 = UInt8(ascii: ",")) {
    self.bytes = bytes
    self.separator = separator
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    if let declared = Self.declaration(bytes, at: position) {
      (position, line) = (declared.end, 2)
    }
  }

  /// The separator that the first line declares; nil if it declares none.
  static func declaredSeparator(_ bytes: [UInt8]) -> UInt8? {
    declaration(bytes, at: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)?.separator
  }

  /// Checks that the first line declares this separator, or none.
  /// - Throws: `FileError`.
  func requireDeclared(_ separator: UInt8, path: String) throws {
    guard let declared = Self.declaredSeparator(bytes), declared != separator else { return }
    throw FileError(
      file: path, line: 1,
      problem: "the first line says that \"\(Character(UnicodeScalar(declared)))\" stands between "
        + "fields, but \"\(Character(UnicodeScalar(separator)))\" is expected; set \"separator\" "
        + "in the task, or change the file.")
  }

  private static func declaration(
    _ bytes: [UInt8], at start: Int
  ) -> (separator: UInt8, end: Int)? {
    let line = bytes[start...].prefix(10).prefix { $0 != 0x0A && $0 != 0x0D }
    let text = line.filter { $0 != quote }
    guard text.count == 5, text.starts(with: "sep=".utf8), let separator = text.last else {
      return nil
    }
    let end = bytes[line.endIndex...].firstIndex { $0 == 0x0A }
    return (separator, end.map { $0 + 1 } ?? bytes.count)
  }

  /// The name of the separator in messages.
  var separatorName: String {
    switch separator {
    case UInt8(ascii: ","): "comma"
    case UInt8(ascii: ";"): "semicolon"
    case UInt8(ascii: "|"): "bar"
    default: "tab"
    }
  }

  /// The next record; nil at the end. A record with a problem ends where its line or the text ends.
  mutating func next() -> Record? {
    guard position < bytes.count else { return nil }
    var record = Record(fields: [], line: line)
    let start = position
    while true {
      record.fields.append(field(&record.problem))
      guard position < bytes.count else { break }
      let end = bytes[position]
      position += 1
      if end == 0x0A {
        line += 1
        break
      }
    }
    record.isBlank = bytes[start..<position].isBlank
    return record
  }

  /// Reads a field up to the next separator or line break.
  private mutating func field(_ problem: inout String?) -> ArraySlice<UInt8> {
    guard position < bytes.count, bytes[position] == Self.quote else { return plainField() }
    var content: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == Self.quote {
        guard position < bytes.count, bytes[position] == Self.quote else {
          if !plainField().isEmpty {
            problem = "there is text between a closing quote and the next \(separatorName)."
          }
          return content[...]
        }
        position += 1
      } else if byte == 0x0A {
        line += 1
      }
      content.append(byte)
    }
    problem = Self.unclosed
    return content[...]
  }

  private mutating func plainField() -> ArraySlice<UInt8> {
    let start = position
    while position < bytes.count, bytes[position] != separator, bytes[position] != 0x0A {
      position += 1
    }
    let endsLine = position < bytes.count && bytes[position] == 0x0A
    let end = endsLine && position > start && bytes[position - 1] == 0x0D ? position - 1 : position
    return bytes[start..<end]
  }
}
