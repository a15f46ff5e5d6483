/// RFC 8259 JSON and nothing more, with the position of every value.
///
/// The following are refused with file, line and column: duplicate keys, trailing commas, comments,
/// a byte-order mark, `NaN` and `Infinity`, numbers such as `01`, `.5` or `+1`, unknown escapes,
/// unescaped control characters, lone surrogates, bytes that are not UTF-8, nesting deeper than
/// `maximumDepth`, more values than `maximumValues`, and anything after the value. (Foundation's
/// decoder on Linux accepts several of these silently.)
public enum StrictJSON {
  /// The number of arrays and objects that may be open at once.
  public static let maximumDepth = 128

  /// The number of values in one text: each may take as much memory as eighty bytes of it.
  public static let maximumValues = 1 << 22

  /// Parses one JSON text.
  /// - Parameters:
  ///   - bytes: the whole text in UTF-8.
  ///   - file: the name that errors use.
  /// - Throws: `JSONError` at the first place that breaks the grammar.
  public static func parse(_ bytes: UnsafeRawBufferPointer, file: String) throws -> JSONValue {
    var parser = JSONParser(bytes: bytes, file: file)
    return try parser.parseText()
  }

  /// Parses one JSON text; see `parse(_:file:)` over raw bytes.
  public static func parse(_ bytes: [UInt8], file: String) throws -> JSONValue {
    try bytes.withUnsafeBytes { try parse($0, file: file) }
  }

  /// Parses one JSON text; see `parse(_:file:)` over raw bytes.
  public static func parse(_ text: String, file: String) throws -> JSONValue {
    try parse(Array(text.utf8), file: file)
  }
}
