/// How often each label of the validation rows was predicted as each label.
struct ConfusionSection {
  private let runs: [RunRecord]

  init(_ runs: [RunRecord]) { self.runs = runs }

  /// More labels than this make a table that nobody can read.
  private static let mostLabels = 40
  /// More tables than this would fill the page.
  private static let mostRuns = 24

  /// Tables for the runs whose predictions are labels; nothing for scores and answers.
  var html: HTML {
    let tables = runs.compactMap { run in table(run).map { (run.name, $0) } }
    if tables.isEmpty { return .none }
    var parts = tables.prefix(Self.mostRuns).map { name, table in
      tables.count > 2 ? Disclosure(summary: name, content: [table]).html : table
    }
    if tables.count > Self.mostRuns {
      parts.append(
        .element(
          "p", [("class", "note")],
          "These are the first \(Self.mostRuns) of \(tables.count) runs."))
    }
    return HTML(parts)
  }

  private func table(_ run: RunRecord) -> HTML? {
    guard let predictions = run.predictions, !predictions.isEmpty, run.labels.count > 1 else {
      return nil
    }
    guard run.labels.count <= Self.mostLabels else {
      return .element(
        "p", [("class", "note")],
        "\(run.name) has \(run.labels.count) labels, too many for a table; "
          + "mate-kd evaluate --confusion prints the counts.")
    }
    let places = Dictionary(run.labels.enumerated().map { ($1, $0) }) { first, _ in first }
    var counts = run.labels.map { _ in run.labels.map { _ in 0 } }
    for (prediction, reference) in predictions {
      guard let row = places[reference], let column = places[prediction] else { return nil }
      counts[row][column] += 1
    }
    var table = Table(
      "\(run.name): labels of the data (rows) and predictions (columns)",
      [.init(title: "label of the data")] + run.labels.map { .init(title: $0, isNumeric: true) }
        + [.init(title: "recall", isNumeric: true)])
    for (row, label) in run.labels.enumerated() {
      let total = counts[row].reduce(0, +)
      let cells = counts[row].enumerated().map { column, count in
        let share = total > 0 ? Double(count) / Double(total) : 0
        let step = Int((share * 10).rounded())
        return HTML.element(
          "span",
          [("class", "count \(row == column ? "right" : "wrong") share\(step)")],
          NumberFormat.count(Double(count)))
      }
      let recall = total > 0 ? Double(counts[row][row]) / Double(total) : Double.nan
      table.add([.text(label)] + cells + [.text(NumberFormat.percent(recall))])
    }
    return table.html
  }
}
