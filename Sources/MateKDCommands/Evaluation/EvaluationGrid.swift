import Data
import Inference
import Models
import StrictJSON

/// Several models on several tasks: a table with one row per model and one column per task.
package struct EvaluationGrid: Sendable {
  /// A model that cannot be measured on a task, with the reason.
  package struct Misfit: Sendable, Equatable {
    /// The model's folder.
    package let model: String
    /// The task's name.
    package let task: String
    /// A sentence that says what does not fit.
    package let reason: String
  }

  private let models: [String]
  private let tasks: [TaskDescription]
  /// Row by row; nil if the model does not fit the task.
  private let cells: [EvaluationReport?]
  /// The pairs of model and task that have no report.
  package let misfits: [Misfit]

  /// Measures each model on each task.
  ///
  ///   - evaluate: measures a model on the task with an index. Whatever it throws ends the
  ///     evaluation, except `MismatchError`, because few models fit all tasks.
  /// - Throws: whatever `evaluate` throws; the first mismatch if no model fits any task.
  package init(
    models: [String], tasks: [TaskDescription],
    _ evaluate: (_ model: String, _ task: Int) throws -> EvaluationReport
  ) throws {
    var cells: [EvaluationReport?] = []
    var misfits: [Misfit] = []
    var mismatch: MismatchError?
    for model in models {
      for (place, task) in tasks.enumerated() {
        do {
          cells.append(try evaluate(model, place))
        } catch let error as MismatchError {
          mismatch = mismatch ?? error
          cells.append(nil)
          misfits.append(Misfit(model: model, task: task.name, reason: error.description))
        }
      }
    }
    if let mismatch, misfits.count == cells.count { throw mismatch }
    self.models = models
    self.tasks = tasks
    self.cells = cells
    self.misfits = misfits
  }

  /// The reports, model by model.
  package var reports: [EvaluationReport] { cells.compactMap { $0 } }

  /// Writes the table of all metrics and, if there are any intervals, a table of those.
  package func print(on stream: TerminalStream) {
    let columns = tasks.map { task in
      TextTable.Column.number(
        "\(task.name) " + task.metrics.map(\.rawValue).joined(separator: "/"))
    }
    table([.text("model")] + columns) { report in
      report.task.metrics.map { metric in
        let value = report.found.metrics.first { $0.name == metric.rawValue }?.value
        return NumberText.fixed(value ?? .nan, 4)
      }.joined(separator: "/")
    }.print(on: stream)
    guard let bootstrap = reports.first?.bootstrap else { return }
    stream.print("")
    let first = tasks.map { TextTable.Column.text("\($0.name) \($0.headlineMetric.rawValue)") }
    table([.text(EvaluationReport.title(bootstrap))] + first) { report in
      report.interval(of: report.task.headlineMetric.rawValue).map(EvaluationReport.text) ?? "-"
    }.print(on: stream)
  }

  private func table(
    _ columns: [TextTable.Column], _ cell: (EvaluationReport) -> String
  ) -> TextTable {
    var table = TextTable(columns)
    for (row, model) in models.enumerated() {
      let reports = cells[row * tasks.count..<(row + 1) * tasks.count]
      table.add([model] + reports.map { $0.map(cell) ?? "-" })
    }
    return table
  }

  /// All reports, and the pairs that do not fit, with the reasons.
  package func json(confusion includesConfusion: Bool) -> JSONValue {
    .object([
      ("evaluations", .array(reports.map { $0.json(confusion: includesConfusion) })),
      (
        "misfits",
        .array(
          misfits.map { misfit in
            .object([
              ("model", .string(misfit.model)), ("task", .string(misfit.task)),
              ("reason", .string(misfit.reason)),
            ])
          })
      ),
    ])
  }
}
