import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Logit distillation on texts unrelated to the task: random words, or the lines of a file. The
/// baseline of data-free distillation.
///
/// L = T^2 D(softmax(T(x)/T), softmax(S(x)/T)), averaged over texts. Source: baseline of AS-DFD
/// (Ma et al. 2020); Krishna et al. 2020 steal models with random words.
public struct RandomText: Objective {
  static let description = MethodDescription(
    name: "random-text",
    summary: "no training data: logit distillation on random words or the lines of a file",
    texts: { try SyntheticTexts($0, words: .random, rows: 20_000, takesCorpus: true) }
  ) { section in
    _ = try SyntheticTexts(section, words: .random, rows: 20_000, takesCorpus: true)
    var terms = LogitTerms(ce: 0, kd: 1)
    terms.temperature = Float(
      try section.number(
        "temperature", default: 1, in: 0.01...1000,
        "What logits are divided by in both softmaxes of the divergence."))
    terms.squaredTemperature = try section.bool(
      "multiply_by_temperature_squared", default: true,
      "Whether the divergence is multiplied by the square of `temperature`.")
    terms.divergence = try section.choice(
      "divergence", default: Kernel.Divergence.kl,
      "KL divergence, or cross-entropy with the teacher's probabilities.")
    try section.finish()
    let found = terms
    return { RandomText(setup: $0, terms: found) }
  }

  /// The student.
  public var trainedModels: [TrainedModel] { [setup.studentTraining] }
  let setup: DistillationSetup
  /// Without gold labels.
  let terms: LogitTerms

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let factor = setup.student.temperatureFactor(
      terms.temperature, squared: terms.squaredTemperature)
    return try step.forEachShard { shard, tape in
      let logits = setup.student.logits(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacherCache.logits(for: shard, tape: tape)
      var loss = LossTerms(step)
      loss.add(nil, weight: factor) {
        setup.student.divergence(
          terms.divergence, student: logits, teacher: teacher, temperature: terms.temperature,
          on: tape, weight: $0)
      }
      tape.backward()
      return loss.scalars
    }
  }
}
