import Data

/// Finds models that know less than which class is most frequent. Usually labels are swapped, in
/// the model or in the data, or the model was trained for something else. Such a model is no use as
/// a teacher.
package enum WeakModel {
  /// What is wrong with a model's metrics on a data set, or nil.
  ///
  /// - Parameter model: what the sentence calls the model; the sentence begins with it.
  package static func problem(
    _ metrics: [(name: String, value: Double)], task: TaskDescription, data: TokenizedDataset,
    model: String
  ) -> String? {
    problem(metrics, task: task, targets: data.targets, model: model)
  }

  /// The same by the data's labels alone.
  package static func problem(
    _ metrics: [(name: String, value: Double)], task: TaskDescription, targets: Targets,
    model: String
  ) -> String? {
    let metric = task.headlineMetric
    let references = targets.classes
    guard let value = metrics.first(where: { $0.name == metric.rawValue })?.value else {
      return nil
    }
    if case .labelSets(let sets, let labels) = targets {
      let baseline = MajorityBaseline.value(
        metric, references: sets.map { $0 > 0.5 }, labels: labels)
      guard let baseline, !(value >= baseline) else { return nil }
      return "\(model) has \(metric.rawValue) \(rounded(value)) on this data, less than the "
        + "\(rounded(baseline)) of always giving the labels that most rows have"
    }
    guard MajorityBaseline.isBelow(value, metric: metric, references: references)
    else { return nil }
    let found = "\(model) has \(metric.rawValue) \(rounded(value))"
    if case .scores = targets {
      return "\(found) on this data, no better than one score for all rows"
    }
    let baseline = MajorityBaseline.value(metric, references: references)
    let label = MajorityBaseline.label(references).map { task.labelNames[Int($0)] } ?? ""
    return
      "\(found) on this data, less than the \(rounded(baseline)) of always answering "
      + "\"\(label)\""
  }

  private static func rounded(_ value: Double) -> String {
    value.isNaN ? "nan" : "\((value * 10_000).rounded() / 10_000)"
  }
}
