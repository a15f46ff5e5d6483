import Data
import Foundation
import Runs
import StrictJSON
import TestSupport
import Testing

/// What the numbers of predictions become, by methods that see more than a softmax of them.
@Suite struct PredictionValueTests {
  private let world: TeacherWorld

  init() throws { world = try TeacherWorld() }

  /// The loss of the first update with a teacher of the same nine predictions in two spellings.
  private func losses(
    _ probabilities: [Double], _ logits: [Double], method: String = "kd", _ more: JSONValue = [:]
  ) throws -> [Double] {
    try [("probabilities", probabilities), ("logits", logits)].map { key, values in
      // Each row begins with another label.
      let lines = (0..<9).map { row -> String in
        let numbers = (0..<3).map { "\(values[($0 + row) % 3])" }.joined(separator: ", ")
        return #"{"index": \#(row), "\#(key)": [\#(numbers)]}"#
      }
      let path = try world.write(lines.joined(separator: "\n") + "\n", as: "\(key).jsonl")
      let observer = SilentObserver()
      _ = try world.prepared(
        world.text(
          teacher: ["predictions": path], method: ["name": .string(method)], output: key, more)
      ).execute(observer)
      return try #require(observer.logged.first { $0.step == 1 }?["loss"])
    }
  }

  /// The logarithms, with the mean over labels subtracted (docs/teachers.md). A softmax does not
  /// see the mean; annealing-kd does.
  @Test func probabilitiesBecomeCentredLogarithms() throws {
    let logarithms = [0.7, 0.3, 1e-6].map { log($0) }
    let mean = logarithms.reduce(0, +) / 3
    let found = try losses(
      [0.7, 0.3, 0], logarithms.map { $0 - mean }, method: "annealing-kd")
    #expect(found[0] == found[1] && found[0].isFinite)
    let others = try losses([0.7, 0.3, 0], logarithms, method: "annealing-kd")
    #expect(others[0] != others[1])
  }

  /// Zero and one have no log-odds.
  @Test func logOddsAreBoundedOnBothSides() throws {
    func odds(_ p: Double) -> Double { log(p / (1 - p)) }
    let found = try losses(
      [1, 0, 0.25], [odds(1 - 1e-6), odds(1e-6), odds(0.25)],
      [
        "task": ["multi_label": true, "metrics": .null],
        "student": [
          "model_name_or_path": .null, "vocab": world.path("student"),
          "config": [
            "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 16, "max_position_embeddings": 16,
          ],
        ],
      ])
    #expect(found[0] == found[1] && found[0].isFinite)
  }

  /// A ratio draws among the texts of all files, each by its place in its own.
  @Test func aRatioDrawsFromEveryFile() throws {
    func text(_ words: Int) -> String { Array(repeating: "a", count: words).joined(separator: " ") }
    let first = try world.write((1...3).map { text($0) + "\n" }.joined(), as: "first.txt")
    let second = try world.write((4...7).map { text($0) + "\n" }.joined(), as: "second.txt")
    let run = try world.prepared(
      world.text(["transfer": ["files": [first, second], "ratio": 0.34]]))
    let drawn = RowDraw.rows(3, of: 7, seed: 5)
    try #require(drawn.contains { $0 < 3 } && drawn.contains { $0 >= 3 })
    // Each text is one word longer than the one before, and has two special tokens.
    #expect(Array(run.training.data.lengths.dropFirst(9)) == drawn.map { $0 + 3 })
  }
}
