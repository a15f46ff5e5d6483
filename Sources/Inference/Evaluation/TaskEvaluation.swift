import Data
import Glibc
import Kernels

/// A model's outputs on a data set, and the task's metrics computed from them.
public struct TaskEvaluation: Sendable {
  /// The logits of the model's own outputs, one row per text.
  public let logits: Matrix
  /// What the logits say of each text.
  public enum Predictions: Sendable {
    /// The class with the largest logit.
    case classes([Int32])
    /// The score.
    case scores([Double])
    /// Whether each label is more likely than not, text by text.
    case labelSets([Bool])
  }
  /// What the logits say of each text.
  public let predictions: Predictions
  private let folding: [Int32]?

  /// The predictions that logits stand for.
  ///
  /// - Parameter folding: for a model of another task, the class that each output stands for. The
  ///   largest of the model's own logits decides, as in the evaluation of HANS.
  public init(logits: Matrix, of task: TaskDescription, folding: [Int32]? = nil) {
    self.logits = logits
    self.folding = folding
    switch task.targets {
    case .scores: predictions = .scores((0..<logits.rows).map { Double(logits[$0, 0]) })
    case .labelSets: predictions = .labelSets(logits.values.map { $0 > 0 })
    case .classes, .spans:
      let outputs = Kernel.argmaxRows(logits)
      predictions = .classes(folding.map { folding in outputs.map { folding[Int($0)] } } ?? outputs)
    }
  }

  /// The class of each text; empty if texts have a score or several labels.
  public var predictedClasses: [Int32] {
    if case .classes(let classes) = predictions { classes } else { [] }
  }

  /// The predictions next to the data's labels.
  package func labelled(by targets: Targets) -> LabelledPredictions {
    switch predictions {
    case .classes(let found): .classes(found, references: targets.classes)
    case .scores(let found): .scores(found, references: targets.scores.map(Double.init))
    case .labelSets(let found) where found.count == targets.labelSets.count:
      .labelSets(
        found, references: targets.labelSets.map { $0 > 0.5 }, labels: logits.columns)
    case .labelSets: .classes([], references: [])
    }
  }

  /// The task's metrics against the data's labels: the headline metric first, their mean as
  /// `combined_score` if there are several, and finally the mean loss.
  public func metrics(
    of task: TaskDescription, data: TokenizedDataset
  ) -> [(name: String, value: Double)] {
    metrics(of: task, targets: data.targets)
  }

  /// The same against labels that stand alone.
  package func metrics(
    of task: TaskDescription, targets: Targets
  ) -> [(name: String, value: Double)] {
    let labelled = labelled(by: targets)
    var result = task.metrics.compactMap { metric in
      metric.value(labelled).map { (name: metric.rawValue, value: $0) }
    }
    if result.count > 1 {
      result.append(
        ("combined_score", result.reduce(0) { $0 + $1.value } / Double(result.count)))
    }
    let count = targets.count ?? 0
    if count > 0, let loss = loss(targets, classes: task.labels.count) {
      result.append(("loss", loss / Double(count)))
    }
    return result
  }

  /// The sum of the rows' losses; nil if nothing is known of them.
  private func loss(_ targets: Targets, classes: Int) -> Double? {
    switch targets {
    case .scores(let scores):
      let gold = Matrix(scores, rows: scores.count, columns: 1)
      return Kernel.squaredError(logits, gold, dA: nil, dB: nil)
    case .labelSets(let sets, let labels):
      let gold = Matrix(sets, rows: sets.count / labels, columns: labels)
      return Kernel.binaryCrossEntropy(logits, targets: gold, gradient: nil)
    case .classes(let labels) where folding != nil:
      return labels.enumerated().reduce(0.0) { sum, item in
        sum - log(foldedProbabilities(item.offset, classes: classes)[Int(item.element)])
      }
    case .classes(let labels): return Kernel.crossEntropy(logits, labels: labels, gradient: nil)
    case .none, .spans: return nil
    }
  }

  /// Confidence intervals of the task's metrics and of `combined_score`, under the names that
  /// `metrics` uses. The loss gets none.
  public func intervals(
    of task: TaskDescription, data: TokenizedDataset, bootstrap: Bootstrap, pool: ThreadPool
  ) -> [(name: String, interval: Bootstrap.Interval)] {
    let found = bootstrap.intervals(of: task.metrics, labelled(by: data.targets), pool: pool)
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
    let labelled = labelled(by: data.targets)
    return task.metrics.compactMap { $0.caution(labelled) }
  }

  /// The softmax of one text's logits, summed over the outputs that stand for the same class; the
  /// sigmoid of each logit if a text may have several labels.
  public func probabilities(_ row: Int, classes: Int) -> [Float] {
    if case .labelSets = predictions {
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
