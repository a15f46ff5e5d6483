extension Metric {
  /// Why the value of this metric means little for these classes, or nil. These are the cases in
  /// which the references (scikit-learn, scipy) warn and return a fixed value.
  public func caution(predictions: [Int32], references: [Int32]) -> String? {
    func isConstant(_ labels: [Int32]) -> Bool { labels.allSatisfy { $0 == labels.first } }
    switch self {
    case .accuracy: return references.isEmpty ? "\(rawValue) is undefined without rows" : nil
    case .f1 where !predictions.contains(1) && !references.contains(1):
      return "\(rawValue) is 0 because neither the predictions nor the data hold the positive class"
    case .f1 where !predictions.contains(1):
      return "\(rawValue) is 0 because no row is predicted to be of the positive class"
    case .matthews where isConstant(references):
      return "\(rawValue) is 0 because all rows of the data are of one class"
    case .matthews where isConstant(predictions):
      return "\(rawValue) is 0 because all rows are predicted to be of one class"
    case .f1, .macroF1, .microF1, .matthews, .pearson, .spearman: return nil
    }
  }

  /// The same for scores.
  public func caution(predictions: [Double], references: [Double]) -> String? {
    guard self == .pearson || self == .spearman else { return nil }
    func isConstant(_ scores: [Double]) -> Bool { scores.allSatisfy { $0 == scores.first } }
    if references.count < 2 { return "\(rawValue) is undefined for fewer than two rows" }
    if predictions.contains(where: \.isNaN) {
      return "\(rawValue) is undefined because a predicted score is not a number"
    }
    if isConstant(references) {
      return "\(rawValue) is undefined because all rows of the data have one score"
    }
    if isConstant(predictions) {
      return "\(rawValue) is undefined because all rows are predicted to have one score"
    }
    return nil
  }
}
