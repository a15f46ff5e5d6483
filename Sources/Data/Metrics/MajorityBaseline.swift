/// What a model reaches that answers without looking at the text: always the class that is most
/// frequent among the references, or always the same score.
public enum MajorityBaseline {
  /// The most frequent class; of several the smallest, as scikit-learn's DummyClassifier has it.
  /// Nil without references.
  public static func label(_ references: [Int32]) -> Int32? {
    var counts: [Int32: Int] = [:]
    for reference in references { counts[reference, default: 0] += 1 }
    return counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
  }

  /// A metric of that answer to all rows. Correlations of scores, which are undefined for equal
  /// answers, count as 0; so does a metric without references.
  public static func value(_ metric: Metric, references: [Int32]) -> Double {
    guard let label = label(references) else { return 0 }
    let predictions = [Int32](repeating: label, count: references.count)
    return metric.value(predictions: predictions, references: references) ?? 0
  }

  /// A metric of the answer that gives a row each label that more than half of the rows have; nil for
  /// metrics that are not of sets of labels.
  ///
  /// - Parameter references: `labels` elements a row.
  public static func value(_ metric: Metric, references: [Bool], labels: Int) -> Double? {
    let rows = references.count / max(1, labels)
    let answer = (0..<labels).map { label in
      2 * (0..<rows).count { references[$0 * labels + label] } > rows
    }
    let predictions = (0..<rows).flatMap { _ in answer }
    return metric.value(
      LabelSetCounts(predictions: predictions, references: references, labels: labels))
  }

  /// True when a value of a metric says that the model is no better than this baseline, and, for
  /// metrics where a part of the data can be guessed, worse: below it for metrics of classes, 0, less
  /// or undefined for correlations of scores.
  public static func isBelow(_ value: Double, metric: Metric, references: [Int32]) -> Bool {
    switch metric {
    case .pearson, .spearman: !(value > 0)
    case .accuracy, .f1, .macroF1, .microF1, .matthews:
      !(value >= self.value(metric, references: references))
    }
  }
}
