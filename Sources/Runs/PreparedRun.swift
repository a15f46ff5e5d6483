import Configuration
import Data
import Foundation
import Inference
import Kernels
import Methods
import Models
import StrictJSON
import Trainers

/// A run with everything opened and checked, before its first step.
public struct PreparedRun {
  /// Facts for `--dry-run`, in order.
  public let plan: [(name: String, value: String)]
  /// Sentences that the user should see before the run.
  public let notices: [String]
  /// What it trains.
  let training: TrainingParts
  private let body: (any TrainingObserver) throws -> RunOutcome

  init(
    plan: [(name: String, value: String)], notices: [String], training: TrainingParts,
    body: @escaping (any TrainingObserver) throws -> RunOutcome
  ) {
    self.plan = plan
    self.notices = notices
    self.training = training
    self.body = body
  }

  /// Runs it and writes the output folder.
  public func execute(_ display: any TrainingObserver) throws -> RunOutcome { try body(display) }
}

/// What a run ended with.
public struct RunOutcome: Sendable {
  /// The output folder.
  public let folder: String
  /// The content of all_results.json.
  public let results: [(name: String, value: Double)]
  /// Sentences that the user should see after the run.
  public let notices: [String]
  /// True if a signal ended the run before its last step.
  public let stoppedEarly: Bool
}

/// Pieces that all runs share.
enum RunParts {
  /// - Throws: `ConfigError` if the processor lacks what the run needs.
  static func pool(_ common: CommonConfiguration) throws -> ThreadPool {
    _ = try common.supportedPrecision()
    OpenBLAS.useOneThread()
    return ThreadPool(threads: common.threads)
  }

  static func shards(_ common: CommonConfiguration) -> Int {
    common.shards > 0 ? common.shards : ThreadPool.availableProcessors
  }

  /// Sentences about weights that a checkpoint lacked or had too much of.
  static func notices(_ report: LoadReport?, role: String) -> [String] {
    guard let report else { return [] }
    var result: [String] = []
    if !report.initialized.isEmpty {
      result.append("\(role): newly initialised: \(report.initialized.joined(separator: ", "))")
    }
    if !report.unused.isEmpty {
      result.append(
        "\(role): not used from the checkpoint: \(report.unused.joined(separator: ", "))")
    }
    return result
  }

  /// Sentences about the weights and the labels of a classifier.
  static func notices(_ opened: OpenedModel<SequenceClassifier>) -> [String] {
    notices(opened.report, role: opened.role) + [opened.labelNotice].compactMap { $0 }
  }

  /// Bytes that a run will hold at its peak, roughly: weights, moments, gradients, activations.
  static func memoryEstimate(
    trained: [any Model], frozen: [any Model], tokensPerBatch: Double,
    maxTokensPerShard: Int, shards: Int
  ) -> Double {
    let tokens = min(tokensPerBatch, Double(maxTokensPerShard) * Double(shards))
    var floats = 0.0
    var largest = 0.0
    for model in trained {
      let count = Double(model.parameters.count)
      floats += 3 * count
      largest = max(largest, count)
    }
    floats += largest * Double(shards)
    for model in frozen { floats += Double(model.parameters.count) }
    // A layer keeps about 9 H + 2 I floats a token for its backward pass.
    let activations = trained.map { model -> Double in
      let c = model.encoder.configuration
      return Double(c.layers) * Double(9 * c.hiddenSize + 2 * c.intermediateSize) * tokens
    }
    return 4 * (floats + (activations.max() ?? 0) * 1.5)
  }

  static func megabytes(_ bytes: Double) -> String {
    bytes >= 1e9
      ? String(format: "%.1f GB", bytes / 1e9) : String(format: "%.0f MB", bytes / 1e6)
  }

  static func meanLength(_ data: TokenizedDataset) -> Double {
    Double(data.tokenCount) / Double(max(1, data.count))
  }

  static func results(
    _ summary: TrainingSummary, evaluation: [(name: String, value: Double)],
    evaluationSeconds: Double,
    evaluated: Int, trained: Int
  ) -> (train: JSONObject, eval: JSONObject) {
    var train = JSONObject()
    train["epoch"] = .double(summary.epoch)
    train["train_loss"] = .double(summary.trainLoss)
    train["train_runtime"] = .double(summary.seconds)
    train["train_samples"] = .int(trained)
    train["train_samples_per_second"] = .double(Double(summary.texts) / max(1e-9, summary.seconds))
    train["train_steps_per_second"] = .double(
      Double(summary.globalStep) / max(1e-9, summary.seconds))
    var eval = JSONObject()
    guard !evaluation.isEmpty else { return (train, eval) }
    for (name, value) in evaluation { eval["eval_\(name)"] = .double(value) }
    eval["epoch"] = .double(summary.epoch)
    eval["eval_runtime"] = .double(evaluationSeconds)
    eval["eval_samples"] = .int(evaluated)
    eval["eval_samples_per_second"] = .double(Double(evaluated) / max(1e-9, evaluationSeconds))
    return (train, eval)
  }
}
