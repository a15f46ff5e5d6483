import Configuration
import Data
import StrictJSON
import Testing

/// What is noted down of a key as it is read.
@Suite struct SettingTests {
  private func document(_ text: JSONValue = [:]) throws -> ConfigDocument {
    try ConfigDocument(text, file: "run.json", checksPaths: false)
  }

  @Test(
    arguments: [
      (.any, "a number", [-1e300, 0], []),
      (.atLeast(1), "at least 1", [1, 2], [0.5]),
      (.above(0), "above 0", [1e-9], [0, -1]),
      (.between(0.5, 2), "between 0.5 and 2", [0.5, 2], [0.4, 2.1]),
      (.from(0, below: 1), "at least 0 and below 1", [0, 0.9], [1, -0.1]),
      (.above(0, upTo: 1), "above 0 and at most 1", [0.1, 1], [0, 1.1]),
      (.between(1, 9).or(-1), "-1, or between 1 and 9", [-1, 1, 9], [0, 10, -2]),
    ] as [(Bounds, String, [Double], [Double])])
  func bounds(_ bounds: Bounds, _ text: String, _ inside: [Double], _ outside: [Double]) {
    #expect(bounds.description == text)
    #expect(inside.allSatisfy(bounds.contains))
    #expect(!outside.contains(where: bounds.contains))
  }

  @Test func everyReaderNotesWhatItTakes() throws {
    let document = try document(["a": 3, "part": ["names": ["train"]]])
    let root = document.root
    _ = try root.int("a", in: 1...9, "One.")
    _ = try root.float("b", default: 1e-5, in: .above(0), "Two.")
    _ = try root.optionalBool("c", "Three.")
    let part = try root.section("part", "Four.")
    let names = try part.choices(
      "names", default: [Split.train], among: [.train, .test], "Five.")
    root.ignore("d", "Six.")
    root.ignore("e")
    _ = try root.int("a", default: 7, "Never noted.")
    #expect(names == [.train])
    #expect(
      document.settings == [
        Setting("a", [.integer], bounds: .between(1, 9), presence: .required, meaning: "One."),
        Setting("b", [.number], bounds: .above(0), presence: .usual(1e-5), meaning: "Two."),
        Setting("c", [.flag], presence: .optional, meaning: "Three."),
        Setting("part", [.section], presence: .required, meaning: "Four."),
        Setting(
          "part.names", [.string], isList: true, choices: ["train", "test"],
          presence: .usual(["train"]), meaning: "Five."),
        Setting("d", [], presence: .optional, meaning: "Six."),
      ])
    #expect(document.settings[4].parent == "part" && document.settings[4].key == "names")
  }

  @Test func onlySomeCasesOfAnEnumeration() throws {
    let root = try document(["split": "test_mismatched"]).root
    let error = #expect(throws: ConfigError.self) {
      try root.choice("split", default: Split.train, among: [.train, .test])
    }
    #expect(
      error?.message
        == "split must be \"train\" or \"test\", found \"test_mismatched\".")
    #expect(try root.choice("split", default: Split.train) == .testMismatched)
    #expect(try root.choice("other", default: Split.test, among: [.train, .test]) == .test)
  }

  @Test func oldSpellingsPointToTheNewOne() throws {
    let document = try document(["old": 1])
    try document.root.alias("old", for: "new")
    #expect(document.settings.map(\.replacement) == ["new"])
  }

  /// Weights and all about them are computed in float32, so a setting must keep its bounds there.
  @Test(
    arguments: [
      (1e-46, .above(0)), (0.99999999999, .from(0, below: 1)), (1e39, .atLeast(0)),
      (-1e39, .any), (1e-40, .between(0, 1)),
    ] as [(Double, Bounds)])
  func numbersThatFloatsRoundBeyondTheirBounds(_ value: Double, _ bounds: Bounds) throws {
    let root = try document(["x": .double(value)]).root
    let error = #expect(throws: ConfigError.self) { try root.number("x", in: bounds) }
    #expect(error?.message.contains("when rounded to float32") == true)
    let kept = try document(["x": 0.1]).root
    #expect(try kept.number("x", in: .between(0, 0.1)) == 0.1)
  }
}
