import StrictJSON
import Testing

@Suite struct ValueTests {
  @Test func keepsOrderAndPositions() throws {
    let value = try StrictJSON.parse(
      "{\n  \"b\": [1,\n    {\"é\": 2}],\n  \"a\": null\n}", file: "f")
    let object = try #require(value.object)
    #expect(object.keys == ["b", "a"])
    #expect(value.position == JSONPosition(line: 1, column: 1))
    #expect(object.member("a")?.keyPosition == JSONPosition(line: 4, column: 3))
    #expect(object["a"]?.position == JSONPosition(line: 4, column: 8))
    let inner = try #require(value["b"]?.array?.last)
    #expect(inner.position == JSONPosition(line: 3, column: 5))
    #expect(inner["é"]?.position == JSONPosition(line: 3, column: 11))
    #expect(value["c"] == nil)
  }

  @Test(
    arguments: [
      ("2", 2, 2.0), ("-0", 0, 0.0), ("9223372036854775807", Int.max, 9.223372036854775807e18),
      ("9223372036854775808", nil, 9.223372036854775808e18), ("2.0", nil, 2.0), ("2e0", nil, 2.0),
      ("1E-2", nil, 0.01), ("1e400", nil, nil), ("5e-324", nil, Double.leastNonzeroMagnitude),
    ] as [(String, Int?, Double?)])
  func numbers(_ text: String, _ int: Int?, _ double: Double?) throws {
    let value = try StrictJSON.parse(text, file: "f")
    #expect(value.int == int)
    #expect(value.double == double)
    #expect(value.numberText == text)
  }

  @Test func strings() throws {
    let value = try StrictJSON.parse(
      #"["\"\\\/\b\f\n\r\t", "\u00e9\uD83D\uDE00\u0000x", "é😀", "a\u0301"]"#, file: "f")
    let strings = try #require(value.array).compactMap(\.string)
    #expect(strings[0] == "\"\\/\u{8}\u{c}\n\r\t")
    #expect(Array(strings[1].unicodeScalars) == ["é", "😀", "\u{0}", "x"])
    #expect(strings[2] == "é😀")
    #expect(Array(strings[3].unicodeScalars).count == 2)
  }

  /// Swift's == calls these two keys equal; JSON does not.
  @Test func canonicallyEquivalentKeysAreDifferent() throws {
    let value = try StrictJSON.parse("{\"\u{e9}\": 1, \"e\u{301}\": 2}", file: "f")
    #expect(value.object?.count == 2)
    #expect(value["\u{e9}"]?.int == 1)
    #expect(value["e\u{301}"]?.int == 2)
  }

  @Test func largeObjectsFindEveryKey() throws {
    let text = "{" + (0..<5000).map { "\"key\($0)\": \($0)" }.joined(separator: ",") + "}"
    let value = try StrictJSON.parse(text, file: "f")
    for number in 0..<5000 { #expect(value["key\(number)"]?.int == number) }
    #expect(value["key5000"] == nil)
    let twice = text.dropLast() + ", \"key17\": 0}"
    #expect(throws: JSONError.self) { try StrictJSON.parse(String(twice), file: "f") }
    var object = try #require(value.object)
    object["key3"] = nil
    object["new"] = 7
    object["key4"] = "four"
    #expect(object["key3"] == nil && object["new"] == 7 && object["key4"] == "four")
    #expect(object.count == 5000 && object["key4999"]?.int == 4999)
  }

  @Test func wrongKindsGiveNil() throws {
    let value = try StrictJSON.parse("[null, true, 1, \"s\", [], {}]", file: "f")
    let all = try #require(value.array)
    #expect(all.map { $0.isNull } == [true, false, false, false, false, false])
    #expect(all.map { $0.bool != nil } == [false, true, false, false, false, false])
    #expect(all.map { $0.double != nil } == [false, false, true, false, false, false])
    #expect(all.map { $0.string != nil } == [false, false, false, true, false, false])
    #expect(all.map { $0.array != nil } == [false, false, false, false, true, false])
    #expect(all.map { $0.object != nil } == [false, false, false, false, false, true])
    #expect(
      all.map(\.kindName) == [
        "null", "true or false", "a number", "a string", "an array", "an object",
      ])
  }

  /// A tokenizer.json of 30 522 rows on one line; quadratic work anywhere would run into the limit.
  @Test(.timeLimit(.minutes(1))) func readsALargeVocabulary() throws {
    let rows = (0..<30_522).map { "\"##piece\($0)é\":\($0)" }.joined(separator: ",")
    let text = Array("{\"model\":{\"vocab\":{\(rows)}}}".utf8)
    let vocabulary = try StrictJSON.parse(text, file: "f")["model"]?["vocab"]
    #expect(vocabulary?.object?.count == 30_522)
    #expect(vocabulary?["##piece30521é"]?.int == 30_521)
  }
}
