import StrictJSON
import Testing

@Suite struct WriterTests {
  static let value: JSONValue = [
    "b": 1, "a": [1.0, 5e-05, "x\n\"\\\u{1}é"], "empty": [:], "none": [], "flag": true,
  ]

  @Test func layouts() {
    #expect(
      JSONWriter().string(Self.value) == #"""
        {
          "b": 1,
          "a": [
            1.0,
            5e-05,
            "x\n\"\\\u0001é"
          ],
          "empty": {},
          "none": [],
          "flag": true
        }
        """#)
    #expect(
      JSONWriter(layout: .line, sortedKeys: true).string(Self.value)
        == #"{"a": [1.0, 5e-05, "x\n\"\\\u0001é"], "b": 1, "empty": {}, "flag": true, "none": []}"#)
    #expect(JSONWriter(layout: .minimal).string(["a": [1, 2]]) == #"{"a":[1,2]}"#)
  }

  /// JSON need not escape those beyond ASCII, but terminals obey them.
  @Test func controlsAreEscaped() throws {
    let text = "\u{1B}[1m é \u{7F}\u{9B}2J\u{85}"
    let written = JSONWriter(layout: .minimal).string(.string(text))
    #expect(written == #""\u001b[1m é \u007f\u009b2J\u0085""#)
    #expect(try StrictJSON.parse(written, file: "f").string == text)
  }

  @Test(arguments: [
    0.1, 1.0, -0.0, 1e16, 1e-8, .leastNonzeroMagnitude, 1.7976931348623157e308, 0.30000000000000004,
    123456789,
  ])
  func doublesComeBack(_ number: Double) throws {
    let text = JSONWriter().string(.double(number))
    let back = try #require(try StrictJSON.parse(text, file: "f").double)
    #expect(back.bitPattern == number.bitPattern)
    #expect(text.contains { $0 == "." || $0 == "e" })
  }

  @Test func floatsAreShortest() {
    #expect(JSONWriter().string(.float(0.1)) == "0.1")
    #expect(JSONWriter().string(.float(1)) == "1.0")
    #expect(JSONWriter().string(.double(Double(Float(0.1)))) == "0.10000000149011612")
    #expect(JSONWriter().string([.double(.nan), .float(.infinity)]).contains("null"))
  }

  @Test(arguments: [JSONWriter.Layout.indented, .line, .minimal])
  func roundTrip(_ layout: JSONWriter.Layout) throws {
    let text = JSONWriter(layout: layout).bytes(Self.value)
    #expect(try StrictJSON.parse(text, file: "f") == Self.value)
  }

  @Test func equalityIsOfContent() {
    #expect(JSONValue.int(2) != .double(2))
    #expect(JSONValue.string("\u{e9}") != .string("e\u{301}"))
    #expect(([1, 2] as JSONValue) != [2, 1])
  }
}
