import StrictJSON
import Testing

/// What the grammar refuses, and the exact place that the error names.
@Suite struct GrammarTests {
  static let refused: [(text: [UInt8], place: String, message: String)] = [
    (Array("".utf8), "1:1", "no JSON value"),
    (Array(" \n\t ".utf8), "2:3", "no JSON value"),
    ([0xEF, 0xBB, 0xBF] + Array("{}".utf8), "1:1", "byte-order mark"),
    (Array("{\"a\": 1, \"b\": 2, \"a\": 3}".utf8), "1:18", "\"a\" occurs twice"),
    (Array("{\"a\": 1, \"\\u0061\": 3}".utf8), "1:10", "\"a\" occurs twice"),
    (Array("{\n  \"a\": 1,\n}".utf8), "2:9", "remove the comma before '}'"),
    (Array("[1, 2, ]".utf8), "1:6", "remove the comma before ']'"),
    (Array("[1 2]".utf8), "1:4", "',' or ']' is expected, found '2'"),
    (Array("[,]".utf8), "1:2", "a value is expected, found ','"),
    (Array("{\"a\" 1}".utf8), "1:6", "':' is expected after the key \"a\""),
    (Array("{a: 1}".utf8), "1:2", "a key in double quotes is expected, found 'a'"),
    (Array("{\"a\": 1".utf8), "1:8", "ends before the '}' of line 1"),
    (Array("[".utf8), "1:2", "a value is expected, found the end of the text"),
    (Array("{} x".utf8), "1:4", "'x' follows the end"),
    (Array("{}\u{0}".utf8), "1:3", "the byte 0x00 follows"),
    (Array("NaN".utf8), "1:1", "NaN is not a JSON number"),
    (Array("[-Infinity]".utf8), "1:3", "a digit is expected"),
    (Array("[True]".utf8), "1:2", "Python"),
    (Array("{\"a\": 'x'}".utf8), "1:7", "double quotes"),
    (Array("[1] // no".utf8), "1:5", "'/' follows the end"),
    (Array("[// no\n1]".utf8), "1:2", "no comments"),
    (Array("[truefalse]".utf8), "1:2", "a value is expected"),
    (Array("01".utf8), "1:1", "leading zeros"),
    (Array("-012".utf8), "1:1", "leading zeros"),
    (Array("1.".utf8), "1:3", "after the decimal point"),
    (Array(".5".utf8), "1:1", "a value is expected"),
    (Array("+1".utf8), "1:1", "a value is expected"),
    (Array("1e".utf8), "1:3", "in the exponent"),
    (Array("0x10".utf8), "1:2", "'x10' follows the end"),
    (Array("\"a".utf8), "1:1", "no closing quote"),
    (Array("\"a\\n".utf8), "1:1", "no closing quote"),
    (Array("\"a\nb\"".utf8), "1:3", "the line ends inside a string"),
    (Array("\"a\u{1}\"".utf8), "1:3", "must be escaped"),
    (Array("\"\\x\"".utf8), "1:2", "is not JSON"),
    (Array("\"\\u12G4\"".utf8), "1:6", "four hexadecimal digits"),
    (Array("\"\\ud800\"".utf8), "1:2", "surrogate"),
    (Array("\"\\ud800\\u0041\"".utf8), "1:2", "surrogate"),
    (Array("\"\\udc00\\ud800\"".utf8), "1:2", "surrogate"),
    ([0x22, 0xFF, 0x22], "1:2", "0xFF is not UTF-8"),
    ([0x22, 0xC0, 0x80, 0x22], "1:2", "not UTF-8"),
    ([0x22, 0xED, 0xA0, 0x80, 0x22], "1:2", "does not start a UTF-8"),
    ([0x22, 0xE2, 0x82, 0x22], "1:2", "does not start a UTF-8"),
    ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], "1:2", "does not start a UTF-8"),
    ([0x22, 0xC3], "1:2", "does not start a UTF-8"),
    (Array("[\"é😀\", x]".utf8), "1:8", "a value is expected, found 'x'"),
    (Array("[\r\n  1,\r\n  y]".utf8), "3:3", "a value is expected, found 'y'"),
  ]

  @Test(arguments: refused.indices) func refuses(_ index: Int) throws {
    let row = Self.refused[index]
    let error = try #require(throws: JSONError.self) {
      try StrictJSON.parse(row.text, file: "file.json")
    }
    #expect(error.position.description == row.place)
    #expect(error.message.contains(row.message), "\(error)")
    #expect(error.description.hasPrefix("file.json:\(row.place): error: "))
  }

  @Test func depthIsLimited() throws {
    let limit = StrictJSON.maximumDepth
    let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
    _ = try StrictJSON.parse(deepest, file: "f")
    let error = try #require(throws: JSONError.self) {
      try StrictJSON.parse("[" + deepest + "]", file: "f")
    }
    #expect(error.column == limit + 1)
    #expect(throws: JSONError.self) {
      try StrictJSON.parse(String(repeating: "{\"a\":", count: 1_000_000), file: "f")
    }
  }

  /// No prefix of a valid text parses, and none traps.
  @Test func everyPrefixIsRefused() throws {
    let text = Array("{\"k\\u00e9\": [1.5e-3, true, null, \"é\\ud83d\\ude00\"], \"z\": {}}".utf8)
    _ = try StrictJSON.parse(text, file: "f")
    for count in 0..<text.count {
      #expect(throws: JSONError.self) { try StrictJSON.parse(Array(text[..<count]), file: "f") }
    }
  }

  /// Every single-byte change either parses or throws a JSONError.
  @Test func changedBytesNeverTrap() throws {
    let text = Array("{\"k\": [1.5e-3, true, null, \"é\\ud83d\\ude00\"], \"z\": -0}".utf8)
    var refused = 0
    for place in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[place] = byte
        do {
          _ = try StrictJSON.parse(changed, file: "f")
        } catch is JSONError {
          refused += 1
        }
      }
    }
    #expect(refused > text.count * 100)
  }
}
