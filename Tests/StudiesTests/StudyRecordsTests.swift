import Files
import Foundation
import StrictJSON
import Studies
import TestSupport
import Testing

/// Small files about finished cells, kept apart from the study's folder.
@Suite struct StudyRecordsTests {
  private func run(_ study: Study) throws -> StudyOutcome {
    try study.run(observer: StudyListener())
  }

  private func text(_ world: StudyWorld) -> String {
    world.text(
      top: #""records": "\#(world.root)/records", "contrasts": ["kd > none"], "#
    ).replacingOccurrences(
      of: #""max_steps": 3,"#, with: #""max_steps": 3, "eval_strategy": "steps", "eval_steps": 1,"#)
  }

  @Test func tablesAndCurvesAreMadeOfRecordsAlone() throws {
    let world = try StudyWorld()
    let study = try world.study(text(world))
    #expect(try run(study).finished == 4)
    let report = try StudyReport(study, pool: world.toy.pool)
    let file = "\(world.root)/records/short/kd/seed-2.json"
    let size = try Data(contentsOf: URL(fileURLWithPath: file)).count
    #expect(size > 1000 && size < 8000)

    // Another machine: no folder of the study, no teacher.
    try FileManager.default.removeItem(atPath: world.folder)
    try FileManager.default.removeItem(atPath: world.teacher)
    let path = "\(world.root)/study.json"
    let elsewhere = try Study(StudyConfiguration.load(path: path, checksPaths: false))
    #expect(elsewhere.cells.allSatisfy { $0.record?.updates == 3 })
    let again = try StudyReport(elsewhere, pool: world.toy.pool)
    #expect(again.markdown == report.markdown)
    #expect(again.json == report.json && again.cellsCSV == report.cellsCSV)
    #expect(again.curves.allSatisfy { $0.points.map(\.step) == [1, 2, 3] })
    #expect(!FileManager.default.fileExists(atPath: world.folder))
  }

  /// What a run cannot have written is told of, not put into a table.
  @Test(arguments: [
    (#""eval_accuracy":"#, "-1e308", "eval_accuracy is -1e308, which no run writes;"),
    (#""eval_accuracy":"#, "1.5", "eval_accuracy is 1.5, which no run writes;"),
    (#""eval_accuracy":"#, "true", "eval_accuracy is true, which no run writes;"),
    (
      #""train_distinct_texts":"#, "9223372036854775808",
      "train_distinct_texts is 9223372036854775808, which no run writes;"
    ),
    (#""classes":["#, "2,", "the answers to the validation rows are missing, or not those of task"),
    (
      #""classes":["#, "-1,", "the answers to the validation rows are missing, or not those of task"
    ),
  ])
  func forgedRecordsAreRefused(key: String, value: String, message: String) throws {
    let world = try StudyWorld()
    #expect(try run(world.study(text(world))).finished == 4)
    try FileManager.default.removeItem(atPath: world.folder)
    let path = "\(world.root)/records/short/kd/seed-2.json"
    var kept = try String(contentsOfFile: path, encoding: .utf8)
    let place = try #require(kept.range(of: key)).upperBound
    let end = try #require(kept[place...].firstIndex { ",}]".contains($0) })
    // In an array the comma belongs to the value.
    kept.replaceSubrange(
      place..<(value.hasSuffix(",") ? kept.index(after: end) : end), with: value)
    try kept.write(toFile: path, atomically: true, encoding: .utf8)
    let error = #expect(throws: FileError.self) {
      try StudyReport(world.study(text(world)), pool: world.toy.pool)
    }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  @Test func onlyWhatNoRecordHasIsRun() throws {
    let world = try StudyWorld()
    #expect(try run(world.study(text(world))).finished == 4)
    try FileManager.default.removeItem(atPath: world.folder)
    try FileManager.default.removeItem(
      atPath: "\(world.root)/records/short/kd/seed-1.json")
    let study = try world.study(text(world))
    #expect(study.cells.map { $0.record == nil } == [false, false, true, false])
    let outcome = try run(study)
    #expect(outcome.skipped == 3 && outcome.finished == 1)
    #expect(try StudyReport(study, pool: world.toy.pool).differences.isEmpty)

    // Another precision or another teacher does not make it another cell: see below.
    let rounded = try world.study(text(world), overrides: ["base.precision=bf16"])
    #expect(rounded.cells.allSatisfy { $0.record != nil })
    #expect(
      try StudyReport(rounded, pool: world.toy.pool).markdown.contains(
        "Precision: float32 in 4 cells."))
    // A record of another configuration is none.
    let warmer = try world.study(text(world), overrides: ["methods.kd.method.temperature=3"])
    #expect(warmer.cells.map { $0.record == nil } == [false, false, true, true])
    // One of an earlier version, which did not have some key yet, counts.
    let path = "\(world.root)/records/short/none/seed-2.json"
    let kept = try String(contentsOfFile: path, encoding: .utf8)
    #expect(kept.contains(#""max_grad_norm":1.0,"#))
    try kept.replacingOccurrences(of: #""max_grad_norm":1.0,"#, with: "")
      .write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try world.study(text(world)).cells[1].record != nil)
    // But not for who asks for something else than it did.
    let clipped = try world.study(text(world), overrides: ["base.train.max_grad_norm=0.5"])
    #expect(clipped.cells[1].record == nil)
    // Nor does one that says what nobody here understands.
    try kept.replacingOccurrences(
      of: #""max_grad_norm":1.0,"#, with: #""max_grad_norm":1.0,"new":2,"#
    )
    .write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try world.study(text(world)).cells[1].record == nil)
    try kept.replacingOccurrences(of: #""max_grad_norm":1.0,"#, with: #""max_grad_norm":2.0,"#)
      .write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try world.study(text(world)).cells[1].record == nil)
    // One that cannot be read is none, either.
    try "{".write(
      toFile: "\(world.root)/records/short/none/seed-1.json", atomically: true, encoding: .utf8)
    #expect(try world.study(text(world)).cells[0].record == nil)
  }

  @Test func cellsThatWereFinishedBeforeAreKeptToo() throws {
    let world = try StudyWorld()
    #expect(
      try run(world.study(text(world), overrides: ["records=null"])).finished == 4)
    #expect(!FileManager.default.fileExists(atPath: "\(world.root)/records"))
    #expect(try run(world.study(text(world))).skipped == 4)
    #expect(
      FileManager.default.fileExists(atPath: "\(world.root)/records/short/none/seed-1.json"))
  }

  @Test func differentTeachersOfOneSeedAreReported() throws {
    let world = try StudyWorld()
    _ = try run(world.study(text(world)))
    try FileManager.default.removeItem(atPath: world.folder)
    try FileManager.default.removeItem(
      atPath: "\(world.root)/records/short/kd/seed-1.json")
    try world.writeTeacher(seed: 3)
    let study = try world.study(text(world))
    #expect(try run(study).finished == 1)
    let report = try StudyReport(study, pool: world.toy.pool)
    #expect(report.differences == ["\(world.teacher) (short, seed 1)"])
    #expect(report.markdown.contains("**Not comparable:**"))
    #expect(report.markdown.contains("- \(world.teacher) (short, seed 1)"))
  }
}
