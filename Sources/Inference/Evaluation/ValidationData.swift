import Models

/// The data on which a run measures the model that it trains.
package protocol ValidationData: Sendable {
  /// The kind of model.
  associatedtype Learner: Model

  /// The names, without `eval_`, of the metrics that can decide which model is best. The default
  /// comes first.
  var metricNames: [String] { get }
  /// The number of rows or questions.
  var count: Int { get }
  /// Content hashes under the names that run.json uses for them.
  var hashes: [(String, String)] { get }

  /// The metrics of a model.
  func measure(_ model: Learner, batchSize: Int) throws -> EvaluationParts.Result
}
