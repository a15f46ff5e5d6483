/// Metrics of class labels, equal to scikit-learn's, even for degenerate input. Both arrays have
/// one element per row; rows beyond the shorter array are ignored.
public enum Classification {
  /// Share of equal labels; NaN without rows (`accuracy_score`).
  public static func accuracy(_ predictions: [Int32], _ references: [Int32]) -> Double {
    ConfusionMatrix(predictions: predictions, references: references).accuracy
  }

  /// Harmonic mean of precision and recall of the label `positive`; 0 if neither predictions nor
  /// references contain it (`f1_score` with `zero_division=0`).
  public static func f1(
    _ predictions: [Int32], _ references: [Int32], positive: Int32 = 1
  ) -> Double {
    ConfusionMatrix(predictions: predictions, references: references).f1(positive)
  }

  /// Mean of `f1` over the labels that occur in predictions or references; NaN without rows
  /// (`f1_score` with `average="macro"`, `zero_division=0`).
  public static func macroF1(_ predictions: [Int32], _ references: [Int32]) -> Double {
    ConfusionMatrix(predictions: predictions, references: references).macroF1
  }

  /// Matthews' correlation coefficient over any number of classes; 0 if all predictions or all
  /// references are the same (`matthews_corrcoef`).
  public static func matthews(_ predictions: [Int32], _ references: [Int32]) -> Double {
    ConfusionMatrix(predictions: predictions, references: references).matthews
  }
}
