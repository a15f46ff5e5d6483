import Models

/// What a run measures the model on that it trains.
package protocol ValidationData: Sendable {
  /// The kind of model.
  associatedtype Learner: Model

  /// Names, without `eval_`, of the metrics that can tell the best model, the usual one first.
  var metricNames: [String] { get }
  /// Rows or questions in all.
  var count: Int { get }
  /// Content hashes by the names that run.json has for them.
  var hashes: [(String, String)] { get }

  /// The metrics of a model.
  func measure(_ model: Learner, batchSize: Int) throws -> EvaluationParts.Result
}
