import Data
import Glibc
import Kernels

/// A model's outputs on a data set, and the task's metrics computed from them.
public struct TaskEvaluation: Sendable {
  /// The logits of the model's own outputs, one row per text.
  public let logits: Matrix
  /// The class with the largest logit, for each text; empty if texts have a score or several
  /// labels.
  public let predictedClasses: [Int32]
  /// The score of each text; empty for classification.
  public let predictedScores: [Double]
  /// For texts that may have several labels: whether each label is more likely than not, text by
  /// text. Empty for other tasks.
  public let predictedSets: [Bool]
  private let folding: [Int32]?

  /// The predictions that logits stand for.
  ///
  /// - Parameters:
  ///   - isMultiLabel: whether each output is a decision of its own.
  ///   - folding: for a model of another task, the class that each output stands for. The largest
  ///     of the model's own logits decides, as in the evaluation of HANS.
  public init(
    logits: Matrix, isRegression: Bool, isMultiLabel: Bool = false, folding: [Int32]? = nil
  ) {
    self.logits = logits
    self.folding = folding
    let outputs = isRegression || isMultiLabel ? [] : Kernel.argmaxRows(logits)
    predictedClasses = folding.map { folding in outputs.map { folding[Int($0)] } } ?? outputs
    predictedScores = isRegression ? (0..<logits.rows).map { Double(logits[$0, 0]) } : []
    predictedSets = isMultiLabel ? logits.values.map { $0 > 0 } : []
  }

  /// Compares the sets of labels with the data's; nil if texts have one label or a score.
  private func counts(_ targets: Targets) -> LabelSetCounts? {
    guard !predictedSets.isEmpty, predictedSets.count == targets.labelSets.count else { return nil }
    return LabelSetCounts(
      predictions: predictedSets, references: targets.labelSets.map { $0 > 0.5 },
      labels: logits.columns)
  }

  /// The task's metrics against the data's labels: the headline metric first, their mean as
  /// `combined_score` if there are several, and finally the mean loss.
  public func metrics(
    of task: TaskDescription, data: TokenizedDataset
  ) -> [(name: String, value: Double)] {
    let targets = data.targets
    let counts = counts(targets)
    var result = task.metrics.compactMap { metric -> (name: String, value: Double)? in
      let value =
        if let counts {
          metric.value(counts)
        } else if task.isRegression {
          metric.value(predictions: predictedScores, references: targets.scores.map(Double.init))
        } else {
          metric.value(predictions: predictedClasses, references: targets.classes)
        }
      return value.map { (metric.rawValue, $0) }
    }
    if result.count > 1 {
      result.append(
        ("combined_score", result.reduce(0) { $0 + $1.value } / Double(result.count)))
    }
    let count = Double(max(1, data.count))
    if task.isRegression, !targets.scores.isEmpty {
      let gold = Matrix(targets.scores, rows: data.count, columns: 1)
      result.append(("loss", Kernel.squaredError(logits, gold, dA: nil, dB: nil) / count))
    } else if counts != nil {
      let gold = Matrix(targets.labelSets, rows: data.count, columns: logits.columns)
      result.append(
        ("loss", Kernel.binaryCrossEntropy(logits, targets: gold, gradient: nil) / count))
    } else if !targets.classes.isEmpty, folding != nil {
      let sum = targets.classes.enumerated().reduce(0.0) { sum, item in
        sum - log(foldedProbabilities(item.offset, classes: task.labels.count)[Int(item.element)])
      }
      result.append(("loss", sum / count))
    } else if !targets.classes.isEmpty {
      let sum = Kernel.crossEntropy(logits, labels: targets.classes, gradient: nil)
      result.append(("loss", sum / count))
    }
    return result
  }

  /// Confidence intervals of the task's metrics and of `combined_score`, under the names that
  /// `metrics` uses. The loss gets none.
  public func intervals(
    of task: TaskDescription, data: TokenizedDataset, bootstrap: Bootstrap, pool: ThreadPool
  ) -> [(name: String, interval: Bootstrap.Interval)] {
    let targets = data.targets
    let found =
      if task.isMultiLabel {
        bootstrap.intervals(
          of: task.metrics, predictions: predictedSets,
          references: targets.labelSets.map { $0 > 0.5 },
          labels: logits.columns, pool: pool)
      } else if task.isRegression {
        bootstrap.intervals(
          of: task.metrics, predictions: predictedScores,
          references: targets.scores.map(Double.init), pool: pool)
      } else {
        bootstrap.intervals(
          of: task.metrics, predictions: predictedClasses, references: targets.classes,
          pool: pool)
      }
    let names = task.metrics.map(\.rawValue) + ["combined_score"]
    return zip(names, found).compactMap { name, interval in
      interval.map { (name: name, interval: $0) }
    }
  }

  /// The task's labels against the predictions; nil for regression, for rows that may have several
  /// labels and for rows without labels.
  public func confusion(of task: TaskDescription, data: TokenizedDataset) -> ConfusionMatrix? {
    let references = data.targets.classes
    guard !predictedClasses.isEmpty, !references.isEmpty else { return nil }
    return ConfusionMatrix(
      predictions: predictedClasses, references: references,
      classes: Array(0..<Int32(task.labels.count)))
  }

  /// Sentences about the task's metrics that mean little for these predictions.
  public func cautions(of task: TaskDescription, data: TokenizedDataset) -> [String] {
    let targets = data.targets
    if let counts = counts(targets) { return task.metrics.compactMap { $0.caution(counts) } }
    return task.metrics.compactMap { metric in
      task.isRegression
        ? metric.caution(predictions: predictedScores, references: targets.scores.map(Double.init))
        : metric.caution(predictions: predictedClasses, references: targets.classes)
    }
  }

  /// The softmax of one text's logits, summed over the outputs that stand for the same class; the
  /// sigmoid of each logit if a text may have several labels.
  public func probabilities(_ row: Int, classes: Int) -> [Float] {
    if !predictedSets.isEmpty {
      return logits.rows(row..<row + 1).values.map { Float(1 / (1 + exp(-Double($0)))) }
    }
    guard folding == nil else {
      return foldedProbabilities(row, classes: classes).map { Float($0) }
    }
    let copy = Matrix(logits.rows(row..<row + 1).values, rows: 1, columns: logits.columns)
    Kernel.softmaxRows(copy)
    return copy.values
  }

  private func foldedProbabilities(_ row: Int, classes: Int) -> [Double] {
    let values = logits.rows(row..<row + 1).values.map(Double.init)
    let largest = values.max() ?? 0
    var sums = [Double](repeating: 0, count: classes)
    for (output, value) in values.enumerated() {
      sums[folding.map { Int($0[output]) } ?? output] += exp(value - largest)
    }
    let total = sums.reduce(0, +)
    return sums.map { $0 / total }
  }
}
