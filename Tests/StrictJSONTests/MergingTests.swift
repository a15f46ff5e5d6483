import StrictJSON
import Testing

/// Objects changed key by key.
@Suite struct MergingTests {
  private func parse(_ text: String) throws -> JSONValue { try StrictJSON.parse(text, file: "a") }

  /// The examples of RFC 7396, appendix A.
  @Test(arguments: [
    (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
    (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
    (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
    (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
    (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
    (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
    (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
    (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
    (#"{"a":"foo"}"#, "null", "null"),
    (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
    (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
    ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
    ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
  ])
  func mergePatch(original: String, change: String, result: String) throws {
    let merged = try parse(original).merged(with: parse(change))
    #expect(JSONWriter(layout: .minimal).string(merged) == result)
  }

  /// One change in place of two has the same effect as one after the other.
  @Test(arguments: [
    (#"{"a":null}"#, #"{"b":1}"#, #"{"a":null,"b":1}"#),
    (#"{"b":1}"#, #"{"a":null}"#, #"{"b":1,"a":null}"#),
    (#"{"a":{"b":1}}"#, #"{"a":{"b":null,"c":2}}"#, #"{"a":{"b":null,"c":2}}"#),
    (#"{"a":{"b":1}}"#, #"{"a":null}"#, #"{"a":null}"#),
    (#"{"a":1}"#, #"{"a":[null]}"#, #"{"a":[null]}"#),
  ])
  func twoChangesInOne(first: String, second: String, both: String) throws {
    let change = try parse(first).followed(by: parse(second))
    #expect(JSONWriter(layout: .minimal).string(change) == both)
    for text in [#"{"a":{"b":5,"c":6},"b":7}"#, "{}", #"{"a":8}"#] {
      let step = try parse(text).merged(with: parse(first)).merged(with: parse(second))
      #expect(try parse(text).merged(with: change) == step)
    }
  }

  @Test func everythingKeepsItsPlace() throws {
    let text = try parse("{\"a\": {\"x\": 1,\n\"y\": 2},\n\"b\": {\"y\": 3,\n \"z\": {\"w\": 4}}}")
    let merged = try #require(text["a"]).merged(with: #require(text["b"]))
    let object = try #require(merged.object)
    #expect(object.keys == ["x", "y", "z"])
    #expect(merged.position == text["a"]?.position)
    #expect(object.member("x")?.keyPosition.line == 1)
    // A changed key is where it was changed, a new one where it was added.
    #expect(object.member("y")?.keyPosition.line == 3 && object["y"]?.position.line == 3)
    #expect(object.member("z")?.keyPosition.line == 4)
    #expect(object["z"]?["w"]?.position.line == 4)
  }
}
