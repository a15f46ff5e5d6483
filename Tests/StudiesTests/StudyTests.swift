import Configuration
import Foundation
import StrictJSON
import Studies
import TestSupport
import Testing

/// Studies from the first cell to the tables.
@Suite struct StudyTests {
  private func run(_ study: Study) throws -> (StudyOutcome, StudyListener) {
    let listener = StudyListener()
    return (try study.run(observer: listener), listener)
  }

  private func content(_ path: String) throws -> JSONValue {
    try StrictJSON.parse(String(contentsOfFile: path, encoding: .utf8), file: path)
  }

  /// Seeds would hold out rows of their own, and so would draws.
  @Test func heldOutRowsAreTheSameInAllCells() throws {
    let world = try StudyWorld()
    func study(_ task: String, top: String = "") throws -> Study {
      try world.study(
        world.text(top: top).replacing(
          "\"max_seq_length\": 24}", with: "\"max_seq_length\": 24, \(task)}"))
    }
    for (task, top) in [
      ("\"validation_split\": 0.25", ""),
      (
        "\"validation_split\": 0.25, \"draw_seed\": 1, \"samples_per_class\": 2",
        "\"draw_seeds\": [1, 2],"
      ),
    ] {
      let error = #expect(throws: ConfigError.self) { try study(task, top: top) }
      #expect(error.map { "\($0)" }?.contains("task.validation_split") == true)
    }
    #expect(try study("\"validation_split\": 0.25, \"draw_seed\": 1").cells.count == 4)
  }

  @Test func numbersAndSentencesOfACellHaveLimits() throws {
    let world = try StudyWorld()
    let cell = try #require(try world.study(world.text()).cells.first)
    func write(_ text: String, _ file: String) throws {
      try FileManager.default.createDirectory(
        atPath: cell.folder, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(cell.folder)/\(file)"))
    }
    try write("{}", "run.json")
    try write("{}", "all_results.json")
    func record(_ seconds: String) throws {
      try write(
        "{\"fingerprint\": \"\(cell.fingerprint)\", \"updates\": 3, \"seconds\": \(seconds)}",
        "cell.json")
    }
    try record("5")
    guard case .finished = cell.state else {
      Issue.record("\(cell.state)")
      return
    }
    try record("1e308")
    #expect(cell.state == .unfinished)
    try write(String(repeating: "x", count: 2 << 20), "error.txt")
    guard case .failed(let problem) = cell.state else {
      Issue.record("\(cell.state)")
      return
    }
    #expect(problem.contains("longer than 1048576 bytes"))
  }

  @Test func runsEveryCellOnceAndGoesOnWhereItWasLeft() throws {
    let world = try StudyWorld()
    let study = try world.study(world.text())
    let names = ["none/seed-1", "none/seed-2", "kd/seed-1", "kd/seed-2"].map { "short/\($0)" }
    #expect(study.cells.map(\.name) == names)
    #expect(study.cells.allSatisfy { $0.state == .new })
    let (outcome, first) = try run(study)
    #expect(outcome.finished == 4 && outcome.skipped == 0 && outcome.failures.isEmpty)
    #expect(first.begun.map(\.cell) == names && first.finished.map(\.cell) == names)
    #expect(first.finished.allSatisfy { $0.record.updates == 3 && $0.record.seconds > 0 })
    for cell in study.cells {
      for file in ["model.safetensors", "run.json", "all_results.json", "eval_predictions.tsv"] {
        #expect(FileManager.default.fileExists(atPath: "\(cell.folder)/\(file)"))
      }
    }
    // All cells share one teacher: whoever needs its logits finds those of the cells before.
    let cache = try FileManager.default.contentsOfDirectory(
      atPath: "\(world.folder)/teacher-cache")
    #expect(cache.count == 1)
    #expect(first.notices.contains { $0.hasPrefix("the teacher's logits on 12 of 24") })

    let again = try run(world.study(world.text()))
    #expect(again.0.skipped == 4 && again.0.finished == 0 && again.1.skipped == names)

    // A cell that broke off, one that was taken away, and the rest.
    let results = try content("\(study.cells[1].folder)/all_results.json")
    let model = try Data(
      contentsOf: URL(fileURLWithPath: "\(study.cells[1].folder)/model.safetensors"))
    try FileManager.default.removeItem(atPath: "\(study.cells[1].folder)/all_results.json")
    try FileManager.default.removeItem(atPath: study.cells[2].folder)
    let (resumed, third) = try run(study)
    #expect(resumed.skipped == 2 && resumed.finished == 2)
    #expect(third.begun.map(\.cell) == [names[1], names[2]])
    #expect(third.begun.map(\.state) == [.unfinished, .new])
    let repeated = try content("\(study.cells[1].folder)/all_results.json")
    #expect(repeated["eval_loss"] == results["eval_loss"])
    #expect(
      try Data(
        contentsOf: URL(fileURLWithPath: "\(study.cells[1].folder)/model.safetensors")) == model)
  }

  @Test func whatChangedIsMadeAgain() throws {
    let world = try StudyWorld()
    _ = try run(world.study(world.text()))
    // What changes no result does not count.
    let moved = try world.study(world.text(), overrides: ["base.threads=1"])
    #expect(moved.cells.allSatisfy { $0.record != nil })
    let warmer = try world.study(
      world.text(), overrides: ["methods.kd.method.temperature=3", "seeds=[2, 1, 3]"])
    let states = warmer.cells.map(\.state)
    #expect(states[0...1].allSatisfy { if case .finished = $0 { true } else { false } })
    #expect(Array(states[2...]) == [.new, .outdated, .outdated, .new])
    let (outcome, listener) = try run(warmer)
    #expect(outcome.finished == 4 && outcome.skipped == 2)
    #expect(listener.begun.map(\.state) == [.new, .outdated, .outdated, .new])
    // Another teacher in the same folder is another teacher.
    try world.writeTeacher(seed: 3)
    let other = try world.study(world.text())
    #expect(other.cells.allSatisfy { $0.state == .outdated })
  }

  @Test func aFailingCellDoesNotStopTheOthers() throws {
    let world = try StudyWorld()
    let study = try world.study(
      world.text(
        methods: #", "deep": {"student": {"config": null, "from_teacher_layers": [7]}, "#
          + #""method": {"name": "kd"}}"#))
    let (outcome, listener) = try run(study)
    #expect(outcome.finished == 4 && outcome.failures.map(\.cell) == listener.failed.map(\.cell))
    #expect(listener.failed.map(\.cell) == ["short/deep/seed-1", "short/deep/seed-2"])
    #expect(listener.failed.allSatisfy { $0.problem.contains("7") })
    let report = try StudyReport(study, pool: world.toy.pool)
    #expect(report.missing.map(\.cell) == listener.failed.map(\.cell))
    let problem = try #require(listener.failed.first?.problem)
    #expect(study.cells.first { $0.method == "deep" }?.state == .failed(problem))
    #expect(report.markdown.contains("- short/deep/seed-1: failed: \(problem)"))
    #expect(report.entry(task: "short", method: "deep") == nil && report.average("deep") == nil)
  }

  @Test func aSignalLeavesAStudyThatGoesOn() throws {
    let world = try StudyWorld()
    let study = try world.study(world.text())
    let listener = StudyListener()
    listener.stopsAfter = ("short/none/seed-2", 2)
    let outcome = try study.run(observer: listener)
    #expect(outcome.wasInterrupted && outcome.finished == 1 && outcome.failures.isEmpty)
    #expect(study.cells[1].state == .unfinished && study.cells[2].state == .new)
    let (resumed, _) = try run(study)
    #expect(resumed.finished == 3 && resumed.skipped == 1 && !resumed.wasInterrupted)
  }

  /// The time of a cell is that of all its parts, which are slow here except for the last.
  @Test func anInterruptedCellReportsTheTimeOfAllItsParts() throws {
    let world = try StudyWorld()
    let study = try world.study(
      world.text(seeds: "[1]", methods: StudyWorld.throughAssistant))
    // The assistant makes two updates, each in a part of its own, then the student makes one.
    for cell in ["none", "takd", "takd", "takd"].map({ "short/\($0)/seed-1" }) {
      let listener = StudyListener()
      listener.delay = 700_000
      listener.stopsAfter = (cell, 1)
      #expect(try study.run(observer: listener) { $0.name == cell }.wasInterrupted)
      #expect(listener.begun.map(\.cell) == [cell])
    }
    _ = try run(study)
    func seconds(_ method: String) throws -> Double {
      try #require(study.cells.first { $0.method == method }?.record).seconds
    }
    #expect(try seconds("none") >= 0.7)
    #expect(try seconds("takd") >= 2.1)
    let results = try content("\(study.cells[0].folder)/all_results.json")
    #expect(try #require(results["train_runtime"]?.double) >= 0.7)
  }

  @Test func someCellsOnly() throws {
    let world = try StudyWorld()
    let study = try world.study(world.text())
    let outcome = try study.run(observer: StudyListener()) { $0.method == "kd" && $0.seed == 2 }
    #expect(outcome.finished == 1)
    #expect(study.cells.filter { $0.record != nil }.map(\.name) == ["short/kd/seed-2"])
  }

  @Test func modelsNeedNotBeKept() throws {
    let world = try StudyWorld()
    let study = try world.study(
      world.text(seeds: "[1]", top: #""keep_models": false,"#),
      overrides: ["base.train.eval_strategy=steps", "base.train.eval_steps=1"])
    _ = try run(study)
    for cell in study.cells {
      #expect(cell.record != nil)
      for name in ["model.safetensors", "best"] {
        #expect(!FileManager.default.fileExists(atPath: "\(cell.folder)/\(name)"))
      }
    }
  }

  @Test func anAssistantIsDistilledFirst() throws {
    let world = try StudyWorld()
    let methods = StudyWorld.throughAssistant
    let study = try world.study(world.text(seeds: "[1]", methods: methods))
    let cell = try #require(study.cells.last)
    let (outcome, _) = try run(study)
    #expect(outcome.finished == 3 && outcome.failures.isEmpty, "\(outcome.failures)")
    // The student is made of a layer of the assistant, not of the teacher.
    let student = try content("\(cell.folder)/config.json")
    #expect(student["hidden_size"]?.int == 12 && student["num_hidden_layers"]?.int == 1)
    let assistant = try content("\(cell.folder)/assistant/run.json")
    #expect(
      assistant["config"]?["teacher"]?["model_name_or_path"]?.string == world.teacher)
    let main = try content("\(cell.folder)/run.json")
    #expect(
      main["config"]?["teacher"]?["model_name_or_path"]?.string == "\(cell.folder)/assistant")
    #expect(cell.record?.updates == 3)
    // What the assistant began with counts for the student, too.
    try world.writeTeacher(seed: 3)
    let other = try world.study(world.text(seeds: "[1]", methods: methods))
    #expect(other.cells.last?.state == .outdated)
    // An assistant that is there is used again.
    try FileManager.default.removeItem(atPath: "\(cell.folder)/all_results.json")
    try world.writeTeacher(seed: 2)
    let date =
      try FileManager.default.attributesOfItem(
        atPath: "\(cell.folder)/assistant/model.safetensors")[.modificationDate] as? Date
    let resumed = try run(world.study(world.text(seeds: "[1]", methods: methods)))
    #expect(resumed.0.finished == 1 && resumed.0.skipped == 2)
    let later =
      try FileManager.default.attributesOfItem(
        atPath: "\(cell.folder)/assistant/model.safetensors")[.modificationDate] as? Date
    #expect(date != nil && date == later)
  }

  /// A generator that a control can do without still counts, since it is measured.
  @Test func anOptionalGeneratorIsPartOfACellsIdentity() throws {
    let world = try StudyWorld()
    func fingerprints(_ generator: String) throws -> [String] {
      let methods = #"""
        , "words": {"method": {"name": "mate-kd", "fill": "unigram"}\#(generator)}
        , "plain": {"method": {"name": "kd"}\#(generator)}
        """#
      return try world.study(world.text(seeds: "[1]", methods: methods)).cells.map(\.fingerprint)
    }
    let section = #", "generator": {"model_name_or_path": "\#(world.teacher)"}"#
    let (without, with) = (try fingerprints(""), try fingerprints(section))
    #expect(without.count == 4 && with.count == 4)
    #expect(zip(without, with).map { $0 == $1 } == [true, true, false, true])
  }

  @Test func mistakesAreToldBeforeTheFirstCell() throws {
    let world = try StudyWorld()
    func complaint(methods: String = "", _ old: String = "", _ new: String = "") throws -> String {
      let text = world.text(methods: methods)
      if !old.isEmpty { try #require(text.contains(old)) }
      return world.complaint(old.isEmpty ? text : text.replacingOccurrences(of: old, with: new))
    }
    #expect(try complaint() == "")
    #expect(
      try complaint(methods: #", "x": {"method": {"name": "kdd"}}"#)
        .hasSuffix("found \"kdd\"; did you mean \"kd\"?"))
    #expect(
      try complaint(methods: #", "x": {"method": {"name": "mate-kd"}}"#)
        .hasSuffix(
          "needs a section \"generator\" with a masked language model; mate-kd pretrain makes one; "
            + "mate-kd methods mate-kd tells which keys do without one"))
    // Both are wrong in the name of the same method, not in `base`.
    func place(_ name: String) throws -> String? {
      try complaint(methods: #", "x": {"method": {"name": "\#(name)"}}"#)
        .components(separatedBy: ": error").first
    }
    #expect(try place("kdd") == place("mate-kd"))
    #expect(
      try complaint("\"temperature\": 2", "\"temprature\": 2").hasSuffix(
        "error: unknown key \"temprature\" in method; did you mean \"temperature\"?"))
    #expect(
      try complaint("/SST-2\"", "/SST-3\"").hasSuffix(
        "error: task.data_dir: there is no folder \"…/SST-3\"."))
    #expect(
      try complaint("\"task\": {", "\"metric\": \"f1\", \"task\": {").hasSuffix(
        "error: tasks.short.metric must be \"accuracy\", found \"f1\"."))
    let different = #", "x": {"method": {"name": "kd"}, "train": {"max_steps": 4}}"#
    #expect(
      try complaint(methods: different).hasSuffix(
        "on task short method none trains for 3 updates of 4 texts and method x for 4 updates of "
          + "4 texts; give them the same in base or tasks.short, or set "
          + "\"allow_different_updates\": true."))
    #expect(
      world.complaint(world.text(methods: different, top: #""allow_different_updates": true,"#))
        == "")
  }
}
