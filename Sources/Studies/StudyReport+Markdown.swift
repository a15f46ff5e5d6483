import Data
import Files
import Foundation

extension StudyReport {
  /// The tables in Markdown: scores by method and task, then everything else with one row each,
  /// then what the numbers mean and which cells are missing.
  public var markdown: String {
    ([scoreTable, detailTable, explanation]
      + [contrastTable, selectionTable, differenceWarning, missingList].compactMap { $0 })
      .joined(separator: "\n\n") + "\n"
  }

  private var scoreTable: String {
    let heads = ["method"] + tasks.map { "\($0.name) (\($0.metric))" } + ["average"]
    var rows: [[String]] = []
    if tasks.contains(where: { $0.teacher != nil }) {
      rows.append(["teacher"] + teacherScores.map { $0.map(Self.percent) ?? "–" })
    }
    for method in methods {
      rows.append(
        [method]
          + columns.map { column in
            guard let entry = column(method) else { return "–" }
            let text = Self.score(entry.summary) + marks(entry)
            return isBest(method, in: column) ? "**\(text)**" : text
          })
    }
    return Self.table(heads, rows, texts: 1)
  }

  private var detailTable: String {
    let heads = [
      "task", "method", "\(hasDraws ? "draws × seeds" : "seeds")", "mean", "best", "updates",
      "distinct texts", "passes", "time of a cell",
      "minus \(reference)", "p (paired t)",
      "\(Self.fixed(bootstrap.level * 100, 0)) % interval (bootstrap)",
    ]
    var rows: [[String]] = []
    for (name, column) in zip(tasks.map(\.name) + ["average"], columns) {
      for method in methods {
        guard let entry = column(method) else {
          rows.append([name, method, "0"] + Array(repeating: "–", count: 9))
          continue
        }
        let comparison = entry.comparison
        rows.append([
          name, method, "\(entry.scores.count)", Self.score(entry.summary),
          entry.best.map(Self.percent) ?? "–", entry.updates.map(Self.range) ?? "–",
          entry.distinctTexts.map { Self.fixed($0, 0) } ?? "–",
          entry.passes.map { Self.fixed($0, 2) } ?? "–", entry.seconds.map(Self.time) ?? "–",
          comparison.map { Self.signed($0.difference) } ?? "–",
          comparison?.test.map { "\(Self.probability($0.pValue)) (n = \($0.count))" } ?? "–",
          comparison?.bootstrap?.interval.map {
            "\(Self.signed($0.lower)) to \(Self.signed($0.upper))"
          } ?? "–",
        ])
      }
    }
    return Self.table(heads, rows, texts: 2)
  }

  private var explanation: String {
    let rows = tasks.compactMap { task in task.rows.map { "\(task.name) \($0)" } }
    var lines = [
      "Scores are × 100: mean ± standard deviation (n − 1) over the seeds "
        + "\(seeds.map(String.init).joined(separator: ", ")); the best mean of a column is bold. "
        + "Validation rows: \(rows.isEmpty ? "none yet" : rows.joined(separator: ", ")). "
        + "Precision: "
        + (precisions.isEmpty
          ? "none yet."
          : precisions.sorted { $0.key < $1.key }.map { "\($0) in \($1) cells" }
            .joined(separator: ", ") + "."),
      "Distinct texts are training rows that the student read at least once; passes are the texts "
        + "that it read, divided by all rows; updates and texts of an adversary are not counted.",
      "Against \(reference): a two-sided paired t test over the "
        + "\(hasDraws ? "draws (their seeds averaged)" : "seeds") that both have (n of them), "
        + "not corrected for the number of comparisons; \\* means p < 0.05.",
    ]
    if bootstrap.resamples > 0 {
      lines.append(
        "Bootstrap: \(bootstrap.resamples) samples of the validation rows (seed "
          + "\(bootstrap.seed)), all models on the same rows, the difference averaged over "
          + "seeds; † means that the interval excludes 0. It tells about other rows, not about "
          + "other seeds.")
    }
    return lines.joined(separator: "\n\n")
  }

  private var differenceWarning: String? {
    guard !differences.isEmpty else { return nil }
    return "**Not comparable:** cells of one seed began with different models or differ in "
      + "precision, so that not only their methods differ:\n\n"
      + differences.map { "- \($0)" }.joined(separator: "\n")
  }

  private var missingList: String? {
    guard !missing.isEmpty else { return nil }
    let lines = missing.map { cell, state in "- \(cell): \(state.explanation)" }
    return "Cells that are not in the tables:\n\n" + lines.joined(separator: "\n")
  }

  static func table(_ heads: [String], _ rows: [[String]], texts: Int) -> String {
    let rule = heads.indices.map { $0 < texts ? "---" : "---:" }
    return ([heads, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |" }
      .joined(separator: "\n")
  }
}

extension StudyCell.State {
  /// What exists of a cell, in words.
  public var explanation: String {
    switch self {
    case .new: "not run yet"
    case .unfinished: "its run did not come to its end"
    case .failed(let problem): "failed: \(problem.withoutControls)"
    case .outdated: "its configuration or a model that it starts from has changed since"
    case .finished: "finished"
    }
  }
}

// What the tables have in common.
extension StudyReport {
  /// The tasks and then the average, each with a method's results there.
  var columns: [(String) -> Entry?] {
    tasks.map { task in { entry(task: task.name, method: $0) } } + [average]
  }

  /// Whether no method has a higher mean, as rounded in the tables.
  func isBest(_ method: String, in column: (String) -> Entry?) -> Bool {
    let means = methods.compactMap { column($0)?.summary.mean }.filter { !$0.isNaN }
    guard let best = means.max(), let own = column(method)?.summary.mean else { return false }
    return Self.percent(own) == Self.percent(best)
  }

  /// `*` and `†`, as the explanation describes them.
  func marks(_ entry: Entry) -> String {
    (entry.isSignificant ? "\\*" : "") + (entry.excludesZero ? "†" : "")
  }

  static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// A score x 100 with two decimals.
  static func percent(_ value: Double) -> String { fixed(value * 100, 2) }

  /// The mean and, if there are several scores, the standard deviation.
  static func score(_ summary: SampleSummary) -> String {
    percent(summary.mean)
      + (summary.count > 1 ? " ± \(percent(summary.standardDeviation))" : "")
  }

  static func signed(_ value: Double) -> String {
    String(format: "%+.2f", value * 100)
  }

  /// A p value; NaN if all differences are 0.
  static func probability(_ value: Double) -> String {
    value.isNaN ? "–" : value < 0.0001 ? "< 0.0001" : fixed(value, 4)
  }

  /// The teacher's scores on all tasks and their mean; nil if a teacher has not been measured.
  var teacherScores: [Double?] {
    let scores = tasks.map(\.teacher)
    let known = scores.compactMap { $0 }
    let isWhole = known.count == tasks.count
    return scores + [isWhole ? known.reduce(0, +) / Double(known.count) : nil]
  }

  static func range(_ range: ClosedRange<Int>) -> String {
    range.lowerBound == range.upperBound
      ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)"
  }

  /// Seconds as minutes and seconds.
  static func time(_ seconds: Double) -> String {
    guard (0...1e12).contains(seconds) else { return "–" }
    let whole = Int(seconds.rounded())
    return "\(whole / 60):" + String(format: "%02d", whole % 60)
  }
}

extension StudyReport.Entry {
  /// Whether the paired t test has p < 0.05.
  var isSignificant: Bool { comparison?.test.map { $0.pValue < 0.05 } ?? false }

  /// Whether 0 lies outside the bootstrap interval.
  var excludesZero: Bool {
    comparison?.bootstrap?.interval.map { $0.lower > 0 || $0.upper < 0 } ?? false
  }
}
