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
    globalStep = try record.count("global_step")
    batchNumber = try record.count("batch_number")
    epochsBegun = try record.count("epochs_begun")
    batchesTaken = try record.count("batches_taken")
    stage = try record.count("stage")
    lossSum = try record.double("loss_sum")
    guard lossSum.isFinite else { throw StateError("loss_sum is not finite") }
    texts = try record.count("texts")
    tokens = try record.count("tokens")
    seconds = try record.double("seconds")
    guard Self.isTime(seconds) else { throw StateError("seconds is no time that a run takes") }
    window = try LogWindow(record.list("window"))
    // States of earlier versions have no skipped updates.
    if record.values["skipped"] != nil {
      let counts = try record.ints("skipped")
      guard counts.count == 3 else { throw StateError("skipped is not a list of three numbers") }
      (skipped, skippedOfMain, skippedInARow) = (counts[0], counts[1], counts[2])
      guard (0...batchNumber).contains(skipped), (0...skipped).contains(skippedOfMain),
        skippedOfMain <= globalStep, (0...skipped).contains(skippedInARow)
      else { throw StateError("more updates were skipped than made") }
    }
    spikes = try LossSpikes(record.values["loss_spikes"])
    history = try record.list("log_history").map { try LogEntry($0) }
    // States of earlier versions have none.
    for entry in record.values["evaluation_seconds"]?.array ?? [] {
      guard let parts = entry.array, parts.count == 2, let step = parts[0].int,
        let seconds = parts[1].double, Self.isTime(seconds)
      else { throw StateError("evaluation_seconds has an entry that is not a step and seconds") }
      evaluationSeconds.append((step, seconds))
    }
    for steps in [history.map(\.step), evaluationSeconds.map(\.step)] {
      guard zip([0] + steps, steps + [globalStep]).allSatisfy({ $0 <= $1 }) else {
        throw StateError("an entry of the log is of an update that was not made, or out of order")
      }
    }
    owesEvaluation = record.values["owes_evaluation"]?.bool == true
    if let text = record.values["end"], text != .null {
      guard let found = text.string.flatMap(TrainingSummary.End.init(rawValue:)),
        found != .interrupted
      else { throw StateError("end is not what ends training") }
      end = found
    }
  }

  private static func isTime(_ seconds: Double) -> Bool { (0...1e12).contains(seconds) }
}

extension TrainerState {
  /// Checks the counters against each other: which batch and whose turn it is follows from the
  /// number of batches alone.
  ///
  /// - Parameters:
  ///   - maxSteps: the planned updates of the main model.
  ///   - batchesPerEpoch: those of the sampler.
  ///   - updates: those that each optimiser has made.
  /// - Throws: `StateError`.
  func check(
    _ objective: some Objective, maxSteps: Int, batchesPerEpoch: Int, updates: [Int]
  ) throws {
    guard globalStep <= maxSteps else {
      throw StateError("global_step is \(globalStep), but \(maxSteps) updates are planned")
    }
    let models = objective.trainedModels
    var turns = models.map { _ in 0 }
    var (steps, stage) = (0, 0)
    // An update of the main model is never long in coming, so this ends however large the number.
    for number in 0..<batchNumber {
      let turn = objective.turn(batch: number)
      turns[turn] += 1
      guard models[turn].parameters === models[0].parameters else { continue }
      steps += 1
      stage = turn
      if steps > globalStep { break }
    }
    guard steps == globalStep, stage == self.stage else {
      throw StateError(
        "global_step is \(globalStep) in stage \(self.stage) after \(batchNumber) batches, which "
          + "cannot be")
    }
    let (full, rest) = batchNumber.quotientAndRemainder(dividingBy: objective.updatesPerBatch)
    let taken = full + (rest > 0 ? 1 : 0)
    guard batchesTaken <= batchesPerEpoch, batchesTaken > 0 || epochsBegun == 0,
      taken == max(0, epochsBegun - 1) * batchesPerEpoch + batchesTaken
    else {
      throw StateError(
        "\(batchesTaken) batches were taken in \(epochsBegun) epochs of \(batchesPerEpoch), but "
          + "\(taken) are needed")
    }
    for (made, possible) in zip(updates, turns) where made > possible {
      throw StateError("an optimiser has made \(made) updates in \(possible) batches")
    }
    if end == .planned, globalStep < maxSteps { throw StateError("training has not ended yet") }
  }
}
