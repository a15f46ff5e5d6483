/// Size, speed and accuracy of every run, beside its teacher's.
struct SummarySection {
  private let runs: [RunRecord]

  init(_ runs: [RunRecord]) { self.runs = runs }

  var html: HTML {
    let metrics = runs.flatMap(\.metricNames).distinct
    let hasTeacher = runs.contains { run in run.resultNames.contains { $0.hasPrefix("teacher_") } }
    var columns: [Table.Column] = [
      .init(title: "run"), .init(title: "method"), .init(title: "state"),
      .init(title: "parameters", isNumeric: true),
    ]
    if hasTeacher { columns.append(.init(title: "of the teacher's", isNumeric: true)) }
    for metric in metrics {
      columns.append(.init(title: metric, isNumeric: true))
      if self.hasTeacher(metric) {
        columns.append(.init(title: "teacher's \(metric)", isNumeric: true))
        columns.append(.init(title: "share of \(metric)", isNumeric: true))
      }
    }
    columns.append(.init(title: "texts/s, evaluation", isNumeric: true))
    if hasTeacher { columns.append(.init(title: "times the teacher's", isNumeric: true)) }
    columns += [
      .init(title: "texts/s, training", isNumeric: true),
      .init(title: "training time", isNumeric: true),
    ]
    var table = Table("Runs", columns)
    for run in runs { table.add(cells(of: run, metrics: metrics, hasTeacher: hasTeacher)) }
    return HTML([
      table.html,
      .element(
        "p", [("class", "note")],
        "Metrics are those on the validation rows of each run. Speeds are those of the run itself, "
          + "on whatever machine it had; compare them only where runs had the same."),
    ])
  }

  /// Whether some teacher was measured by a metric; agreement with it, for instance, has no such
  /// number.
  private func hasTeacher(_ metric: String) -> Bool {
    runs.contains { $0.results["teacher_\(metric)"] != nil }
  }

  private func cells(of run: RunRecord, metrics: [String], hasTeacher: Bool) -> [String] {
    func result(_ name: String) -> Double? { run.results[name] }
    var cells = [
      run.name, run.kind, run.isFinished ? "finished" : "not finished",
      NumberFormat.count(result("num_parameters")),
    ]
    if hasTeacher {
      cells.append(
        NumberFormat.percent(ratio(result("num_parameters"), result("teacher_num_parameters"))))
    }
    for metric in metrics {
      let (own, teacher) = (result("eval_\(metric)"), result("teacher_\(metric)"))
      cells.append(NumberFormat.fixed(own, 4))
      if self.hasTeacher(metric) {
        cells.append(NumberFormat.fixed(teacher, 4))
        cells.append(NumberFormat.percent(ratio(own, teacher)))
      }
    }
    cells.append(NumberFormat.count(result("eval_samples_per_second")))
    if hasTeacher {
      let speedup = ratio(
        result("eval_samples_per_second"), result("teacher_samples_per_second"))
      cells.append(NumberFormat.fixed(speedup, 1))
    }
    return cells + [
      NumberFormat.count(result("train_samples_per_second")),
      NumberFormat.time(result("train_runtime")),
    ]
  }

  /// A share; nil where it would mean nothing.
  private func ratio(_ value: Double?, _ whole: Double?) -> Double? {
    guard let value, let whole, value >= 0, whole > 0 else { return nil }
    return value / whole
  }
}
