import Inference
import StrictJSON
import Trainers

/// The numbers at the end of a run, under the names that HF's result files use.
struct RunResults {
  private var train = JSONObject()
  private var eval: JSONObject?
  private var all = JSONObject()
  private let epoch: Double

  /// The numbers of training.
  ///
  /// - Parameter samples: rows of the training data.
  init(_ summary: TrainingSummary, samples: Int) {
    epoch = summary.epoch
    let seconds = max(1e-9, summary.seconds)
    train["epoch"] = .double(summary.epoch)
    train["train_distinct_texts"] = .int(summary.distinctTexts)
    train["train_loss"] = .double(summary.trainLoss)
    train["train_passes"] = .double(Double(summary.mainTexts) / Double(max(1, samples)))
    train["train_runtime"] = .double(summary.seconds)
    train["train_samples"] = .int(samples)
    train["train_samples_per_second"] = .double(Double(summary.texts) / seconds)
    if summary.skippedUpdates > 0 { train["skipped_updates"] = .int(summary.skippedUpdates) }
    train["train_steps_per_second"] = .double(Double(summary.globalStep) / seconds)
    train["train_texts"] = .int(summary.mainTexts)
  }

  /// Measures the model that was trained.
  ///
  /// - Parameter diagnostics: numbers that stand beside the metrics.
  mutating func measure(
    _ validation: RunOutputs.Validation,
    diagnostics: (EvaluationParts.Result) throws -> [(name: String, value: Double)]
  ) throws -> EvaluationParts.Result {
    let start = ContinuousClock.now
    let found = try validation.measure()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    var eval = JSONObject()
    if !found.metrics.isEmpty {
      for (name, value) in found.metrics { eval["eval_\(name)"] = .double(value) }
      for (name, value) in try diagnostics(found) { eval["eval_\(name)"] = .double(value) }
      eval["epoch"] = .double(epoch)
      eval["eval_runtime"] = .double(seconds)
      eval["eval_samples"] = .int(validation.count)
      eval["eval_samples_per_second"] = .double(
        Double(validation.count) / max(1e-9, seconds))
    }
    self.eval = eval
    return found
  }

  /// Adds numbers that belong only to `all_results.json` or, for runs that are not measured, to
  /// both files.
  mutating func add(
    _ summary: TrainingSummary, lastScalars: [String],
    references: [(name: String, value: Double)], parameters: Int
  ) {
    if let last = summary.history.last {
      for name in lastScalars {
        if let value = last[name] { train["final_\(name)"] = .double(value) }
      }
    }
    if eval == nil { train["num_parameters"] = .int(parameters) }
    all = train
    for member in eval?.members ?? [] { all[member.key] = member.value }
    for (name, value) in references { all[name] = .double(value) }
    all["num_parameters"] = .int(parameters)
  }

  /// Writes `train_results.json`, `eval_results.json` if the run is measured, and
  /// `all_results.json`.
  func write(to folder: RunFolder) throws {
    try folder.write(JSONValue(.object(train)), to: "train_results.json")
    if let eval { try folder.write(JSONValue(.object(eval)), to: "eval_results.json") }
    try folder.write(JSONValue(.object(all)), to: "all_results.json")
  }

  /// What transformers logs at the end: the numbers of training and evaluation.
  var log: [(name: String, value: Double)] {
    let measured = (eval?.members ?? []).filter { train[$0.key] == nil }
    return (train.members + measured).compactMap { member in
      member.value.double.map { (name: member.key, value: $0) }
    }
  }

  /// The content of `all_results.json`, leaving out anything that is not a number.
  var numbers: [(name: String, value: Double)] {
    all.members.compactMap { member in
      member.value.double.map { (name: member.key, value: $0) }
    }
  }
}
