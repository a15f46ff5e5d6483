import Foundation
import StrictJSON
import Studies
import TestSupport
import Testing

/// Values that are chosen on rows held out of the training data.
@Suite struct StudySelectionTests {
  private func text(_ world: StudyWorld, grid: String, top: String = "") -> String {
    world.text(
      seeds: "[1]", top: #""selection": {"validation_split": 0.25, "seeds": [1, 2]}, "# + top
    )
    .replacingOccurrences(
      of: #""kd": {"method": {"name": "kd", "temperature": 2}}"#,
      with: #""kd": {"method": {"name": "kd"}, "grid": \#(grid)}"#)
  }

  private static let grid = #"{"train.learning_rate": [1e-3, 1e-2], "method.temperature": [1, 2]}"#
  private static let references = (0..<20).map { Int32($0 % 2) }

  @Test func allCombinationsAreTriedAndTheBestMeanIsTaken() throws {
    let world = try StudyWorld()
    let study = try world.study(text(world, grid: Self.grid))
    #expect(study.isWaiting && study.cells.map(\.name) == ["short/none/seed-1"])
    let selection = try #require(study.selections.first)
    #expect(
      selection.candidates.map(\.point.name) == [
        "train.learning_rate=1e-3, method.temperature=1",
        "train.learning_rate=1e-3, method.temperature=2",
        "train.learning_rate=1e-2, method.temperature=1",
        "train.learning_rate=1e-2, method.temperature=2",
      ])
    let cells = selection.candidates.flatMap(\.cells)
    #expect(cells.count == 8 && Set(cells.map(\.fingerprint)).count == 8)
    #expect(cells[0].name == "short/kd/grid-1/seed-1" && cells[7].name == "short/kd/grid-4/seed-2")
    // The third has the best mean, though not the best single cell.
    for (cell, score) in zip(cells, [0.5, 0.5, 0.9, 0.1, 0.7, 0.7, 0.6, 0.6]) {
      #expect(selection.choice == nil)
      let wrong = Int((20 * (1 - score)).rounded())
      let predictions = Self.references.enumerated().map { $0 < wrong ? 1 - $1 : $1 }
      try world.pretend(
        cell, accuracy: score, predictions: predictions, references: Self.references)
    }
    let again = try Study(study.configuration)
    #expect(!again.isWaiting && again.selections[0].choice == selection.candidates[2].point)
    #expect(again.cells.map(\.name) == ["short/none/seed-1", "short/kd/seed-1"])
    let report = try StudyReport(again, pool: world.toy.pool)
    #expect(
      report.markdown.contains(
        "| short | kd | **train.learning_rate=1e-2, method.temperature=1** | 70.00 |"))
    // The cells that decide are in no table.
    #expect(report.entry(task: "short", method: "kd") == nil)
  }

  @Test func theRowsThatDecideAreNotThoseOfTheTables() throws {
    let world = try StudyWorld()
    let study = try world.study(text(world, grid: #"{"train.learning_rate": [1e-3, 1e-2]}"#))
    let first = try study.run(observer: StudyListener())
    #expect(first.finished == 5 && first.failures.isEmpty)
    let again = try Study(study.configuration)
    let listener = StudyListener()
    #expect(try again.run(observer: listener).finished == 1)
    #expect(listener.begun.map(\.cell) == ["short/kd/seed-1"])
    func configuration(_ cell: StudyCell) throws -> JSONValue? {
      try StrictJSON.read("\(cell.folder)/run.json")["config"]
    }
    func results(_ cell: StudyCell) throws -> JSONValue {
      try StrictJSON.read("\(cell.folder)/all_results.json")
    }
    let choice = try #require(again.selections[0].choice)
    let cell = try #require(again.cells.last)
    let rate = try configuration(cell)?["train"]?["learning_rate"]?.double
    #expect(choice.name == "train.learning_rate=\(rate == 1e-3 ? "1e-3" : "1e-2")")
    #expect(try configuration(cell)?["task"]?["validation_split"]?.double == nil)
    #expect(try results(cell)["train_samples"]?.int == 24)
    #expect(try results(cell)["eval_samples"]?.int == 20)
    for deciding in again.selections[0].candidates.flatMap(\.cells) {
      #expect(try configuration(deciding)?["task"]?["validation_split"]?.double == 0.25)
      let (rows, heldOut) = try (
        results(deciding)["train_samples"]?.int ?? 0, results(deciding)["eval_samples"]?.int ?? 0
      )
      #expect(rows + heldOut == 24 && heldOut > 0)
    }
  }

  @Test func mistakesInAGrid() throws {
    let world = try StudyWorld()
    #expect(
      world.complaint(text(world, grid: "{}")).contains(
        "methods.kd.grid must be an object of keys, each with an array of values."))
    // Ten values for each of forty keys: they are counted, never made.
    let many = (0..<40).map {
      "\"train.key\($0)\": [\((0..<10).map { "\($0)" }.joined(separator: ", "))]"
    }
    #expect(
      world.complaint(text(world, grid: "{\(many.joined(separator: ", "))}")).contains(
        "methods.kd.grid has more than 10000 combinations; name fewer values."))
    #expect(
      world.complaint(text(world, grid: #"{"train.learning_rate": 1}"#)).contains(
        "methods.kd.grid.train.learning_rate must be an array of values."))
    #expect(
      world.complaint(text(world, grid: #"{"train.learning_rat": [1]}"#)).contains(
        "learning_rat"))
  }
}
