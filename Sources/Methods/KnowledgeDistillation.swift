import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Knowledge distillation by softened logits.
///
/// L = w_ce CE(S(x), y) + w_kd T^2 D(softmax(T(x)/T), softmax(S(x)/T)), each averaged over texts.
/// Source: Hinton et al. 2015; equal halves at T = 1 are the baseline of the CILDA code.
public struct KnowledgeDistillation: Objective {
  static let description = MethodDescription(
    name: "kd", summary: "logit distillation (Hinton et al. 2015)", takesSeveralLabels: true,
    configure: { section in
      let settings = try Settings(reading: section)
      return { KnowledgeDistillation($0, settings: settings) }
    },
    configureSpans: { section in
      let settings = try Settings(reading: section)
      return { SpanDistillation($0, settings: settings) }
    })

  struct Settings: Sendable {
    var temperature: Float
    var squaredTemperature: Bool
    var divergence: Kernel.Divergence
    var weights: LossWeights

    /// Reads the method's section to its end.
    init(reading section: ConfigSection) throws {
      temperature = Float(
        try section.number(
          "temperature", default: 1, in: 0.01...1000,
          "What logits are divided by in both softmaxes of the divergence."))
      squaredTemperature = try section.bool(
        "multiply_by_temperature_squared", default: true,
        "Whether the divergence is multiplied by the square of `temperature`.")
      divergence = try section.choice(
        "divergence", default: Kernel.Divergence.kl,
        "KL divergence, or cross-entropy with the teacher's probabilities.")
      weights = try LossWeights(section, ce: 0.5, kd: 0.5)
      try section.finish()
    }

    /// The factor of the divergence from the teacher.
    var divergenceWeight: Double {
      weights.kd * (squaredTemperature ? Double(temperature) * Double(temperature) : 1)
    }
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings

  init(_ setup: DistillationSetup, settings: Settings) {
    self.setup = setup
    self.settings = settings
    trainedModels = [setup.studentTraining]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let weight = step.share / Double(step.count)
    let t = settings.temperature
    let kdWeight = settings.divergenceWeight
    return try step.forEachShard { shard, tape in
      let student = setup.student
      let logits = student.logits(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacherCache.logits(for: shard, tape: tape)
      let ce = tape.supervisedLoss(
        logits, shard: shard, labels: student.labels, smoothing: setup.labelSmoothing,
        weight: Float(settings.weights.ce * weight))
      let kd = tape.outputDivergence(
        settings.divergence, student: logits, teacher: teacher, labels: student.labels,
        temperature: t, weight: Float(kdWeight * weight))
      tape.backward()
      var scalars = Scalars()
      scalars["loss"] = (settings.weights.ce * ce + kdWeight * kd) / Double(step.count)
      scalars["ce_loss"] = ce / Double(step.count)
      scalars["kd_loss"] = kd / Double(step.count)
      return scalars
    }
  }
}

/// The factors of a method's loss terms (`loss_weights`).
package struct LossWeights: Sendable {
  /// Gold labels on clean text, teacher on clean text, teacher on adversarial text.
  package var ce, kd, adversarial: Double

  init(_ section: ConfigSection, ce: Double, kd: Double, adversarial: Double? = nil) throws {
    let weights = try section.sectionOrEmpty("loss_weights", "The factors of the loss terms.")
    self.ce = try weights.number("ce", default: ce, in: 0...1e6, "Weight of the gold labels.")
    self.kd = try weights.number("kd", default: kd, in: 0...1e6, "Weight of the teacher's outputs.")
    self.adversarial =
      if let adversarial {
        try weights.number(
          "adversarial", default: adversarial, in: 0...1e6,
          "Weight of the teacher's outputs on adversarial text.")
      } else { 0 }
    try weights.finish()
  }

  package init(ce: Double, kd: Double, adversarial: Double) {
    self.ce = ce
    self.kd = kd
    self.adversarial = adversarial
  }
}
