import Data
import Kernels
import Models

/// A labelled data set of a task, ready to measure models on.
public struct EvaluationParts: Sendable {
  /// The task.
  public let task: TaskDescription
  /// The labelled texts.
  public let data: TokenizedDataset
  private let inference: Inference

  /// An evaluation on a thread pool.
  public init(task: TaskDescription, data: TokenizedDataset, pool: ThreadPool) {
    self.task = task
    self.data = data
    inference = Inference(pool: pool)
  }

  /// The task's metrics and the mean loss of a model.
  public func metrics(
    _ model: SequenceClassifier, batchSize: Int = 32
  ) throws -> [(name: String, value: Double)] {
    let logits = try inference.logits(model, data: data, batchSize: batchSize)
    return TaskEvaluation(logits: logits, isRegression: task.isRegression)
      .metrics(of: task, data: data)
  }
}
