import Data
import StrictJSON

extension StudyReport {
  /// The table of scores in LaTeX, for `booktabs`.
  public var latex: String {
    let specification = "l" + String(repeating: "r", count: tasks.count + 1)
    func row(_ cells: [String]) -> String { cells.joined(separator: " & ") + " \\\\" }
    var lines = [
      "% Needs \\usepackage{booktabs}. Scores x 100, mean and standard deviation over seeds.",
      "% *: p < 0.05, paired t test over seeds against \(reference).",
      "% \\dagger: the \(Self.fixed(bootstrap.level * 100, 0)) % bootstrap interval over "
        + "validation rows of the difference to \(reference) excludes 0.",
      "\\begin{tabular}{\(specification)}", "\\toprule",
      row(["method"] + tasks.map { Self.escaped($0.name) } + ["average"]),
      row([""] + tasks.map { "\\small \(Self.escaped($0.metric))" } + [""]), "\\midrule",
    ]
    if tasks.contains(where: { $0.teacher != nil }) {
      lines.append(row(["teacher"] + teacherScores.map { $0.map(Self.percent) ?? "--" }))
      lines.append("\\midrule")
    }
    for method in methods {
      lines.append(
        row(
          [Self.escaped(method)]
            + columns.map { column in
              guard let entry = column(method) else { return "--" }
              let marks = (entry.isSignificant ? "*" : "") + (entry.excludesZero ? "\\dagger" : "")
              let mean = Self.percent(entry.summary.mean)
              var text = isBest(method, in: column) ? "\\mathbf{\(mean)}" : mean
              if entry.summary.count > 1 {
                text += " \\pm \(Self.percent(entry.summary.standardDeviation))"
              }
              return "$\(text)\(marks.isEmpty ? "" : "^{\(marks)}")$"
            }))
    }
    return (lines + ["\\bottomrule", "\\end{tabular}"]).joined(separator: "\n") + "\n"
  }

  /// One line for each task and method, and one for each method's average. Scores are fractions,
  /// times are in seconds. Fields without a value are empty.
  public var csv: String {
    var lines = [
      "task,metric,method,seeds,mean,standard_deviation,best,updates_min,updates_max,seconds,"
        + "reference,pairs,difference,t,p,interval_low,interval_high"
    ]
    let names = tasks.map { ($0.name, $0.metric) } + [("average", "mean")]
    for ((task, metric), column) in zip(names, columns) {
      for method in methods {
        let entry = column(method)
        let summary = entry?.summary
        let comparison = entry?.comparison
        let interval = comparison?.bootstrap?.interval
        let fields: [String] = [
          task, metric, method, "\(entry?.scores.count ?? 0)", Self.field(summary?.mean),
          Self.field(summary?.standardDeviation), Self.field(entry?.best),
          entry?.updates.map { "\($0.lowerBound)" } ?? "",
          entry?.updates.map { "\($0.upperBound)" } ?? "", Self.field(entry?.seconds), reference,
          comparison.map { "\($0.pairs)" } ?? "", Self.field(comparison?.difference),
          Self.field(comparison?.test?.statistic), Self.field(comparison?.test?.pValue),
          Self.field(interval?.lower), Self.field(interval?.upper),
        ]
        lines.append(fields.joined(separator: ","))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The score of every finished cell, one line each.
  public var cellsCSV: String {
    var lines = ["task,metric,method,\(hasDraws ? "draw," : "")seed,score"]
    for task in tasks {
      for method in methods {
        for (draw, seed, score) in entry(task: task.name, method: method)?.scores ?? [] {
          let place = (draw.map { "\($0)," } ?? "") + "\(seed)"
          lines.append("\(task.name),\(task.metric),\(method),\(place),\(Self.field(score))")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes `results.md`, `results.csv`, `results.tex`, `cells.csv` and `results.json`.
  ///
  /// - Parameter folder: the study's folder; made if it does not exist.
  /// - Throws: `FileError`.
  public func write(to folder: String) throws {
    let folder = try StudyFolder(folder)
    try folder.write(markdown, to: "results.md")
    try folder.write(csv, to: "results.csv")
    try folder.write(latex, to: "results.tex")
    try folder.write(cellsCSV, to: "cells.csv")
    try folder.write(JSONWriter().string(json) + "\n", to: "results.json")
  }

  private static func field(_ value: Double?) -> String {
    guard let value, !value.isNaN else { return "" }
    return "\(value)"
  }

  /// Text with LaTeX's special characters escaped.
  private static func escaped(_ text: String) -> String {
    text.replacing("_", with: "\\_")
  }
}
