import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// The two terms of plain knowledge distillation, on top of which methods put losses on inner layers:
/// w_ce CE(S(x), y) + w_kd T^2 D(softmax(T(x)/T), softmax(S(x)/T)), each averaged over texts.
///
/// In regression CE and D are squared errors, and there is no factor T^2.
package struct LogitTerms: Sendable {
  /// w_ce.
  package var ce: Double
  /// w_kd, without T^2.
  package var kd: Double
  /// T.
  package var temperature: Float = 1
  /// Whether the factor T^2 is there.
  package var squaredTemperature = true
  /// D.
  package var divergence = Kernel.Divergence.kl

  package init(ce: Double, kd: Double) {
    self.ce = ce
    self.kd = kd
  }

  /// Reads `temperature`, `multiply_by_temperature_squared`, `divergence`, and `ce` and `kd` of the
  /// section `loss_weights`; these values are the defaults.
  func reading(_ section: ConfigSection, weights: ConfigSection) throws -> LogitTerms {
    var terms = self
    terms.temperature = Float(
      try section.number(
        "temperature", default: Double(temperature), in: 0.01...1000,
        "What logits are divided by in both softmaxes of the divergence."))
    terms.squaredTemperature = try section.bool(
      "multiply_by_temperature_squared", default: squaredTemperature,
      "Whether the divergence is multiplied by the square of `temperature`.")
    terms.divergence = try section.choice(
      "divergence", default: divergence,
      "KL divergence, or cross-entropy with the teacher's probabilities.")
    terms.ce = try weights.number("ce", default: ce, in: 0...1e6, "Weight of the gold labels.")
    terms.kd = try weights.number(
      "kd", default: kd, in: 0...1e6, "Weight of the teacher's outputs.")
    return terms
  }

  /// T^2, or 1 where the factor is not there.
  func temperatureFactor(_ labels: LabelSet) -> Double {
    let t = labels.isRegression || !squaredTemperature ? 1 : Double(temperature)
    return t * t
  }

  /// Puts both terms of a shard on its tape.
  ///
  /// - Returns: `loss`, `ce_loss` and `kd_loss`, the shard's shares of the batch means; further terms
  ///   are to be added to `loss`.
  func put(
    on tape: Tape, student: Tensor, teacher: Tensor, shard: Shard, step: StepContext,
    setup: DistillationSetup
  ) -> Scalars {
    let count = Double(step.count)
    let weight = step.share / count
    let labels = setup.student.labels
    let kdWeight = kd * temperatureFactor(labels)
    let supervised = tape.supervisedLoss(
      student, shard: shard, labels: labels, smoothing: setup.labelSmoothing,
      weight: Float(ce * weight))
    let distilled = tape.outputDivergence(
      divergence, student: student, teacher: teacher, labels: labels, temperature: temperature,
      weight: Float(kdWeight * weight))
    var scalars = Scalars()
    scalars["loss"] = (ce * supervised + kdWeight * distilled) / count
    scalars["ce_loss"] = supervised / count
    scalars["kd_loss"] = distilled / count
    return scalars
  }
}
