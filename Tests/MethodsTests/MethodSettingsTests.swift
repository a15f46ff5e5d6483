import Configuration
import Data
import Foundation
import Inference
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// What the methods make of their section of the configuration.
@Suite struct MethodSettingsTests {
  private func section(_ text: String) throws -> ConfigSection {
    try ConfigDocument(StrictJSON.parse(text, file: "run.json"), file: "run.json").root
  }

  private func complaint(_ method: String, _ text: String) throws -> String {
    let description = try #require(MethodRegistry.named(method))
    do {
      _ = try description.configure(section(text))
      return ""
    } catch { return "\(error)" }
  }

  @Test func defaultsOfMATEKD() throws {
    let settings = try MATEKD.Settings(section("{}"))
    #expect(settings.adversary.maskProbability == 0.3 && settings.adversary.gumbelTemperature == 1)
    #expect(settings.adversary.generatorSteps == 10 && settings.adversary.studentSteps == 100)
    #expect(settings.adversary.generatorLearningRate == 5e-7)
    #expect(settings.adversary.generatorOptimizer.maxGradNorm == 5)
    #expect(settings.adversary.generatorOptimizer.weightDecay == 0)
    #expect(settings.adversary.divergence == .kl && settings.adversary.temperature == 1)
    for weight in [settings.weights.ce, settings.weights.kd, settings.weights.adversarial] {
      #expect(weight == 1.0 / 3)
    }
  }

  @Test func defaultsOfCILDA() throws {
    let settings = try CILDA.Settings(section("{}"))
    #expect(
      settings.adversary.maskProbability == 0.3 && settings.adversary.generatorLearningRate == 5e-7)
    #expect(settings.adversary.generatorSteps == 10 && settings.adversary.studentSteps == 100)
    #expect(settings.contrast.pooling == .first && settings.contrast.anchor == .teacher)
    #expect(settings.contrast.width == 128 && settings.contrast.temperature == 2)
    #expect(settings.contrast.bankSize == 0 && !settings.contrast.dividesByLogOfCandidates)
    #expect(settings.projectionTraining == .generator)
    #expect(settings.generatorDivergence == 0.5 && settings.generatorContrastive == 0.5)
    #expect(settings.ce == 1.0 / 3 && settings.kd == 1.0 / 3 && settings.contrastive == 0)
    #expect(settings.adversarialCE == 2.0 / 9 && settings.adversarialKD == 1.0 / 9)
    #expect(settings.adversarialContrastive == 0)
  }

  /// ComKD's generator is MATE-KD's, with all its keys.
  @Test func generatorOfComKD() throws {
    let text = """
      {"generator_warmup_steps": 3, "generator_weight_decay": 0.1, "generator_adam_beta1": 0.8,
       "generator_adam_beta2": 0.9, "generator_adam_epsilon": 0.01, "generator_max_grad_norm": 2}
      """
    let adversary = try ComKD.Settings(section(text)).adversary
    let optimizer = adversary.generatorOptimizer
    #expect(adversary.generatorWarmupSteps == 3 && optimizer.weightDecay == 0.1)
    #expect(optimizer.beta1 == 0.8 && optimizer.beta2 == 0.9)
    #expect(optimizer.epsilon == 0.01 && optimizer.maxGradNorm == 2)
    #expect(try complaint("comkd", text).isEmpty)
    #expect(try complaint("comkd", #"{"temperature": 2}"#).contains("squared distance"))
  }

  @Test func defaultsOfMethodsOnLayers() throws {
    let rail = try RAILKD.Settings(section("{}"))
    #expect(rail.variant == .concatenated && rail.pooling == .mean && rail.width == 128)
    #expect(rail.trainsProjections && rail.terms.temperature == 1 && rail.terms.divergence == .kl)
    #expect(rail.terms.ce == 1.0 / 3 && rail.terms.kd == 1.0 / 3 && rail.layers == 1.0 / 3)
    let codir = try CoDIR.Settings(section("{}"))
    #expect(codir.pooling == .first && codir.teacherLayers == nil && codir.width == 128)
    #expect(codir.negatives == 100 && codir.contrastiveTemperature == 0.07)
    #expect(codir.momentum == 0.5 && codir.terms.temperature == 2)
    #expect(codir.terms.ce == 0.5 && codir.terms.kd == 0.5 && codir.contrastive == 0.1)
  }

  @Test(arguments: [
    ("cilda", #"{"pooling": "last"}"#, "pooling"),
    ("cilda", #"{"contrastive_anchor": "both"}"#, "symmetric"),
    ("cilda", #"{"loss_weights": {"adversarial": 1}}"#, "adversarial_ce"),
    ("cilda", #"{"generator_loss_weights": {"divergence": -1}}"#, "divergence"),
    ("cilda", #"{"projection_training": "student"}"#, "loss_weights.contrastive"),
    ("cilda", #"{"memory_bank_size": -1}"#, "memory_bank_size"),
    ("rail-kd", #"{"variant": "layerwise"}"#, "layer-wise"),
    ("rail-kd", #"{"loss_weights": {"rail": 1}}"#, "loss_weights"),
    ("codir", #"{"bank_momentum": 2}"#, "bank_momentum"),
    ("codir", #"{"teacher_layers": [-1]}"#, "teacher_layers"),
    ("mate-kd", #"{"mask_probabilty": 0.3}"#, "mask_probability"),
    ("mate-kd", #"{"mask_probability": 1.5}"#, "mask_probability"),
    ("mate-kd", #"{"student_steps": 0}"#, "student_steps"),
    ("mate-kd", #"{"divergence": "js"}"#, "kl"),
    ("kd", #"{"temperature": 0}"#, "temperature"),
    ("kd", #"{"loss_weights": {"adversarial": 1}}"#, "adversarial"),
    ("none", #"{"temperature": 1}"#, "temperature"),
    ("kd", #"{"loss_weights": {"ce": 0, "kd": 0}}"#, "all weights are 0"),
    ("mate-kd", #"{"loss_weights": {"ce": 0, "kd": 0, "adversarial": 0}}"#, "all weights are 0"),
    (
      "cilda", #"{"loss_weights": {"ce": 0, "kd": 0, "adversarial_ce": 0, "adversarial_kd": 0}}"#,
      "all weights are 0"
    ),
    ("distilbert", #"{"loss_weights": {"ce": 0, "kd": 0, "cosine": 0}}"#, "all weights are 0"),
  ])
  func mistakes(_ method: String, _ text: String, _ part: String) throws {
    let message = try complaint(method, text)
    #expect(message.hasPrefix("run.json:1:") && message.contains(part), "\(message)")
  }

  @Test func methodsByName() throws {
    let names = MethodRegistry.all.map(\.name)
    #expect(names.starts(with: ["none", "kd", "mate-kd"]) && Set(names).count == names.count)
    #expect(try complaint("mate-kd", "{}").isEmpty)
    #expect(MethodRegistry.named("mate") == nil)
  }

  /// Hinton's loss against its formula in double precision.
  @Test(arguments: [(1.0, true), (2.0, true), (2.0, false)])
  func softenedLogits(temperature: Double, squared: Bool) throws {
    let toy = try ToyWorld()
    let (student, teacher) = (toy.classifier(seed: 1), toy.classifier(seed: 2))
    let description = try #require(MethodRegistry.named("kd"))
    let text = """
      {"temperature": \(temperature), "multiply_by_temperature_squared": \(squared),
       "loss_weights": {"ce": 0.25, "kd": 0.75}}
      """
    let method = try description.configure(section(text))(
      DistillationSetup(
        student: student, teacher: teacher, generator: nil, maskID: 4,
        teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
        studentTraining: TrainedModel(student.parameters),
        totalSteps: 1, labelSmoothing: 0))
    let driver = StepDriver(training: student.parameters, shards: 3)
    let batch = toy.train.batch(Array(0..<10))
    let scalars = try method.loss(driver.context(batch))

    let inference = Inference(pool: toy.pool)
    let (s, t) = (
      try inference.logits(student, data: toy.train), try inference.logits(teacher, data: toy.train)
    )
    func logSoftmax(_ logits: Matrix, _ row: Int, _ scale: Double) -> [Double] {
      let values = (0..<2).map { Double(logits[row, $0]) / scale }
      let sum = values.reduce(0) { $0 + exp($1) }
      return values.map { $0 - log(sum) }
    }
    var (ce, kd) = (0.0, 0.0)
    for row in 0..<10 {
      ce -= logSoftmax(s, row, 1)[Int(batch.targets.classes[row])] / 10
      let (p, q) = (logSoftmax(t, row, temperature), logSoftmax(s, row, temperature))
      kd += zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) } / 10
    }
    let factor = squared ? temperature * temperature : 1
    #expect(Network.ofMethods.agrees(scalars["ce_loss"], ce, evaluations: 2))
    #expect(Network.ofMethods.agrees(scalars["kd_loss"], kd, evaluations: 2))
    #expect(
      Network.ofMethods.agrees(scalars["loss"], (0.25 * ce + 0.75 * factor * kd), evaluations: 2))
    #expect(driver.gradients.contains { $0 != 0 })
  }
}
