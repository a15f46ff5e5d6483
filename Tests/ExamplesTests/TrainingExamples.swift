import Autograd
import Data
import Kernels
import Models
import StrictJSON
import Synchronization
import Testing
import Trainers

struct Labels: Objective {
  let model: SequenceClassifier
  let trainedModels: [TrainedModel]

  func loss(_ step: StepContext) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let logits = model.logits(shard.tokens, tape: tape, training: true)
      let texts = Double(step.count)
      let sum = tape.crossEntropy(
        logits, labels: shard.targets.classes, weight: Float(step.share / texts))
      tape.backward()
      var scalars = Scalars()
      scalars["loss"] = sum / texts
      return scalars
    }
  }
}

final class SeenTexts: StatePart {
  let stateName = "my-method.seen"
  private let count = Mutex(0)

  func add(_ texts: Int) { count.withLock { $0 += texts } }

  func record() -> StateRecord {
    StateRecord(values: JSONObject([("count", .int(count.withLock { $0 }))]))
  }

  func restore(_ record: StateRecord) throws {
    let seen = try record.int("count")
    count.withLock { $0 = seen }
  }
}

@Suite struct TrainingExamples {
  func objective(_ model: SequenceClassifier, _ arguments: TrainingArguments) -> Labels {
    let training = TrainedModel(
      name: "", parameters: model.parameters, optimizer: OptimizerSettings(arguments),
      schedule: LearningRateSchedule(arguments, totalSteps: arguments.maxSteps))
    return Labels(model: model, trainedModels: [training])
  }

  @Test func trainer() throws {
    let world = try ExampleWorld()
    let arguments = TrainingArguments(
      perDeviceTrainBatchSize: 2, maxSteps: 4, learningRate: 1e-3, loggingSteps: 1)
    let (objective, data) = (objective(world.model, arguments), world.data)
    let observer = SilentObserver()
    let trainer = Trainer(
      arguments: arguments, seed: 42, dataSeed: 42, shards: 2, pool: ThreadPool())
    let summary = try trainer.run(
      objective, data: data, evaluate: nil, metric: ("loss", greaterIsBetter: false),
      observer: observer)
    print(summary.globalStep, summary.trainLoss)
    #expect(summary.globalStep == 4)
  }

  @Test func session() throws {
    let world = try ExampleWorld()
    let arguments = TrainingArguments(perDeviceTrainBatchSize: 2, maxSteps: 4, learningRate: 1e-3)
    let (objective, data) = (objective(world.model, arguments), world.data)
    let trainer = Trainer(
      arguments: arguments, seed: 42, dataSeed: 42, shards: 2, pool: world.pool)
    let observer = SilentObserver()
    let session = try TrainingSession(
      trainer, objective: objective, data: data, metric: ("loss", greaterIsBetter: false),
      evaluate: nil)
    let beginning = session.state
    let first = try session.run(observer: observer)
    try session.restore(beginning)
    let second = try session.run(observer: observer)
    assert(first.trainLoss == second.trainLoss)
    #expect(first.trainLoss == second.trainLoss)
    let (before, after) = (beginning, session.state)
    let changed = after.differences(from: before)
    print(changed.joined(separator: ", "))  // optimizer.0, trainer, weights.0
    #expect(Set(changed).isSuperset(of: ["optimizer.0", "trainer", "weights.0"]))
  }

  @Test func state() throws {
    let part = SeenTexts()
    part.add(3)
    let record = part.record()
    part.add(2)
    #expect(part.record() != record)
    try part.restore(record)
    #expect(part.record() == record)
  }
}
