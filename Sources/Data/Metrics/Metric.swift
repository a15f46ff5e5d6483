/// A measure of predictions against references, by the name it has in result files.
public enum Metric: String, Sendable, CaseIterable {
  /// Share of equal labels.
  case accuracy
  /// Harmonic mean of precision and recall of label 1.
  case f1
  /// Mean of the F1 of every label that occurs.
  case macroF1 = "f1_macro"
  /// F1 over all labels of all rows, for rows with several labels; for rows with one it is the
  /// accuracy.
  case microF1 = "f1_micro"
  /// Matthews' correlation coefficient.
  case matthews = "matthews_correlation"
  /// Pearson's correlation of scores.
  case pearson
  /// Spearman's rank correlation of scores.
  case spearman = "spearmanr"

  /// The value for class labels, nil for the correlations of scores.
  public func value(predictions: [Int32], references: [Int32]) -> Double? {
    switch self {
    case .accuracy, .microF1: Classification.accuracy(predictions, references)
    case .f1: Classification.f1(predictions, references)
    case .macroF1: Classification.macroF1(predictions, references)
    case .matthews: Classification.matthews(predictions, references)
    case .pearson, .spearman: nil
    }
  }

  /// The value for scores, nil for the metrics of class labels.
  public func value(predictions: [Double], references: [Double]) -> Double? {
    switch self {
    case .pearson: Correlation.pearson(predictions, references)
    case .spearman: Correlation.spearman(predictions, references)
    case .accuracy, .f1, .macroF1, .microF1, .matthews: nil
    }
  }
}
