import Configuration
import Files
import Foundation
import Inference
import Runs
import StrictJSON
import TestSupport
import Testing

import Studies

/// Sweeps from the choice of combinations to the best configuration.
@Suite struct SweepTests {
  private static let grid: JSONValue = [
    "method.temperature": ["values": [1, 4]], "train.learning_rate": ["values": [1e-3, 1e-2]],
  ]
  private static let ranges: JSONValue = [
    "train.learning_rate": ["range": [1e-5, 1e-2], "scale": "log", "values": .null],
    "train.per_device_train_batch_size": ["range": [2, 6], "integer": true],
    "method.temperature": ["range": [1, 8], "values": .null],
  ]

  private func sweep(_ world: StudyWorld, _ changes: JSONValue = [:]) throws -> Sweep {
    let study = try StrictJSON.parse(world.text(), file: "study")
    let base = (study["base"] ?? [:]).merged(with: [
      "method": ["name": "kd"], "task": study["tasks"]?["short"]?["task"] ?? .null,
    ])
    let text: JSONValue = [
      "output_dir": .string("\(world.root)/sweep"), "base": base, "parameters": Self.grid,
      "validation_split": 0.25,
    ]
    return try Sweep(
      SweepConfiguration(
        reading: ConfigDocument(text.merged(with: changes), file: "sweep.json").root))
  }

  private func complaint(_ world: StudyWorld, _ changes: JSONValue) -> String {
    do {
      _ = try sweep(world, changes)
      return ""
    } catch { return "\(error)" }
  }

  @Test func aGridHasEveryCombinationOnce() throws {
    let world = try StudyWorld()
    let trials = try sweep(world).trials
    let values = trials.map { $0.values.map { JSONWriter().string($0.value) } }
    #expect(values == [["1", "0.001"], ["1", "0.01"], ["4", "0.001"], ["4", "0.01"]])
    #expect(Set(trials.map(\.name)).count == 4)
    let twice = try sweep(
      world, ["parameters": ["method.temperature": ["values": [1, 4, 1]]]])
    #expect(twice.trials.count == 6 - 2)
  }

  /// A null takes a key away, as everywhere else.
  @Test func aNullAmongTheValuesRemovesTheKey() throws {
    let world = try StudyWorld()
    let sweep = try sweep(
      world,
      [
        "base": ["method": ["temperature": 4], "train": ["warmup_steps": 1]],
        "parameters": [
          "method.temperature": ["values": [.null, 2]],
          "train.warmup_steps": ["values": [.null, 2]], "train.learning_rate": .null,
        ],
      ])
    #expect(sweep.trials.count == 4)
    let (results, _) = try sweep.run(observer: StudyListener())
    #expect(results.rows.count == 4)
    for row in results.rows {
      let values = row.trial.values.map(\.value.int)
      let run = try StrictJSON.parse(
        String(contentsOfFile: "\(row.folders[0])/run.json", encoding: .utf8), file: "r")
      // The default of either is another value than the base's.
      #expect(run["config"]?["method"]?["temperature"]?.double == Double(values[0] ?? 1))
      #expect(run["config"]?["train"]?["warmup_steps"]?.int == values[1] ?? 0)
      let best = try sweep.configuration(of: row.trial)
      #expect(best["method"]?["temperature"]?.int == values[0])
      #expect(best["train"]?["warmup_steps"]?.int == values[1])
    }
  }

  @Test func moreDrawsKeepThoseThereAre() throws {
    let world = try StudyWorld()
    func trials(_ count: Int, seed: Int = 42) throws -> [SweepTrial] {
      try sweep(
        world,
        [
          "parameters": Self.ranges, "strategy": "random", "samples": .int(count),
          "seed": .int(seed),
        ]
      ).trials
    }
    let many = try trials(40)
    #expect(many.count == 40)
    #expect(try Array(many.prefix(5)) == trials(5))
    #expect(try trials(5, seed: 1) != trials(5))
    func values(_ path: String) -> [JSONValue] {
      many.compactMap { trial in trial.values.first { $0.path == path }?.value }
    }
    let rates = values("train.learning_rate").compactMap(\.double)
    #expect(rates.count == 40 && rates.allSatisfy { (1e-5...1e-2).contains($0) })
    // Of 40 numbers drawn by their logarithms, it is all but certain that some lie in each third.
    #expect(rates.contains { $0 < 1e-4 } && rates.contains { $0 > 1e-3 })
    let sizes = values("train.per_device_train_batch_size").compactMap(\.int)
    #expect(Set(sizes) == [2, 3, 4, 5, 6])
  }

  @Test func halvingGivesTheBetterOnesMoreUpdates() throws {
    let world = try StudyWorld()
    let changes: JSONValue = [
      "strategy": "halving", "samples": 9, "factor": 3, "min_steps": 2,
      "base": ["train": ["max_steps": 20]], "parameters": Self.ranges,
    ]
    let rounds = try sweep(world, changes).rounds
    #expect(rounds.map(\.steps) == [2, 6, 20])
    #expect(rounds.map(\.survivors) == [3, 1, nil])
    let short = try sweep(world, changes.merged(with: ["min_steps": 7]))
    #expect(short.rounds.map(\.steps) == [20])
  }

  @Test func whatCannotBeSearchedIsSaidAtOnce() throws {
    let world = try StudyWorld()
    let cases: [(JSONValue, String)] = [
      (["parameters": ["method.temperatur": ["values": [1]]]], "temperature"),
      (["parameters": ["method.temperature": ["values": []]]], "an array that is not empty"),
      (["parameters": ["method.temperature": ["value": [1]]]], "unknown key \"value\""),
      (["parameters": ["method.temperature": ["values": [1, -1]]]], "method.temperature"),
      (["parameters": ["seed": ["values": [1]]]], "no key that a sweep can search"),
      (["parameters": ["task.data_dir": ["values": ["x"]]]], "no key that a sweep can search"),
      (["parameters": ["a..b": ["values": [1]]]], "no key that a sweep can search"),
      (
        ["parameters": .null, "strategy": "random"], "parameters is missing"
      ),
      (["base": ["task": ["validation_split": 0.2]]], "at the top level"),
      (["base": ["seed": 3]], "write seeds"),
      (["base": ["method": .null]], "base.method is missing"),
      (["strategy": "halving", "min_steps": 9], "max_steps is only 3"),
      (
        ["strategy": "halving", "parameters": ["train.max_steps": ["values": [1, 2]]]],
        "halving itself sets how long"
      ),
      (
        [
          "strategy": "halving",
          "parameters": ["train.learning_rate": .null, "train": ["values": [["seed": 1]]]],
        ], "it cannot search train as a whole"
      ),
      (
        ["parameters": ["method": ["values": [["name": "none"]]]]],
        "method.temperature is a part of method, which is searched, too"
      ),
      (["strategy": "halving", "base": ["train": ["warmup_steps": 2]]], "warmup_ratio"),
      (["metric": "f2"], "metric"), (["train": [:]], "base"), (["sample": 3], "samples"),
    ]
    for (changes, text) in cases {
      #expect(complaint(world, changes).contains(text), "\(complaint(world, changes))")
    }
    for range in [[2, 1], [1], ["a", 2], [0, 1]] as [JSONValue] {
      let changes: JSONValue = [
        "strategy": "random",
        "parameters": ["method.temperature": ["range": range, "scale": "log", "values": .null]],
      ]
      #expect(complaint(world, changes).contains("method.temperature"), "\(range)")
    }
    let reversed: JSONValue = [
      "strategy": "random",
      "parameters": ["method.temperature": ["range": [5, 1], "values": .null]],
    ]
    #expect(
      complaint(world, reversed).contains(
        "method.temperature.range must be an array of two different numbers, the smaller one "
          + "first, such as [1, 4]; found [5, 1]."))
    let ranges: JSONValue = [
      "parameters": ["train.learning_rate": ["range": [1, 2], "values": .null]]
    ]
    #expect(complaint(world, ranges).contains("a grid has no combinations"))
  }

  /// The error points into the base, so its message must say which values caused it.
  @Test func anErrorOfOneCombinationSaysWhichItIs() throws {
    let world = try StudyWorld()
    func message(_ fills: JSONValue, rates: JSONValue = [0.001]) -> String? {
      let changes: JSONValue = [
        "base": ["method": ["name": "mate-kd", "temperature": .null]],
        "parameters": .object([
          ("method.fill", ["values": fills]), ("train.learning_rate", ["values": rates]),
          ("method.temperature", .null),
        ]),
      ]
      return #expect(throws: ConfigError.self) { try sweep(world, changes) }?.message
    }
    let rest = "method mate-kd needs a section"
    // A key with one value is no part of the choice.
    #expect(message(["unigram", "top-k"])?.hasPrefix("with method.fill top-k: \(rest)") == true)
    #expect(message(["unigram", .null])?.hasPrefix("with method.fill null: \(rest)") == true)
    #expect(
      message(["unigram", "top-k"], rates: [0.001, 0.002])?.hasPrefix(
        "with train.learning_rate 0.001, method.fill top-k: \(rest)") == true)
    #expect(message(["top-k"])?.hasPrefix(rest) == true)
  }

  @Test func theBestIsChosenOnHeldOutRowsAndInterruptionsLoseNothing() throws {
    let world = try StudyWorld()
    let sweep = try sweep(world)
    // Without a run there is nothing to choose.
    let before = try sweep.run(observer: nil as StudyListener?)
    #expect(before.results.best == nil && before.results.rows.count == 4)
    let listener = StudyListener()
    let (results, outcome) = try sweep.run(observer: listener)
    #expect(outcome.finished == 4 && outcome.failures.isEmpty)
    let best = try #require(results.best)
    #expect(results.rows.allSatisfy { ($0.score ?? -1) <= best.score ?? -2 })
    for row in results.rows {
      let run = try StrictJSON.parse(
        String(contentsOfFile: "\(row.folders[0])/all_results.json", encoding: .utf8), file: "r")
      // A quarter of the 24 training rows, not the 20 validation rows.
      #expect(run["eval_samples"]?.int == 6 && run["train_samples"]?.int == 18)
      #expect(run["eval_accuracy"]?.double == row.score)
    }
    // What is there is not made again; what was taken away is.
    try FileManager.default.removeItem(atPath: results.rows[3].folders[0])
    let again = try self.sweep(world).run(observer: StudyListener())
    #expect(again.outcome.skipped == 3 && again.outcome.finished == 1)
    #expect(again.results.rows.map(\.score) == results.rows.map(\.score))

    try results.write(sweep)
    let file = SweepResults.bestFile(sweep.configuration.outputDir)
    let c = try DistillConfiguration.load(path: file, overrides: [String]())
    #expect(c.task.validationSplit == nil && c.task.drawSeed == nil)
    #expect(
      c.resolved["method"]?["temperature"]?.double
        == best.trial.values.first { $0.path == "method.temperature" }?.value.double)
  }

  /// Without a validation file the best is measured on the rows that decided.
  @Test func theBestRunsWhereThereIsNoValidationFile() throws {
    let world = try StudyWorld()
    try FileManager.default.removeItem(atPath: "\(world.root)/SST-2/dev.tsv")
    let sweep = try sweep(world)
    let (results, _) = try sweep.run(observer: StudyListener())
    try results.write(sweep)
    let file = SweepResults.bestFile(sweep.configuration.outputDir)
    let c = try DistillConfiguration.load(path: file, overrides: [String]())
    #expect(c.task.validationSplit == 0.25 && c.task.drawSeed == 42)
  }

  @Test func runsOnOtherRowsAreNotRanked() throws {
    let world = try StudyWorld()
    _ = try sweep(world).run(observer: StudyListener())
    let path = "\(world.root)/SST-2/train.tsv"
    let rows = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    try rows.prefix(13).joined(separator: "\n").write(
      toFile: path, atomically: true, encoding: .utf8)
    let wider: JSONValue = ["parameters": ["method.temperature": ["values": [1, 4, 8]]]]
    let error = #expect(throws: FileError.self) {
      try self.sweep(world, wider).run(observer: StudyListener())
    }
    #expect(error?.problem.contains("on other rows than") == true)
  }

  @Test func halvingRunsAsManyAsItSays() throws {
    let world = try StudyWorld()
    let sweep = try sweep(
      world,
      [
        "strategy": "halving", "samples": 4, "factor": 2, "min_steps": 1,
        "base": ["train": ["max_steps": 4]], "parameters": Self.ranges,
      ])
    let listener = StudyListener()
    let (results, outcome) = try sweep.run(observer: listener)
    #expect(outcome.finished == 4 + 2 + 1)
    #expect(results.rows.map(\.round) == [2, 1, 0, 0])
    #expect(results.rows.map(\.updates) == [4, 2, 1, 1])
    #expect(results.best?.trial == results.rows[0].trial)
  }
}
