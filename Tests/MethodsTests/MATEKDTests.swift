import Data
import Kernels
import Methods
import Models
import Synchronization
import TestSupport
import Testing
import Trainers

/// What must hold of MATE-KD whatever the models are.
@Suite struct MATEKDTests {
  @Test func withoutMasksTheAdversarialTermIsTheCleanOne() throws {
    let toy = try ToyWorld()
    let (method, student, _, _) = try toy.mateKD { $0.adversary.maskProbability = 0 }
    let driver = StepDriver(training: student.parameters, shards: 2)
    let scalars = try method.loss(driver.context(toy.train.batch(Array(0..<8))))
    #expect(scalars["replacement_rate"] == 0)
    #expect(scalars["clean_divergence"] > 0)
    let clean = scalars["clean_divergence"]
    #expect(Network.ofMethods.agrees(scalars["adversarial_divergence"], clean, evaluations: 2))
    #expect(
      Network.ofMethods.agrees(
        scalars["loss"], scalars["ce_loss"] / 3 + clean * 2 / 3, evaluations: 2))
  }

  @Test func generatorStepWithoutMasksHasNoGradient() throws {
    let toy = try ToyWorld()
    let (method, _, _, generator) = try toy.mateKD { $0.adversary.maskProbability = 0 }
    let driver = StepDriver(training: generator.parameters, shards: 2)
    let scalars = try method.loss(driver.context(toy.train.batch(Array(0..<8)), turn: 1))
    #expect(scalars["loss"] < 0 && scalars["loss"].isFinite && scalars["entropy"] == 0)
    #expect(driver.gradients.allSatisfy { $0 == 0 })
  }

  @Test func everyOrdinaryTokenButNoSpecialOneIsMaskedAtProbabilityOne() throws {
    let toy = try ToyWorld()
    for shard in Shard.split(toy.train.batch(Array(0..<24)), lanes: 3) {
      let rows = Masking(probability: 1, seed: 3).rows(of: shard, draw: 0)
      #expect(rows == shard.isSpecial.indices.filter { !shard.isSpecial[$0] })
      #expect(rows.count == shard.tokens.ids.count - 2 * shard.count)
    }
  }

  @Test func maskedShareAndIndependenceOfTheSplit() throws {
    let toy = try ToyWorld()
    let batch = toy.train.batch(Array(0..<24))
    let ordinary = batch.isSpecial.count { !$0 }
    let masking = Masking(probability: 0.3, seed: 4)
    var masked = 0
    for draw in 0..<100 {
      func chosen(_ parts: Int) -> Set<[Int]> {
        var result: Set<[Int]> = []
        for shard in Shard.split(batch, lanes: parts) {
          for row in masking.rows(of: shard, draw: draw) {
            let text = shard.tokens.offsets.lastIndex { $0 <= row } ?? 0
            result.insert([shard.places[text], row - shard.tokens.offsets[text]])
          }
        }
        return result
      }
      let one = chosen(1)
      #expect(one == chosen(3))
      masked += one.count
    }
    // Six standard deviations of a binomial distribution.
    let trials = Double(100 * ordinary)
    #expect(abs(Double(masked) - 0.3 * trials) < 6 * (trials * 0.3 * 0.7).squareRoot())
  }

  @Test func chunksOfAnAccumulatedBatchAreMaskedDifferently() throws {
    let toy = try ToyWorld()
    let shard = Shard.split(toy.train.batch(Array(0..<24)), lanes: 1)[0]
    let masking = Masking(probability: 0.5, seed: 4)
    #expect(masking.rows(of: shard, draw: 0) != masking.rows(of: shard, draw: 1))
  }

  @Test func generatorAndStudentTakeTurns() throws {
    let toy = try ToyWorld()
    let (method, student, teacher, generator) = try toy.mateKD(dropout: 0.1) {
      $0.adversary.generatorSteps = 2
      $0.adversary.studentSteps = 3
    }
    let before = teacher.parameters.weights
    let ledger = Ledger(inner: method, student: student, generator: generator)
    let summary = try toy.run(
      ledger, TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: 7, lrSchedulerType: .constant)
    )
    let states = ledger.states.withLock { $0 }
    // Seven student updates: two whole turns and one update of the third.
    #expect(summary.globalStep == 7 && states.count == 2 + 3 + 2 + 3 + 2 + 1)
    // What a batch changed shows at the next one.
    for batch in 0..<states.count - 1 {
      let (now, next) = (states[batch], states[batch + 1])
      let isGeneratorTurn = batch % 5 < 2
      #expect((now.generator != next.generator) == isGeneratorTurn, "batch \(batch)")
      #expect((now.student != next.student) == !isGeneratorTurn, "batch \(batch)")
    }
    #expect(teacher.parameters.weights == before)
  }

  @Test func generatorLearnsToMakeTeacherAndStudentDisagree() throws {
    let toy = try ToyWorld()
    let (method, _, _, generator) = try toy.mateKD()
    let disagreement = try toy.disagreement(
      "adversarial_divergence", of: method, beforeAndAfterTraining: generator)
    #expect(disagreement.after > 1.2 * disagreement.before)
  }

  @Test func needsAGenerator() throws {
    let toy = try ToyWorld()
    let model = toy.classifier(seed: 1)
    let teacher = toy.classifier(seed: 2)
    let setup = DistillationSetup(
      student: model, teacher: teacher, generator: nil, maskID: 4,
      teacherCache: TeacherCache(teacher: teacher, rows: 1),
      studentTraining: TrainedModel(model.parameters), totalSteps: 1,
      labelSmoothing: 0)
    #expect(throws: MismatchError.self) { try MATEKD(setup, settings: MATEKD.Settings()) }
  }
}

/// An objective that notes the weights with which each batch begins.
private struct Ledger: Objective {
  let inner: MATEKD
  let student: SequenceClassifier
  let generator: MaskedLanguageModel
  let states = Log()

  final class Log: Sendable {
    private let entries = Mutex<[(student: Weights, generator: Weights)]>([])
    func withLock<R: Sendable>(
      _ body: (inout sending [(student: Weights, generator: Weights)]) throws -> sending R
    ) rethrows -> R { try entries.withLock(body) }
  }

  var trainedModels: [TrainedModel] { inner.trainedModels }
  func turn(batch: Int) -> Int { inner.turn(batch: batch) }
  func loss(_ step: StepContext) throws -> Scalars {
    let state = (student.parameters.weights, generator.parameters.weights)
    states.withLock { $0.append(state) }
    return try inner.loss(step)
  }
}
