/// What happened during training: a chart for each logged number, with a line for each run.
struct CurvesSection {
  private let runs: [RunRecord]

  init(_ runs: [RunRecord]) { self.runs = runs }

  /// A group of charts.
  private struct Group: Sendable {
    let title: String
    /// Whether a logged number belongs to it.
    let contains: @Sendable (String) -> Bool
    var isOpen = true
  }

  /// The first group that contains a number gets it.
  private static let groups: [Group] = [
    Group(title: "Loss", contains: { ["loss", "eval_loss"].contains($0) }),
    Group(title: "Metrics", contains: { $0.hasPrefix("eval_") }),
    Group(title: "Learning rate", contains: { $0.hasSuffix("learning_rate") }),
    Group(
      title: "The generator's health",
      contains: { name in
        ["entropy", "divergence", "unchanged_rate"].contains {
          name.hasPrefix("generator_") && name.hasSuffix($0)
        }
      }),
    Group(title: "Other logged numbers", contains: { _ in true }, isOpen: false),
  ]

  /// The charts; nothing where nothing was logged.
  var html: HTML {
    let tasks = runs.map(\.cell?.task).distinct
    let parts = tasks.enumerated().map { place, task in
      charts(of: runs.filter { $0.cell?.task == task }, task: task, id: "curves-\(place)")
    }
    return HTML(parts)
  }

  /// Nobody looks at more charts than this; the others are left out, and the page says so.
  private static let mostCharts = 200

  private func charts(of runs: [RunRecord], task: String?, id: String) -> HTML {
    let logged = runs.flatMap { $0.log }.flatMap { $0.values.map(\.name) }.distinct
    var rest = Array(logged.prefix(Self.mostCharts))
    let points = runs.map(points)
    var parts: [HTML] = []
    if let task { parts.append(.element("h3", [], "Task \(task)")) }
    for (number, group) in Self.groups.enumerated() {
      let names = rest.filter(group.contains)
      rest.removeAll(where: group.contains)
      let charts = names.enumerated().map { place, name in
        // No two charts of a page have the same name.
        Chart(title: task.map { "\(name), \($0)" } ?? name, lines: lines(name, of: runs, points))
          .html(id: "\(id)-\(number)-\(place)")
      }
      if charts.isEmpty { continue }
      let grid = HTML.element("div", [("class", "charts")], charts)
      parts +=
        group.isOpen
        ? [.element(task == nil ? "h3" : "h4", [], group.title), grid]
        : [
          Disclosure(
            summary: task.map { "\(group.title), \($0)" } ?? group.title, content: [grid]
          ).html
        ]
    }
    if logged.count > Self.mostCharts {
      parts.append(
        .element(
          "p", [],
          "The charts show the first \(Self.mostCharts) of \(logged.count) logged numbers; "
            + "log.jsonl has them all."))
    }
    if runs.count > Chart.mostLines {
      parts.append(
        .element(
          "p", [],
          "The charts show the first \(Chart.mostLines) of \(runs.count) runs; a report of fewer "
            + "folders shows the others."))
    }
    return HTML(parts)
  }

  private func lines(
    _ name: String, of runs: [RunRecord], _ points: [[String: Chart.Points]]
  ) -> [Chart.Line] {
    zip(runs, points).compactMap { run, points in
      points[name].map { Chart.Line(name: run.cell?.method ?? run.name, points: $0) }
    }
  }

  /// The points of each logged number of a run.
  private func points(_ run: RunRecord) -> [String: Chart.Points] {
    var found: [String: Chart.Points] = [:]
    for line in run.log {
      for (name, value) in line.values { found[name, default: []].append((line.step, value)) }
    }
    return found
  }
}
