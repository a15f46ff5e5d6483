import Data
import Files
import Foundation
import Inference
import Studies
import TestSupport
import Testing

/// What the tables of a study say, from cells whose results are made up.
@Suite struct StudyReportTests {
  private static let references = (0..<20).map { Int32($0 % 2) }

  /// Predictions of which the first `wrong` are not right.
  private static func predictions(wrong: Int) -> [Int32] {
    references.enumerated().map { $0 < wrong ? 1 - $1 : $1 }
  }

  /// A study of two tasks, two methods and three seeds, with the number of wrong rows of each cell.
  private func study(
    _ world: StudyWorld, wrong: [String: [Int]], updates: [String: Int] = [:]
  ) throws -> Study {
    let task = #"{"name": "sst-2", "data_dir": "\#(world.root)/SST-2", "max_seq_length": 24}"#
    let study = try world.study(
      world.text(seeds: "[1, 2, 3]")
        .replacingOccurrences(
          of: "\"tasks\": {", with: "\"tasks\": {\"long_1\": {\"task\": \(task)},"))
    for cell in study.cells {
      guard let counts = wrong["\(cell.task)/\(cell.method)"], cell.seed <= counts.count else {
        continue
      }
      let count = counts[cell.seed - 1]
      try world.pretend(
        cell, accuracy: Double(20 - count) / 20, updates: updates[cell.method] ?? 3,
        seconds: Double(60 + cell.seed), predictions: Self.predictions(wrong: count),
        references: Self.references)
    }
    return study
  }

  @Test func meansAndComparisons() throws {
    let world = try StudyWorld()
    let study = try study(
      world,
      wrong: [
        "long_1/none": [4, 5, 6], "long_1/kd": [2, 2, 5],
        "short/none": [3, 3, 3], "short/kd": [4, 4, 4],
      ], updates: ["kd": 5])
    let report = try StudyReport(study, pool: world.toy.pool)
    #expect(report.missing.isEmpty && report.tasks.map(\.teacher) == [0.75, 0.75])
    #expect(report.tasks.map(\.rows) == [20, 20])
    let none = try #require(report.entry(task: "long_1", method: "none"))
    #expect(none.scores.map(\.score) == [0.8, 0.75, 0.7] && none.best == 0.8)
    #expect(Roundings.agree(none.summary.mean, 0.75, roundings: 8))
    #expect(Roundings.agree(none.summary.standardDeviation, 0.05, roundings: 8, of: 1))
    #expect(none.updates == 3...3 && none.seconds == 62)
    let comparison = try #require(none.comparison)
    // Differences -0.10, -0.15, -0.05.
    #expect(
      comparison.pairs == 3 && Roundings.agree(comparison.difference, -0.1, roundings: 8, of: 1))
    let test = try #require(comparison.test)
    // Scores below 1 have differences of 0.05 and deviations from their mean of as much.
    let statistic = -0.1 / (0.05 / 3.0.squareRoot())
    #expect(Roundings.agree(test.statistic, statistic, roundings: 16 / 0.05))
    #expect(Roundings.agree(test.pValue, 0.07417990022744853, roundings: 64 + 2 * 16 / 0.05))
    let drawn = try #require(comparison.bootstrap)
    #expect(Roundings.agree(drawn.value, -0.1, roundings: 32, of: 1) && drawn.samples.count == 50)
    #expect(report.entry(task: "long_1", method: "kd")?.comparison == nil)

    let average = try #require(report.average("none"))
    let expected = [0.825, 0.8, 0.775]
    #expect(
      zip(average.scores, expected).allSatisfy { Roundings.agree($0.score, $1, roundings: 4) })
    let difference = try #require(average.comparison)
    // Averages of kd: 0.85, 0.85, 0.775.
    #expect(
      Roundings.agree(difference.difference, -(0.025 + 0.05 + 0) / 3, roundings: 16, of: 1))
    let other = try #require(report.entry(task: "short", method: "none")?.comparison?.bootstrap)
    for sample in [0, 17, 49] {
      let mean = (drawn.samples[sample] + other.samples[sample]) / 2
      #expect(difference.bootstrap?.samples[sample] == mean)
    }
    #expect(drawn.samples != other.samples.map { -2 * $0 }, "tasks draw rows of their own")
  }

  @Test func tablesOfAllKinds() throws {
    let world = try StudyWorld()
    let study = try study(
      world,
      wrong: [
        "long_1/none": [16, 17, 18], "long_1/kd": [1, 1, 3],
        "short/none": [3, 3, 3], "short/kd": [4, 4],
      ], updates: ["kd": 5])
    let report = try StudyReport(study, pool: world.toy.pool)
    let lines = report.markdown.split(separator: "\n").map(String.init)
    #expect(lines[0] == "| method | long_1 (accuracy) | short (accuracy) | average |")
    #expect(lines[2] == "| teacher | 75.00 | 75.00 | 75.00 |")
    #expect(lines[3].hasPrefix("| none | 15.00 ± 5.00\\*† | **85.00 ± 0.00\\*** |"))
    #expect(lines[4] == "| kd | **91.67 ± 5.77** | 80.00 ± 0.00 | **87.50 ± 0.00** |")
    #expect(
      lines.contains {
        $0.hasPrefix("| long_1 | none | 3 | 15.00 ± 5.00 | 20.00 | 3 | – | – | 1:02 | -76.67 |")
      })
    #expect(lines.contains { $0.hasPrefix("| average | kd | 2 | 87.50 ± 0.00") })
    #expect(lines.last == "- short/kd/seed-3: not run yet")
    #expect(report.markdown.contains("Validation rows: long_1 20, short 20."))

    let csv = report.csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(csv.count == 7 && csv.allSatisfy { $0.count == 17 })
    #expect(csv[1][0...3] == ["long_1", "accuracy", "none", "3"])
    #expect(Double(csv[1][4]).map { Roundings.agree($0, 0.15, roundings: 8, of: 1) } == true)
    #expect(csv[2][10...] == ["kd", "", "", "", "", "", ""])
    #expect(csv[5][0...3] == ["average", "mean", "none", "3"] && csv[5][11] == "2")
    #expect(report.cellsCSV.split(separator: "\n").count == 12)

    #expect(report.latex.contains("method & long\\_1 & short & average \\\\"))
    #expect(report.latex.contains("kd & $\\mathbf{91.67} \\pm 5.77$ & $80.00 \\pm 0.00$"))
    #expect(report.latex.contains("none & $15.00 \\pm 5.00^{*\\dagger}$"))

    try report.write(to: world.folder)
    for file in ["results.md", "results.csv", "results.tex", "cells.csv", "results.json"] {
      #expect(FileManager.default.fileExists(atPath: "\(world.folder)/\(file)"))
    }
  }

  /// Any pair of methods, one-sided, with intervals and Holm's correction. Numbers are scipy's and
  /// statsmodels': `stats.ttest_rel(a, b, alternative="greater")`, `confidence_interval()` of the
  /// two-sided test, and `multipletests(p, method="holm")`.
  @Test func contrastsOfTheStudy() throws {
    let world = try StudyWorld()
    let methods = #", "other": {"method": {"name": "kd", "temperature": 3}}"#
    let study = try world.study(
      world.text(
        seeds: "[1, 2, 3]", methods: methods,
        top: #""contrasts": ["kd > none", "other > kd", "other>none"],"#))
    let wrong = ["none": [4, 5, 7], "kd": [3, 3, 5], "other": [3, 2, 2]]
    for cell in study.cells {
      let count = try #require(wrong[cell.method])[cell.seed - 1]
      try world.pretend(
        cell, accuracy: Double(20 - count) / 20, predictions: Self.predictions(wrong: count),
        references: Self.references)
    }
    let report = try StudyReport(study, pool: world.toy.pool)
    #expect(report.contrasts.map(\.better) == ["kd", "other", "other"])
    #expect(report.contrasts.map(\.other) == ["none", "kd", "none"])
    let expected: [(p: Double, low: Double, high: Double, holm: Double)] = [
      (0.018874775675311907, 0.011622454504175539, 0.15504421216249106, 0.05662432702593572),
      (0.1348516283298892, -0.12306248501317128, 0.25639581834650466, 0.1348516283298892),
      (0.0608449671731601, -0.09841377117503308, 0.39841377117503307, 0.1216899343463202),
    ]
    for (contrast, expected) in zip(report.contrasts, expected) {
      // One task: the average is the same.
      #expect(contrast.results.count == 2)
      for result in contrast.results {
        let result = try #require(result)
        // Differences of a twentieth from scores below 1, whose roundings the statistic magnifies.
        #expect(Roundings.agree(result.test.pGreater, expected.p, roundings: 1e4))
        let interval = try #require(result.interval)
        #expect(Roundings.agree(interval.lowerBound, expected.low, roundings: 1e4, of: 1))
        #expect(Roundings.agree(interval.upperBound, expected.high, roundings: 1e4, of: 1))
        #expect(Roundings.agree(result.adjusted, expected.holm, roundings: 1e4))
      }
    }
    let lines = report.markdown.split(separator: "\n").map(String.init)
    #expect(
      lines.contains(
        "| contrast | task | n | difference | 95 % interval | p (one-sided) | p (Holm) |"))
    #expect(lines.contains { $0.hasPrefix("| kd > none | short | 3 | +8.33 |") })
    #expect(report.json["contrasts"]?.array?.count == 6)
  }

  @Test func contrastsMustNameTwoMethods() throws {
    let world = try StudyWorld()
    #expect(
      world.complaint(world.text(top: #""contrasts": ["kd"],"#)).contains(
        "contrasts: \"kd\" is not of the form \"A > B\" with two methods."))
    #expect(
      world.complaint(world.text(top: #""contrasts": ["kd > nine"],"#)).contains("\"nine\""))
  }

  /// A draw is the unit: its seeds are averaged before anything is tested.
  @Test func drawsOfTheTrainingRows() throws {
    let world = try StudyWorld()
    let study = try world.study(
      world.text(top: #""draw_seeds": [7, 8, 9], "contrasts": ["kd > none"],"#))
    #expect(study.cells.count == 12)
    #expect(study.cells[0].name == "short/none/draw-7/seed-1" && study.cells[0].draw == 7)
    #expect(Set(study.cells.map(\.fingerprint)).count == 12)
    // Wrong rows by draw and seed.
    let none = [7: [4, 6], 8: [5, 5], 9: [6, 8]]
    let kd = [7: [3, 3], 8: [4, 6], 9: [3, 5]]
    for cell in study.cells {
      let table = cell.method == "kd" ? kd : none
      let count = try #require(table[cell.draw ?? 0])[cell.seed - 1]
      try world.pretend(
        cell, accuracy: Double(20 - count) / 20, predictions: Self.predictions(wrong: count),
        references: Self.references)
    }
    let report = try StudyReport(study, pool: world.toy.pool)
    let result = try #require(report.contrasts[0].results[0])
    // Differences of the draws' means: 2, 0 and 3 of 20.
    #expect(
      result.test.count == 3
        && Roundings.agree(result.test.mean, 5.0 / 60, roundings: 32, of: 1))
    let comparison = try #require(report.entry(task: "short", method: "none")?.comparison)
    #expect(comparison.pairs == 3)
    #expect(report.average("kd")?.scores.count == 6)
    #expect(
      report.cellsCSV.hasPrefix("task,metric,method,draw,seed,score\nshort,accuracy,none,7,1,"))
    #expect(report.markdown.contains("| task | method | draws × seeds |"))
  }

  @Test func curvesAgainstUpdatesTextsAndTime() throws {
    let world = try StudyWorld()
    let study = try world.study(
      world.text(seeds: "[1]"),
      overrides: [
        "base.train.eval_strategy=steps", "base.train.eval_steps=1", "base.train.max_steps=8",
      ])
    _ = try study.run(observer: StudyListener())
    let report = try StudyReport(study, pool: world.toy.pool)
    #expect(report.curves.map(\.method) == ["none", "kd"])
    for curve in report.curves {
      #expect(curve.points.map(\.step) == Array(1...8))
      // 24 rows in batches of four: the seventh and eighth update read rows a second time.
      #expect(curve.points.map(\.texts) == (1...8).map { 4 * $0 })
      #expect(curve.points.map(\.distinctTexts) == [4, 8, 12, 16, 20, 24, 24, 24])
      let seconds = curve.points.compactMap(\.seconds)
      #expect(seconds.count == 8 && seconds == seconds.sorted() && seconds[0] > 0)
      let entry = try #require(report.entry(task: "short", method: curve.method))
      #expect(curve.points.last?.score == entry.scores[0].score)
      #expect(entry.distinctTexts == 24 && entry.passes == 32.0 / 24)
    }
    let point = report.json["curves"]?.array?.first?["points"]?.array?.first
    #expect(point?["step"]?.int == 1 && point?["texts"]?.int == 4)
  }

  @Test func nothingIsThereYet() throws {
    let world = try StudyWorld()
    let report = try StudyReport(study(world, wrong: [:]), pool: world.toy.pool)
    #expect(report.missing.count == 12 && report.average("kd") == nil)
    #expect(report.markdown.contains("| kd | – | – | – |"))
    #expect(report.latex.contains("kd & -- & -- & --"))
    #expect(report.csv.split(separator: "\n").count == 7)
  }

  @Test func cellsOfOtherRowsAreNotCompared() throws {
    let world = try StudyWorld()
    let study = try study(world, wrong: ["short/none": [3, 3, 3], "short/kd": [4, 4, 4]])
    let cell = try #require(study.cells.last)
    try world.pretend(
      cell, accuracy: 1, predictions: [0, 1], references: [0, 1])
    let error = #expect(throws: FileError.self) { try StudyReport(study, pool: world.toy.pool) }
    #expect(error?.description.contains("other rows") == true)
  }

  @Test func aScoreThatTheAnswersDoNotHaveIsRefused() throws {
    let world = try StudyWorld()
    let study = try study(world, wrong: ["short/none": [3, 3, 3], "short/kd": [4, 4, 4]])
    let cell = try #require(study.cells.last)
    try world.pretend(cell, accuracy: 0.5, predictions: [0, 1], references: [0, 1])
    let error = #expect(throws: FileError.self) { try StudyReport(study, pool: world.toy.pool) }
    #expect(error?.description.contains("eval_accuracy is 0.5, but the answers") == true)
    #expect(error?.description.contains("have 1.0") == true)
  }

  @Test func brokenPredictionsAreNamed() throws {
    let world = try StudyWorld()
    let path = "\(world.root)/p.tsv"
    func complaint(_ text: String, _ task: TaskDescription) throws -> String {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      do {
        _ = try ValidationPredictions(reading: path, task: task)
        return ""
      } catch { return "\(error)".replacingOccurrences(of: path, with: "p") }
    }
    let head = "index\tprediction\treference\n"
    #expect(try complaint(head + "0\tpositive\tnegative\n", .sst2) == "")
    #expect(try complaint(head + "0\tpositive\tneg\n", .sst2).hasPrefix("p:2: "))
    #expect(try complaint(head + "1\tpositive\tnegative\n", .sst2).hasPrefix("p:2: "))
    #expect(try complaint(head + "0\t0.5\t1.0\n1\t2.25", .stsb).hasPrefix("p:1: "))
    #expect(try complaint(head + "0\tx\t1.0\n", .stsb).hasPrefix("p:2: "))
    let scores = ValidationPredictions.scores(
      predictions: [Double(Float(0.3)), -1], references: [2.5, 5])
    try scores.write(to: path, labels: [])
    #expect(try ValidationPredictions(reading: path, task: .stsb) == scores)
    let classes = ValidationPredictions.classes(predictions: [1, 0], references: [1, 1])
    try classes.write(to: path, labels: ["negative", "positive"])
    #expect(try ValidationPredictions(reading: path, task: .sst2) == classes)
    #expect(!classes.hasSameReferences(as: scores))
  }
}
