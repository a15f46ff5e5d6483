/// Metrics of class labels, equal to scikit-learn's, degenerate input included. Both arrays have
/// one element a row; rows beyond the shorter one are not counted.
public enum Classification {
  /// Share of equal labels; NaN without rows (`accuracy_score`).
  public static func accuracy(_ predictions: [Int32], _ references: [Int32]) -> Double {
    let pairs = zip(predictions, references)
    let count = min(predictions.count, references.count)
    return Double(pairs.count { $0 == $1 }) / Double(count)
  }

  /// Harmonic mean of precision and recall of label `positive`; 0 when neither predictions nor
  /// references hold it (`f1_score` with `zero_division=0`).
  public static func f1(
    _ predictions: [Int32], _ references: [Int32], positive: Int32 = 1
  ) -> Double {
    var both = 0
    var sum = 0
    for (prediction, reference) in zip(predictions, references) {
      if prediction == positive { sum += 1 }
      if reference == positive { sum += 1 }
      if prediction == positive, reference == positive { both += 1 }
    }
    return sum == 0 ? 0 : Double(2 * both) / Double(sum)
  }

  /// Mean of `f1` over the labels that predictions or references hold; NaN without rows
  /// (`f1_score` with `average="macro"`, `zero_division=0`).
  public static func macroF1(_ predictions: [Int32], _ references: [Int32]) -> Double {
    let count = min(predictions.count, references.count)
    let labels = Set(predictions.prefix(count)).union(references.prefix(count)).sorted()
    return labels.reduce(0) { $0 + f1(predictions, references, positive: $1) }
      / Double(labels.count)
  }

  /// Matthews' correlation coefficient over any number of classes; 0 when predictions or references
  /// are all the same (`matthews_corrcoef`).
  public static func matthews(_ predictions: [Int32], _ references: [Int32]) -> Double {
    var predicted: [Int32: Double] = [:]
    var referred: [Int32: Double] = [:]
    var correct = 0.0
    var count = 0.0
    for (prediction, reference) in zip(predictions, references) {
      predicted[prediction, default: 0] += 1
      referred[reference, default: 0] += 1
      if prediction == reference { correct += 1 }
      count += 1
    }
    // Integers below 2^53 throughout: the sums are exact and do not depend on dictionary order.
    let cross = predicted.reduce(0) { $0 + $1.value * referred[$1.key, default: 0] }
    let spreadOfPredictions = count * count - predicted.values.reduce(0) { $0 + $1 * $1 }
    let spreadOfReferences = count * count - referred.values.reduce(0) { $0 + $1 * $1 }
    guard spreadOfPredictions > 0, spreadOfReferences > 0 else { return 0 }
    return (correct * count - cross)
      / (spreadOfPredictions.squareRoot() * spreadOfReferences.squareRoot())
  }
}
