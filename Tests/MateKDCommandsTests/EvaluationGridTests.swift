import ArgumentParser
import Data
import Files
import Inference
import MateKDCommands
import Models
import StrictJSON
import Testing
import Trainers

@Suite struct EvaluationGridTests {
  private static func report(
    _ model: String, _ task: TaskDescription, _ values: [Double], bootstrap: Bootstrap?
  ) -> EvaluationReport {
    let metrics = zip(task.metrics, values).map { (name: $0.rawValue, value: $1) }
    return EvaluationReport(
      model: model, task: task, split: .validation,
      found: TaskModel.Report(
        metrics: metrics, samples: 4, seconds: 1, parameters: 10,
        intervals: bootstrap == nil
          ? []
          : metrics.map { name, value in
            (name: name, interval: Bootstrap.Interval(lower: value - 0.1, upper: value + 0.1))
          }), bootstrap: bootstrap)
  }

  /// Two models; the second one is not for MRPC.
  private static func grid(bootstrap: Bootstrap?) throws -> EvaluationGrid {
    let tasks = [TaskDescription.rte, .mrpc]
    return try EvaluationGrid(models: ["a", "runs/b"], tasks: tasks) { model, place in
      if model == "runs/b", place == 1 { throw MismatchError(.method, "b has other labels") }
      return report(
        model, tasks[place], model == "a" ? [0.5, 0.625] : [0.75], bootstrap: bootstrap)
    }
  }

  @Test func aRowAModelAndAColumnATask() throws {
    let grid = try Self.grid(bootstrap: nil)
    #expect(grid.misfits.map(\.model) == ["runs/b"] && grid.misfits.map(\.task) == ["mrpc"])
    let captured = CapturedStream()
    grid.print(on: captured.stream())
    #expect(
      captured.text == """
        model   rte accuracy  mrpc accuracy/f1
        ------  ------------  ----------------
        a             0.5000     0.5000/0.6250
        runs/b        0.7500                 -

        """)
    let json = grid.json(confusion: false)
    let found = json["evaluations"]?.array ?? []
    #expect(found.compactMap { $0["task"]?.string } == ["rte", "mrpc", "rte"])
    #expect(found.compactMap { $0["accuracy"]?.double } == [0.5, 0.5, 0.75])
    #expect(json["misfits"]?.array?.first?["reason"]?.string == "b has other labels")
  }

  @Test func intervalsHaveATableOfTheirOwn() throws {
    let captured = CapturedStream()
    try Self.grid(bootstrap: Bootstrap()).print(on: captured.stream())
    let lines = captured.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 10 && lines[4] == "")
    #expect(lines[5] == "95 % interval  rte accuracy      mrpc accuracy")
    #expect(lines[7] == "a              0.4000 to 0.6000  0.4000 to 0.6000")
    #expect(lines[8] == "runs/b         0.6500 to 0.8500  -")
  }

  @Test func noModelThatFitsIsAnError() {
    let error = #expect(throws: MismatchError.self) {
      try EvaluationGrid(models: ["a", "b"], tasks: [.rte]) { model, _ in
        throw MismatchError(.method, "\(model) does not fit")
      }
    }
    #expect(error == MismatchError(.method, "a does not fit"))
  }

  @Test func otherErrorsEndTheEvaluation() {
    #expect(throws: FileError.self) {
      try EvaluationGrid(models: ["a"], tasks: [.rte, .mrpc]) { _, place in
        if place == 1 { throw FileError(file: "f", problem: "p") }
        return Self.report("a", .rte, [1], bootstrap: nil)
      }
    }
    #expect(throws: TrainingError.noData("x")) {
      try EvaluationGrid(models: ["a"], tasks: [.rte]) { _, _ in throw TrainingError.noData("x") }
    }
  }

  @Test func aFolderForAllTasksOrOneForEach() throws {
    let start = ["evaluate", "--model", "a", "--task", "rte", "--task", "mrpc", "--task", "cola"]
    for count in [1, 3] {
      _ = try MateKD.parseAsRoot(
        start + (0..<count).flatMap { ["--data", "\($0)"] } + ["--model", "b"])
    }
    let error = #expect(throws: (any Error).self) {
      try MateKD.parseAsRoot(start + ["--data", "x", "--data", "y"])
    }
    #expect(
      MateKD.message(for: try #require(error))
        == "--data must be given once or once for each of 3 tasks, found 2.")
    #expect(throws: (any Error).self) {
      try MateKD.parseAsRoot(["evaluate", "--task", "rte", "--data", "x"])
    }
  }
}
