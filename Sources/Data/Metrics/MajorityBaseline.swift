/// What a model achieves that answers without looking at the text: always the most frequent class
/// among the references, or always the same score.
public enum MajorityBaseline {
  /// The most frequent class; the smallest of several, as in scikit-learn's DummyClassifier. Nil
  /// without references.
  public static func label(_ references: [Int32]) -> Int32? {
    var counts: [Int32: Int] = [:]
    for reference in references { counts[reference, default: 0] += 1 }
    return counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
  }

  /// The metric if all rows get that answer. Correlations of scores are undefined for equal answers
  /// and count as 0, and so does a metric without references.
  public static func value(_ metric: Metric, references: [Int32]) -> Double {
    guard let label = label(references) else { return 0 }
    let predictions = [Int32](repeating: label, count: references.count)
    return metric.value(predictions: predictions, references: references) ?? 0
  }

  /// The metric if each row gets the labels that more than half of the rows have; nil for metrics
  /// that are not of sets of labels.
  ///
  /// - Parameter references: `labels` elements per row.
  public static func value(_ metric: Metric, references: [Bool], labels: Int) -> Double? {
    let rows = references.count / max(1, labels)
    let answer = (0..<labels).map { label in
      2 * (0..<rows).count { references[$0 * labels + label] } > rows
    }
    let predictions = (0..<rows).flatMap { _ in answer }
    return metric.value(
      LabelSetCounts(predictions: predictions, references: references, labels: labels))
  }

  /// True if the value of a metric shows that a model has learnt nothing useful. For metrics of
  /// classes that is a value below the baseline, or NaN. For correlations of scores it is a value
  /// that is not above 0, or undefined.
  public static func isBelow(_ value: Double, metric: Metric, references: [Int32]) -> Bool {
    switch metric {
    case .pearson, .spearman: !(value > 0)
    case .accuracy, .f1, .macroF1, .microF1, .matthews:
      !(value >= self.value(metric, references: references))
    }
  }
}
