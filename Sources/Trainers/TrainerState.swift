import StrictJSON

/// Where a run is: its counters, the sampler's position and the log. It is one value, so it can be
/// written, read back and compared.
package struct TrainerState: Sendable {
  /// Updates of the main model.
  var globalStep = 0
  /// Updates of all models.
  var batchNumber = 0
  /// Epochs of the sampler that have begun.
  var epochsBegun = 0
  /// Batches taken from the latest of them.
  var batchesTaken = 0
  /// The turn of the main model's current stage.
  var stage = 0
  /// The sum of the main model's losses over its updates.
  var lossSum = 0.0
  /// Texts and tokens that went through the loop.
  var texts = 0, tokens = 0
  /// Updates that were skipped because something was not finite: of all models, of the main model,
  /// and since the last one that was made.
  var skipped = 0, skippedOfMain = 0, skippedInARow = 0
  /// What the main model's losses were like.
  var spikes = LossSpikes()
  /// Seconds of training before the last start of the process.
  var seconds = 0.0
  /// Whether the evaluation that is due after the latest update is still to be made.
  var owesEvaluation = false
  /// What ended training; nil while it goes on.
  var end: TrainingSummary.End?
  /// Scalars since the last log entry.
  var window = LogWindow()
  /// Log entries in order.
  var history: [LogEntry] = []
  /// When evaluations ended: the update before, and seconds of training. They are no part of the
  /// log, which is the same whenever a run is repeated.
  var evaluationSeconds: [(step: Int, seconds: Double)] = []
}

extension TrainerState {
  /// The name of this part of the run's state.
  static let stateName = "trainer"

  /// Its content, for checkpoints.
  package func record() -> StateRecord {
    StateRecord(
      values: JSONObject([
        ("global_step", .int(globalStep)), ("batch_number", .int(batchNumber)),
        ("epochs_begun", .int(epochsBegun)), ("batches_taken", .int(batchesTaken)),
        ("stage", .int(stage)), ("loss_sum", .double(lossSum)), ("texts", .int(texts)),
        ("tokens", .int(tokens)), ("seconds", .double(seconds)), ("window", window.json),
        ("skipped", [.int(skipped), .int(skippedOfMain), .int(skippedInARow)]),
        ("loss_spikes", spikes.json),
        ("log_history", .array(history.map(\.json))),
        (
          "evaluation_seconds",
          .array(evaluationSeconds.map { [.int($0.step), .double($0.seconds)] })
        ), ("owes_evaluation", .bool(owesEvaluation)),
        ("end", end.map { JSONValue.string($0.rawValue) } ?? .null),
      ]))
  }

  /// Reads what `record()` wrote.
  /// - Throws: `StateError`.
  package init(_ record: StateRecord) throws {
    globalStep = try record.int("global_step")
    batchNumber = try record.int("batch_number")
    epochsBegun = try record.int("epochs_begun")
    batchesTaken = try record.int("batches_taken")
    stage = try record.int("stage")
    lossSum = try record.double("loss_sum")
    texts = try record.int("texts")
    tokens = try record.int("tokens")
    seconds = try record.double("seconds")
    window = try LogWindow(record.list("window"))
    // States of earlier versions have no skipped updates.
    if record.values["skipped"] != nil {
      let counts = try record.list("skipped").compactMap(\.int)
      guard counts.count == 3 else { throw StateError("skipped is not a list of three numbers") }
      (skipped, skippedOfMain, skippedInARow) = (counts[0], counts[1], counts[2])
    }
    spikes = try LossSpikes(record.values["loss_spikes"])
    history = try record.list("log_history").map { try LogEntry($0) }
    // States of earlier versions have none.
    for entry in record.values["evaluation_seconds"]?.array ?? [] {
      guard let parts = entry.array, parts.count == 2, let step = parts[0].int,
        let seconds = parts[1].double
      else { throw StateError("evaluation_seconds has an entry that is not a step and seconds") }
      evaluationSeconds.append((step, seconds))
    }
    owesEvaluation = record.values["owes_evaluation"]?.bool == true
    end = record.values["end"]?.string.flatMap(TrainingSummary.End.init(rawValue:))
  }
}
