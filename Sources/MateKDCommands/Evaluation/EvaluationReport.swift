import Data
import Inference
import StrictJSON

/// What `mate-kd evaluate` reports about one model on one task, as tables for people or as JSON for
/// programs.
package struct EvaluationReport: Sendable {
  /// The model's folder.
  package let model: String
  /// The task.
  package let task: TaskDescription
  /// The split.
  package let split: Split
  /// The result of the evaluation.
  package let found: TaskModel.Report
  /// How the intervals were found; nil if there are none.
  package let bootstrap: Bootstrap?

  /// A report of an evaluation.
  package init(
    model: String, task: TaskDescription, split: Split, found: TaskModel.Report,
    bootstrap: Bootstrap? = nil
  ) {
    self.model = model
    self.task = task
    self.split = split
    self.found = found
    self.bootstrap = bootstrap
  }

  /// Writes the table of metrics.
  package func print(on stream: TerminalStream) {
    var columns: [TextTable.Column] = [
      .text("\(task.name) \(split.rawValue)"), .number("value"),
    ]
    if let bootstrap { columns.append(.text(Self.title(bootstrap))) }
    var table = TextTable(columns)
    for (name, value) in found.metrics {
      table.add([name, NumberText.fixed(value, 4), interval(of: name).map(Self.text) ?? ""])
    }
    for breakdown in found.breakdowns {
      for group in breakdown.groups {
        table.add([
          "\(breakdown.metric.rawValue), \(breakdown.column) \(group.name)",
          NumberText.fixed(group.value, 4),
        ])
      }
    }
    table.add(["samples", NumberText.grouped(found.samples)])
    table.add(["samples per second", NumberText.fixed(found.samplesPerSecond, 1)])
    table.add(["parameters", NumberText.grouped(found.parameters)])
    table.print(on: stream)
  }

  /// Writes the confusion matrix with one row for each label of the data; writes nothing for
  /// regression.
  package func printConfusion(on stream: TerminalStream) {
    guard let confusion = found.confusion else { return }
    let names = confusion.classes.map { task.labels[Int($0)].name }
    var table = TextTable([.text("data \\ predicted")] + names.map { .number($0) })
    for (name, counts) in zip(names, confusion.rows) {
      table.add([name] + counts.map(NumberText.grouped))
    }
    table.print(on: stream)
  }

  /// The interval of a metric, if it has one.
  package func interval(of metric: String) -> Bootstrap.Interval? {
    found.intervals.first { $0.name == metric }?.interval
  }

  /// A heading such as `95 % interval`.
  package static func title(_ bootstrap: Bootstrap) -> String {
    "\(NumberText.fixed(bootstrap.level * 100, 0)) % interval"
  }

  /// An interval such as `0.8211 to 0.8649`.
  package static func text(_ interval: Bootstrap.Interval) -> String {
    "\(NumberText.fixed(interval.lower, 4)) to \(NumberText.fixed(interval.upper, 4))"
  }

  /// The whole report; the confusion matrix only on request.
  package func json(confusion includesConfusion: Bool) -> JSONValue {
    var object: [(String, JSONValue)] = [
      ("model", .string(model)), ("task", .string(task.name)), ("split", .string(split.rawValue)),
    ]
    object += found.metrics.map { ($0.name, .double($0.value)) }
    if let bootstrap { object.append(("confidence_intervals", json(bootstrap))) }
    if !found.breakdowns.isEmpty {
      object.append(("breakdown", .object(found.breakdowns.map(Self.member))))
    }
    if includesConfusion, let confusion = found.confusion {
      object.append(("confusion_matrix", json(confusion)))
    }
    object += [
      ("samples", .int(found.samples)), ("runtime", .double(found.seconds)),
      ("samples_per_second", .double(found.samplesPerSecond)),
      ("num_parameters", .int(found.parameters)),
    ]
    return .object(object)
  }

  private func json(_ bootstrap: Bootstrap) -> JSONValue {
    let intervals: [(String, JSONValue)] = found.intervals.map { name, interval in
      (name, .array([.double(interval.lower), .double(interval.upper)]))
    }
    return .object([
      ("level", .double(bootstrap.level)), ("resamples", .int(bootstrap.resamples)),
      ("seed", JSONValue(.number(String(bootstrap.seed)))), ("intervals", .object(intervals)),
    ])
  }

  private func json(_ confusion: ConfusionMatrix) -> JSONValue {
    .object([
      ("labels", .array(confusion.classes.map { .string(task.labels[Int($0)].name) })),
      ("counts", .array(confusion.rows.map { .array($0.map(JSONValue.int)) })),
    ])
  }

  private static func member(_ breakdown: Breakdown) -> (String, JSONValue) {
    (
      breakdown.column,
      .object(
        breakdown.groups.map { group in
          let content: [(String, JSONValue)] = [
            (breakdown.metric.rawValue, .double(group.value)), ("samples", .int(group.samples)),
          ]
          return (group.name, .object(content))
        })
    )
  }
}
