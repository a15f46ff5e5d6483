import Autograd
import Data
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

@Suite struct TrainerTests {
  @Test func threadsDoNotChangeABit() throws {
    #expect(
      try ToyWorld.trainedWeights(threads: 1)
        == ToyWorld.trainedWeights(threads: 2))
  }

  @Test func accumulatedBatchesAreOneBigBatch() throws {
    var results: [[Float]] = []
    let start = try ToyWorld(rows: 36).classifier(seed: 1).parameters.weights.floats
    for (size, accumulation) in [(8, 1), (4, 2), (3, 3)] {
      let toy = try ToyWorld(rows: 36)
      let model = toy.classifier(seed: 1)
      // Epsilon above the gradients makes Adam's update follow their size and amplifies no
      // rounding; clipping would hide a wrong factor.
      let summary = try toy.run(
        LabelsOnly(
          model,
          training: TrainedModel(
            name: "", parameters: model.parameters,
            optimizer: OptimizerSettings(epsilon: 1, maxGradNorm: 0),
            schedule: LearningRateSchedule(
              kind: .constant, peak: 0.1, warmupSteps: 0, totalSteps: 4))),
        TrainingArguments(
          perDeviceTrainBatchSize: size, gradientAccumulationSteps: accumulation, maxSteps: 4))
      #expect(summary.globalStep == 4 && summary.texts == 4 * size * accumulation)
      results.append(model.parameters.weights.floats)
    }
    func distance(_ a: [Float], _ b: [Float]) -> Float {
      zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
    #expect(distance(results[0], start) > 1e-2)
    // Four updates, each the rate 0.1 times a quotient of two means of gradients.
    #expect(
      distance(results[0], results[1]) < 4 * 0.1
        * Float(Network.ofMethods.gradients(evaluations: 4)))
    // Nine texts a batch are another training: the comparison above can fail.
    #expect(distance(results[0], results[2]) > 1e-3)
  }

  @Test func plannedSteps() {
    func steps(_ arguments: TrainingArguments) -> Int {
      Trainer.plannedSteps(arguments, rows: 21)
    }
    #expect(steps(TrainingArguments(perDeviceTrainBatchSize: 4, numTrainEpochs: 2)) == 12)
    #expect(steps(TrainingArguments(perDeviceTrainBatchSize: 4, numTrainEpochs: 0.5)) == 3)
    #expect(
      steps(TrainingArguments(perDeviceTrainBatchSize: 4, numTrainEpochs: 2, maxSteps: 5)) == 5)
    #expect(
      steps(
        TrainingArguments(perDeviceTrainBatchSize: 4, numTrainEpochs: 1, dataloaderDropLast: true))
        == 5)
    #expect(
      steps(
        TrainingArguments(
          perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 2, numTrainEpochs: 1)) == 3)
  }

  @Test func epochsAndLogEntries() throws {
    let toy = try ToyWorld()
    let observer = SilentObserver()
    let model = toy.classifier(seed: 1)
    let summary = try toy.run(
      LabelsOnly(model, training: TrainedModel(model.parameters)),
      TrainingArguments(perDeviceTrainBatchSize: 5, numTrainEpochs: 2, loggingSteps: 4),
      observer: observer)
    #expect(summary.globalStep == 10 && summary.epoch == 2 && summary.texts == 48)
    #expect(!summary.stoppedEarly)
    #expect(observer.logged.map(\.step) == [4, 8, 10])
    #expect(observer.logged.allSatisfy { $0["loss"] ?? 0 > 0 && $0["learning_rate"] == 1e-3 })
  }

  /// Trains six updates; evaluation i (after update i) sees `metrics[i - 1]`.
  private func evaluated(
    _ metrics: [Double], _ arguments: TrainingArguments, greaterIsBetter: Bool = true
  ) throws -> (summary: TrainingSummary, weights: [Weights], final: Weights, best: [Bool]) {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 1)
    let observer = SilentObserver()
    var weights: [Weights] = []
    let summary = try toy.run(
      LabelsOnly(model, training: TrainedModel(model.parameters)), arguments,
      metric: ("score", greaterIsBetter), observer: observer,
      evaluate: {
        weights.append(model.parameters.weights)
        return [("score", metrics[weights.count - 1])]
      })
    return (summary, weights, model.parameters.weights, observer.evaluated.map(\.isBest))
  }

  private func everyStep(
    best: Bool = false, patience: Int? = nil, threshold: Double = 0
  ) -> TrainingArguments {
    TrainingArguments(
      perDeviceTrainBatchSize: 4, maxSteps: 6, evalStrategy: .steps, evalSteps: 1,
      loadBestModelAtEnd: best, earlyStoppingPatience: patience, earlyStoppingThreshold: threshold)
  }

  @Test func earlierOfEqualModelsIsTheBest() throws {
    let run = try evaluated([0.5, 0.7, 0.6, 0.7, 0.7, 0.1], everyStep(best: true))
    #expect(run.summary.bestStep == 2 && run.summary.bestMetric == 0.7)
    #expect(run.best == [true, true, false, false, false, false])
    #expect(run.final == run.weights[1])
    #expect(run.weights[1] != run.weights[5])
  }

  @Test func withoutLoadBestModelTheLastWeightsStay() throws {
    let run = try evaluated([0.5, 0.7, 0.6, 0.7, 0.7, 0.1], everyStep())
    #expect(run.summary.bestStep == 2 && run.final == run.weights[5])
  }

  @Test func smallerCanBeBetter() throws {
    let run = try evaluated(
      [0.5, 0.7, 0.4, 0.4, 0.9, 0.9], everyStep(best: true), greaterIsBetter: false)
    #expect(run.summary.bestStep == 3 && run.final == run.weights[2])
  }

  @Test func notANumberIsNeverTheBest() throws {
    let run = try evaluated([.nan, 0.2, .nan, 0.1, 0.1, 0.1], everyStep(best: true))
    #expect(run.summary.bestStep == 2 && run.final == run.weights[1])
  }

  @Test func earlyStoppingCountsEvaluationsWithoutImprovement() throws {
    let run = try evaluated([0.5, 0.7, 0.6, 0.7, 0.8, 0.9], everyStep(patience: 2))
    #expect(run.summary.globalStep == 4 && run.summary.stoppedEarly)
    let patient = try evaluated([0.5, 0.7, 0.6, 0.7, 0.8, 0.9], everyStep(patience: 3))
    #expect(patient.summary.globalStep == 6 && !patient.summary.stoppedEarly)
    // As transformers: every improvement below the threshold counts as none, but moves the best.
    let strict = try evaluated(
      [0.5, 0.55, 0.6, 0.65, 0.7, 0.75], everyStep(patience: 3, threshold: 0.1))
    #expect(strict.summary.globalStep == 4 && strict.summary.bestStep == 4)
  }

  /// As transformers: an undefined metric is no improvement, and the first evaluation is counted
  /// from.
  @Test func undefinedMetricsDoNotImprove() throws {
    let never = try evaluated([Double](repeating: .nan, count: 6), everyStep(patience: 2))
    #expect(never.summary.globalStep == 3 && never.summary.stoppedEarly)
    #expect(never.summary.bestStep == nil)
    let once = try evaluated([.nan, 0.2, .nan, .nan, 0.3, 0.4], everyStep(patience: 2))
    #expect(once.summary.globalStep == 4 && once.summary.bestStep == 2)
  }

  @Test func observerCanStop() throws {
    let toy = try ToyWorld()
    let observer = SilentObserver()
    observer.stopsAfter = 3
    let model = toy.classifier(seed: 1)
    let summary = try toy.run(
      LabelsOnly(model, training: TrainedModel(model.parameters)),
      TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: 6), observer: observer)
    #expect(summary.globalStep == 3 && summary.stoppedEarly)
  }

  @Test func dropLastWithTooFewRowsIsAnError() throws {
    let toy = try ToyWorld(rows: 3)
    let model = toy.classifier(seed: 1)
    #expect(throws: TrainingError.self) {
      try toy.run(
        LabelsOnly(model, training: TrainedModel(model.parameters)),
        TrainingArguments(perDeviceTrainBatchSize: 4, dataloaderDropLast: true))
    }
  }

  @Test func memorySettles() throws {
    let toy = try ToyWorld()
    let model = toy.classifier(dropout: 0.1, seed: 1)
    let objective = LabelsOnly(model, training: TrainedModel(model.parameters))
    let lanes = (0..<2).map { _ in
      Lane(pool: BufferPool(), gradients: Buffer(zeroed: model.parameters.count))
    }
    let pool = ThreadPool(threads: 2)
    var allocated: [Int] = []
    for _ in 0..<4 {
      for first in stride(from: 0, to: 24, by: 4) {
        let batch = toy.train.batch(Array(first..<first + 4))
        _ = try objective.loss(
          StepContext(
            batchNumber: 0, turn: 0, shards: Shard.split(batch, lanes: 2), count: batch.count,
            share: 1, seed: 1, lanes: lanes, pool: pool, trained: [model.parameters], drawNumber: 0)
        )
      }
      allocated.append(lanes.reduce(0) { $0 + $1.pool.allocatedFloats })
    }
    #expect(allocated[0] > 0)
    #expect(allocated[1] == allocated[3])
  }
}
