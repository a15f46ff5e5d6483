import Autograd
import Kernels
import Methods
import Models
import StrictJSON
import Synchronization
import TestSupport
import Testing
import Trainers

/// Updates whose loss or gradient is not finite.
@Suite struct NonFiniteTests {
  private static func arguments(patience: Int = 3) -> TrainingArguments {
    var result = TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: 6, loggingSteps: 1)
    result.nonFinitePatience = patience
    return result
  }

  private func session(
    _ toy: ToyWorld, _ model: SequenceClassifier, bad: Set<Int>, patience: Int = 3
  ) throws -> TrainingSession<BrokenObjective> {
    try TrainingSession(
      Trainer(
        arguments: Self.arguments(patience: patience), seed: 1, dataSeed: 1, shards: 2,
        pool: toy.pool),
      objective: BrokenObjective(
        trainedModels: [TrainedModel(model.parameters)], model: model, bad: bad),
      data: toy.train, metric: ("loss", false), evaluate: nil)
  }

  @Test func aBadUpdateIsSkippedAndTold() throws {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 1)
    let observer = SkipObserver()
    let summary = try session(toy, model, bad: [1, 3]).run(observer: observer)
    #expect(summary.globalStep == 6 && summary.skippedUpdates == 2)
    #expect(observer.skipped.map(\.batch) == [2, 4])
    let first = try #require(observer.skipped.first)
    #expect(first.fileName == "nonfinite-2.json" && first.rows.count == 4)
    #expect(first.rows.allSatisfy { $0.ids == Array(toy.train.tokenIDs($0.row)) })
    // Backward passes begin at the output.
    #expect(first.tensor == "the gradient of classifier.bias")
    #expect(first.json["scalars"]?["grad_norm"]?.string != nil)
    #expect(observer.silent.notices.count == 2)
    #expect(observer.silent.notices.allSatisfy { $0.contains("classifier.bias is not finite") })
    #expect(observer.silent.logged.map { $0["skipped_updates"] } == [nil, 1, 1, 2, 2, 2])
    #expect(observer.silent.logged[1]["loss"] == nil && observer.silent.logged[2]["loss"] != nil)
    #expect(
      summary.trainLoss.isFinite
        && Matrix(
          model.parameters.buffer, rows: 1, columns: model.parameters.count
        ).isFinite)
  }

  @Test func aSkippedUpdateChangesNoWeightAndNoMoment() throws {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 1)
    let session = try session(toy, model, bad: [0, 1, 2], patience: 3)
    let before = session.state
    #expect(throws: TrainingError.self) { try session.run(observer: SilentObserver()) }
    #expect(session.state.differences(from: before) == ["trainer"])
  }

  @Test func severalInARowEndTheRunWithItsStateSaved() throws {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 1)
    let saver = RecordingSaver()
    let session = try session(toy, model, bad: [0, 2, 3, 4], patience: 3)
    let error = #expect(throws: TrainingError.self) {
      try session.run(observer: SilentObserver(), saver: saver)
    }
    #expect(error == .notFinite(first: "the gradient of classifier.bias", updates: 3))
    let saved = try #require(saver.saved.last)
    #expect(saved.step == 5 && saver.saved.count == 1)
    // The counters have the seconds so far.
    #expect(saved.state.differences(from: session.state) == ["trainer"])
    // Going on from it, one more bad update in a row is enough.
    let again = try self.session(toy, toy.classifier(seed: 2), bad: [5], patience: 3)
    try again.restore(saved.state)
    #expect(throws: TrainingError.notFinite(first: "the gradient of classifier.bias", updates: 4)) {
      try again.run(observer: SilentObserver())
    }
  }

  @Test func countsSurviveResuming() throws {
    let toy = try ToyWorld()
    let whole = SkipObserver()
    let expected = try session(toy, toy.classifier(seed: 1), bad: [1, 3]).run(observer: whole)
    let stopped = SkipObserver()
    stopped.silent.stopsAfter = 3
    let first = try session(toy, toy.classifier(seed: 1), bad: [1, 3])
    _ = try first.run(observer: stopped)
    let second = try session(toy, toy.classifier(seed: 2), bad: [1, 3])
    try second.restore(first.state)
    let summary = try second.run(observer: SilentObserver())
    #expect(summary.skippedUpdates == 2 && summary.trainLoss == expected.trainLoss)
    #expect(summary.history.map(\.json) == expected.history.map(\.json))
  }

  /// States of earlier versions have no counts.
  @Test func olderStatesCanBeRead() throws {
    let toy = try ToyWorld()
    let session = try session(toy, toy.classifier(seed: 1), bad: [])
    var state = session.state
    for key in ["skipped", "loss_spikes"] { state.parts["trainer"]?.values[key] = nil }
    try session.restore(state)
    #expect(try session.run(observer: SilentObserver()).skippedUpdates == 0)
  }

  /// The weights are what went first, and they are not saved.
  @Test func aBadWeightIsNamedAndNotSaved() throws {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 1)
    let slot = try #require(model.parameters.entry(named: "classifier.bias")?.slot)
    model.parameters.matrix(slot)[0, 0] = .nan
    let saver = RecordingSaver()
    #expect(throws: TrainingError.notFinite(first: "the weight classifier.bias", updates: 1)) {
      try session(toy, model, bad: [], patience: 1).run(observer: SilentObserver(), saver: saver)
    }
    #expect(saver.saved.isEmpty)
  }

  /// What the last update spoils no later one can notice.
  @Test func aWeightThatTheLastUpdateSpoilsEndsTheRun() throws {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 1)
    var arguments = Self.arguments()
    arguments.learningRate = 1e39  // infinite in float32
    arguments.maxSteps = 1
    let error = #expect(throws: TrainingError.self) {
      try toy.run(
        LabelsOnly(
          model,
          training: TrainedModel(
            name: "", parameters: model.parameters, optimizer: OptimizerSettings(arguments),
            schedule: LearningRateSchedule(arguments, totalSteps: 1))), arguments,
        observer: SilentObserver())
    }
    guard case .wentAstray = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aRunWithoutAnyGoodUpdateEndsInAnError() throws {
    let toy = try ToyWorld()
    #expect(throws: TrainingError.notFinite(first: "the gradient of classifier.bias", updates: 6)) {
      try session(toy, toy.classifier(seed: 1), bad: Set(0..<6), patience: 10)
        .run(observer: SilentObserver())
    }
  }

  @Test func aLearningRateOfAThousandIsToldOf() throws {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 1)
    let observer = SilentObserver()
    var arguments = Self.arguments()
    arguments.learningRate = 1000
    arguments.maxSteps = 12
    _ = try toy.run(
      LabelsOnly(
        model,
        training: TrainedModel(
          name: "", parameters: model.parameters, optimizer: OptimizerSettings(arguments),
          schedule: LearningRateSchedule(arguments, totalSteps: 12))), arguments,
      observer: observer)
    #expect(observer.notices.contains { $0.contains("far above its running mean") })
  }
}

/// Its gradient is infinite in some batches, though its loss is finite.
private struct BrokenObjective: Objective {
  let trainedModels: [TrainedModel]
  let model: SequenceClassifier
  let bad: Set<Int>

  func loss(_ step: StepContext) throws -> Scalars {
    let isBad = bad.contains(step.batchNumber)
    return try step.forEachShard { shard, tape in
      let logits = model.logits(shard.tokens, tape: tape, training: true)
      var scalars = Scalars()
      scalars["loss"] = tape.crossEntropy(
        logits, labels: shard.targets.classes, weight: isBad ? .infinity : 0.25)
      tape.backward()
      return scalars
    }
  }
}

private final class SkipObserver: TrainingObserver {
  let silent = SilentObserver()
  var skipped: [SkippedUpdate] = []

  func didLog(_ entry: LogEntry) { silent.didLog(entry) }
  func didEvaluate(_ entry: LogEntry, isBest: Bool) {}
  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {
    silent.didStep(step, of: total, loss: loss, learningRate: learningRate, texts: texts)
  }
  func didNotice(_ sentence: String) { silent.didNotice(sentence) }
  func didSkip(_ update: SkippedUpdate) { skipped.append(update) }
  var shouldStop: Bool { silent.shouldStop }
}

private final class RecordingSaver: StateSaver {
  var saved: [(state: RunState, step: Int)] = []

  func isDue(step: Int, stepsPerEpoch: Int, isLast: Bool) -> Bool { false }
  func confirm() {}
  func save(_ state: @autoclosure () -> RunState, step: Int, best: Int?, makesRoom: Bool) {
    saved.append((state(), step))
  }
}
