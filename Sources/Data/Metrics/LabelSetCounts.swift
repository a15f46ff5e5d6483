/// The counts on which metrics of sets of labels depend: how often each label was predicted, is in
/// the data, and both, and how many rows have exactly the predicted set.
public struct LabelSetCounts: Sendable, Equatable {
  /// Number of labels.
  public let labels: Int
  /// Number of rows counted.
  public private(set) var rows = 0
  /// Number of rows whose whole set is right.
  public private(set) var exact = 0
  /// For each label, the number of rows that have it in the data and in the prediction.
  public private(set) var both: [Int]
  /// For each label, the number of rows that have it in the prediction.
  public private(set) var predicted: [Int]
  /// For each label, the number of rows that have it in the data.
  public private(set) var referenced: [Int]

  /// Counts predictions against references, with `labels` elements per row each.
  ///
  /// - Parameter chosen: the rows to count, each as often as it is listed; nil counts every row
  ///   once.
  public init(
    predictions: [Bool], references: [Bool], labels: Int, rows chosen: [Int]? = nil
  ) {
    precondition(labels > 0 && predictions.count == references.count)
    self.labels = labels
    both = [Int](repeating: 0, count: labels)
    predicted = both
    referenced = both
    for row in chosen ?? Array(0..<references.count / labels) {
      var isExact = true
      for label in 0..<labels {
        let prediction = predictions[row * labels + label]
        let reference = references[row * labels + label]
        if prediction { predicted[label] += 1 }
        if reference { referenced[label] += 1 }
        if prediction, reference { both[label] += 1 }
        if prediction != reference { isExact = false }
      }
      rows += 1
      if isExact { exact += 1 }
    }
  }

  /// Share of rows whose whole set is right; NaN without rows (`accuracy_score`).
  public var accuracy: Double { Double(exact) / Double(rows) }

  /// F1 over all labels of all rows; 0 if neither predictions nor references contain a label
  /// (`f1_score` with `average="micro"`).
  public var microF1: Double {
    let sum = (predicted + referenced).reduce(0, +)
    return sum == 0 ? 0 : Double(2 * both.reduce(0, +)) / Double(sum)
  }

  /// Mean of the F1 of every label; a label that never occurs counts as 0 (`f1_score` with
  /// `average="macro"`).
  public var macroF1: Double {
    let values = (0..<labels).map { label -> Double in
      let sum = predicted[label] + referenced[label]
      return sum == 0 ? 0 : Double(2 * both[label]) / Double(sum)
    }
    return values.reduce(0, +) / Double(labels)
  }
}

extension Metric {
  /// The value for sets of labels; nil for metrics that are not of sets.
  public func value(_ counts: LabelSetCounts) -> Double? {
    switch self {
    case .accuracy: counts.accuracy
    case .microF1: counts.microF1
    case .macroF1: counts.macroF1
    case .f1, .matthews, .pearson, .spearman: nil
    }
  }

  /// Why the value means little for these sets, or nil.
  public func caution(_ counts: LabelSetCounts) -> String? {
    switch self {
    case .microF1 where counts.predicted.allSatisfy { $0 == 0 }:
      return "\(rawValue) is 0 because no label is predicted for any row"
    case .macroF1:
      let absent = (0..<counts.labels).count {
        counts.predicted[$0] + counts.referenced[$0] == 0
      }
      return absent == 0
        ? nil
        : "\(rawValue) counts 0 for \(absent) label\(absent == 1 ? "" : "s") that neither the "
          + "predictions nor the data hold"
    default: return nil
    }
  }
}
