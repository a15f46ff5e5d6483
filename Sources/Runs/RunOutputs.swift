import Inference
import Trainers

/// What a run measures and writes in addition to training itself.
struct RunOutputs {
  /// The model that learns, measured on data that it does not learn from.
  struct Validation {
    /// The name, without `eval_`, and direction of the metric that decides which model is best.
    let metric: (name: String, greaterIsBetter: Bool)
    /// The names of all metrics, without `eval_`.
    let metricNames: [String]
    /// The number of rows or questions.
    let count: Int
    /// The task's labels, for the file of predictions.
    let labels: [String]
    /// Measures the model as it is now.
    let measure: () throws -> EvaluationParts.Result
  }

  /// Content hashes of what was read, under the names that run.json uses for them.
  let hashes: [(String, String)]
  /// The number of weights of the model that learns.
  let parameters: Int
  /// Nil for a run that is not measured.
  let validation: Validation?
  /// Scalars whose last values go into the results, as `final_NAME`.
  let lastScalars: [String]
  /// Metrics of other models for the results, and sentences for the user. Computed before the
  /// output folder is touched.
  var references: () throws -> EvaluationParts.Result = { EvaluationParts.Result() }
  /// What an evaluation logs beside the metrics and the objective's diagnostics.
  var diagnostics: (EvaluationParts.Result) -> [(name: String, value: Double)] = { _ in [] }
  /// The entropy of a generator that learns at each of some masked places; nil without one.
  var generatorEntropies: (() throws -> [Double])?
  /// Parts of the run's state beside those of the objective.
  var memory: [any StatePart] = []
  /// Writes the model to a folder.
  let save: (_ folder: String) throws -> Void
  /// Writes the model as it was in a state to a folder; called from another thread.
  let saveState: CheckpointSaver.ModelWriter
  /// What is left to do when everything else is written.
  var finish: (_ folder: String) throws -> Void = { _ in }
}
