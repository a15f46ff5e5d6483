import Files
import Reports
import Studies

/// How the scores of a study's methods went, drawn for each task.
struct StudyCurves {
  private let report: StudyReport

  init(_ report: StudyReport) { self.report = report }

  /// Writes TASK.svg for each task that has a curve. A point is the mean over the cells of a method
  /// that were measured after so many updates; where only some of them were, there is none.
  ///
  /// - Throws: `FileError`.
  func write(to folder: String) throws {
    try ByteFile.makeFolder(folder)
    for task in report.tasks {
      let lines = report.methods.compactMap { line($0, task: task.name) }
      let chart = Chart(
        title: "\(task.name): \(task.metric), mean over seeds", lines: lines,
        horizontal: "updates of the student")
      if let svg = chart.svg { try ByteFile.write(svg.utf8, to: "\(folder)/\(task.name).svg") }
    }
  }

  private func line(_ method: String, task: String) -> Chart.Line? {
    let curves = report.curves.filter {
      $0.task == task && $0.method == method && !$0.points.isEmpty
    }
    let scores = Dictionary(grouping: curves.flatMap(\.points), by: \.step)
      .mapValues { $0.map(\.score) }
    let points = scores.keys.sorted().compactMap { step -> (x: Double, y: Double)? in
      guard let found = scores[step], found.count == curves.count else { return nil }
      return (Double(step), found.reduce(0, +) / Double(found.count))
    }
    if points.isEmpty { return nil }
    let seeds = curves.count == 1 ? "1 seed" : "\(curves.count) seeds"
    return Chart.Line(name: "\(method) (\(seeds))", points: points)
  }
}
