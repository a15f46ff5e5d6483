/// A measure of predictions against references. The raw value is its name in result files.
public enum Metric: String, Sendable, CaseIterable {
  /// Share of equal labels.
  case accuracy
  /// Harmonic mean of precision and recall of label 1.
  case f1
  /// Mean of the F1 of all labels that occur.
  case macroF1 = "f1_macro"
  /// F1 over all labels of all rows, for rows with several labels. For rows with one label it
  /// equals the accuracy.
  case microF1 = "f1_micro"
  /// Matthews' correlation coefficient.
  case matthews = "matthews_correlation"
  /// Pearson's correlation of scores.
  case pearson
  /// Spearman's rank correlation of scores.
  case spearman = "spearmanr"

  /// The value for class labels; nil for the correlations of scores.
  public func value(predictions: [Int32], references: [Int32]) -> Double? {
    value(ConfusionMatrix(predictions: predictions, references: references))
  }

  /// The value for counted class labels; nil for the correlations of scores.
  public func value(_ confusion: ConfusionMatrix) -> Double? {
    switch self {
    case .accuracy, .microF1: confusion.accuracy
    case .f1: confusion.f1(1)
    case .macroF1: confusion.macroF1
    case .matthews: confusion.matthews
    case .pearson, .spearman: nil
    }
  }

  /// The value for scores; nil for the metrics of class labels.
  public func value(predictions: [Double], references: [Double]) -> Double? {
    switch self {
    case .pearson: Correlation.pearson(predictions, references)
    case .spearman: Correlation.spearman(predictions, references)
    case .accuracy, .f1, .macroF1, .microF1, .matthews: nil
    }
  }
}
