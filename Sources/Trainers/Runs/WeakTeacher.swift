import Data
import Models

/// A teacher that knows less than which class is most frequent teaches nothing; mostly its labels are
/// swapped or it was trained for something else.
enum WeakTeacher {
  /// What is wrong with a teacher's metrics on the validation data, or nil.
  static func problem(
    _ metrics: [(name: String, value: Double)], evaluation: EvaluationParts, place: String
  ) -> String? {
    let task = evaluation.task
    let metric = task.headlineMetric
    let references = evaluation.data.batch(Array(0..<evaluation.data.count)).classLabels
    guard let value = metrics.first(where: { $0.name == metric.rawValue })?.value,
      MajorityBaseline.isBelow(value, metric: metric, references: references)
    else { return nil }
    let found = "the teacher (\(place)) has \(metric.rawValue) \(rounded(value))"
    if task.isRegression {
      return "\(found) on the validation data, no better than one score for all rows"
    }
    let baseline = MajorityBaseline.value(metric, references: references)
    let label = MajorityBaseline.label(references).map { task.labelNames[Int($0)] } ?? ""
    return
      "\(found) on the validation data, less than the \(rounded(baseline)) of always answering "
      + "\"\(label)\""
  }

  private static func rounded(_ value: Double) -> String {
    value.isNaN ? "nan" : "\((value * 10_000).rounded() / 10_000)"
  }
}
