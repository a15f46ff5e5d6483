import Data
import Kernels
import Models

/// A model's outputs on a data set, and the task's metrics of them.
public struct TaskEvaluation: Sendable {
  /// Logits, a row per text.
  public let logits: Matrix
  /// The class with the largest logit of each text; empty for regression.
  public let predictedClasses: [Int32]
  /// The score of each text; empty for classification.
  public let predictedScores: [Double]

  /// The predictions that logits mean.
  public init(logits: Matrix, isRegression: Bool) {
    self.logits = logits
    predictedClasses = isRegression ? [] : Kernel.argmaxRows(logits)
    predictedScores = isRegression ? (0..<logits.rows).map { Double(logits[$0, 0]) } : []
  }

  /// The task's metrics against the data's labels, headline metric included, and the mean loss.
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
    let count = Double(max(1, data.count))
    if task.isRegression, !batch.scores.isEmpty {
      let gold = Matrix(batch.scores, rows: data.count, columns: 1)
      result.append(("loss", Kernel.squaredError(logits, gold, dA: nil, dB: nil) / count))
    } else if !batch.classLabels.isEmpty {
      let sum = Kernel.crossEntropy(logits, labels: batch.classLabels, gradient: nil)
      result.append(("loss", sum / count))
    }
    return result
  }

  /// softmax of the logits of one text.
  public func probabilities(_ row: Int) -> [Float] {
    let copy = Matrix(logits.rows(row..<row + 1).values, rows: 1, columns: logits.columns)
    Kernel.softmaxRows(copy)
    return copy.values
  }
}
