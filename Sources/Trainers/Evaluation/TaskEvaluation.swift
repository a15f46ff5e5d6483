import Data
import Foundation
import Kernels
import Models

/// A model's outputs on a data set, and the task's metrics of them.
public struct TaskEvaluation: Sendable {
  /// Logits, a row per text, of the model's own outputs.
  public let logits: Matrix
  /// The class of the largest logit of each text; empty for regression.
  public let predictedClasses: [Int32]
  /// The score of each text; empty for classification.
  public let predictedScores: [Double]
  private let folding: [Int32]?

  /// The predictions that logits mean.
  ///
  /// - Parameter folding: for a model of another task the class that each output means. The largest
  ///   of its own logits decides, as in the evaluation of HANS.
  public init(logits: Matrix, isRegression: Bool, folding: [Int32]? = nil) {
    self.logits = logits
    self.folding = folding
    let outputs = isRegression ? [] : Kernel.argmaxRows(logits)
    predictedClasses = folding.map { folding in outputs.map { folding[Int($0)] } } ?? outputs
    predictedScores = isRegression ? (0..<logits.rows).map { Double(logits[$0, 0]) } : []
  }

  /// The task's metrics against the data's labels, headline metric first, their mean as
  /// `combined_score` if there are several, and the mean loss.
  public func metrics(
    of task: TaskDescription, data: TokenizedDataset
  ) -> [(name: String, value: Double)] {
    let batch = data.batch(Array(0..<data.count))
    var result = task.metrics.compactMap { metric -> (name: String, value: Double)? in
      let value =
        task.isRegression
        ? metric.value(predictions: predictedScores, references: batch.scores.map(Double.init))
        : metric.value(predictions: predictedClasses, references: batch.classLabels)
      return value.map { (metric.rawValue, $0) }
    }
    if result.count > 1 {
      result.append(
        ("combined_score", result.reduce(0) { $0 + $1.value } / Double(result.count)))
    }
    let count = Double(max(1, data.count))
    if task.isRegression, !batch.scores.isEmpty {
      let gold = Matrix(batch.scores, rows: data.count, columns: 1)
      result.append(("loss", Kernel.squaredError(logits, gold, dA: nil, dB: nil) / count))
    } else if !batch.classLabels.isEmpty, folding != nil {
      let sum = batch.classLabels.enumerated().reduce(0.0) { sum, item in
        sum - log(foldedProbabilities(item.offset, classes: task.labels.count)[Int(item.element)])
      }
      result.append(("loss", sum / count))
    } else if !batch.classLabels.isEmpty {
      let sum = Kernel.crossEntropy(logits, labels: batch.classLabels, gradient: nil)
      result.append(("loss", sum / count))
    }
    return result
  }

  /// Sentences about the task's metrics that mean little for these predictions.
  public func cautions(of task: TaskDescription, data: TokenizedDataset) -> [String] {
    let batch = data.batch(Array(0..<data.count))
    return task.metrics.compactMap { metric in
      task.isRegression
        ? metric.caution(predictions: predictedScores, references: batch.scores.map(Double.init))
        : metric.caution(predictions: predictedClasses, references: batch.classLabels)
    }
  }

  /// softmax of the logits of one text, summed over the outputs that mean the same class.
  public func probabilities(_ row: Int, classes: Int) -> [Float] {
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
