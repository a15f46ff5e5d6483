import Files
import StrictJSON

/// Rows as JSON has them: an object a line, or one array of objects.
enum JSONRows {
  /// True if the first thing in the text is the beginning of an array. A line with a row begins
  /// with an object, so the two cannot be mixed up.
  static func isArray(_ bytes: [UInt8]) -> Bool {
    let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
    return withoutMark(bytes).first { !space.contains($0) } == UInt8(ascii: "[")
  }

  /// True if the text begins as an array of objects does. A text in brackets begins otherwise.
  static func isArrayOfObjects(_ bytes: [UInt8]) -> Bool {
    let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
    let begins = withoutMark(bytes).lazy.filter { !space.contains($0) }.prefix(2)
    return begins.elementsEqual("[{".utf8)
  }

  /// The object in a line.
  static func object(
    _ text: [UInt8], line: Int, path: String
  ) throws(FileError) -> JSONValue {
    do {
      let value = try StrictJSON.parse(text, file: path)
      if value.object != nil { return value }
      throw JSONError(
        file: path, position: value.position, message: "a JSON object is expected in every line")
    } catch {
      let problem = (error as? JSONError).map { "\($0.message), at column \($0.column)." }
      throw FileError(file: path, line: line, problem: problem ?? "\(error)")
    }
  }

  /// The rows of an array.
  ///
  /// - Parameter key: the member of an object that is the array; nil if the text is the array.
  static func array(
    _ bytes: [UInt8], key: String? = nil, path: String
  ) throws -> ArraySlice<JSONValue> {
    let json: JSONValue
    do { json = try StrictJSON.parse(Array(withoutMark(bytes)), file: path) } catch let error
      as JSONError
    {
      throw FileError(
        file: path, line: error.line, problem: "\(error.message), at column \(error.column).")
    }
    guard let rows = key.map({ json[$0]?.array }) ?? json.array else {
      let what = key.map { "an object with an array \"\($0)\"" } ?? "an array of objects"
      throw FileError(file: path, line: 1, problem: "the file needs \(what).")
    }
    return rows[...]
  }

  private static func withoutMark(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
  }
}
