import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Logit distillation on texts that have nothing to do with the task: random words, or the lines of a
/// file. The baseline of data-free distillation.
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
    let temperature = Float(
      try section.number(
        "temperature", default: 1, in: 0.01...1000,
        "What logits are divided by in both softmaxes of the divergence."))
    let isSquared = try section.bool(
      "multiply_by_temperature_squared", default: true,
      "Whether the divergence is multiplied by the square of `temperature`.")
    let divergence = try section.choice(
      "divergence", default: Kernel.Divergence.kl,
      "KL divergence, or cross-entropy with the teacher's probabilities.")
    try section.finish()
    return {
      RandomText(
        setup: $0, temperature: temperature, factor: isSquared ? temperature * temperature : 1,
        divergence: divergence)
    }
  }

  /// The student.
  public var trainedModels: [TrainedModel] { [setup.studentTraining] }
  let setup: DistillationSetup
  let temperature, factor: Float
  let divergence: Kernel.Divergence

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let weight = Double(factor) * step.share / Double(step.count)
    return try step.forEachShard { shard, tape in
      let logits = setup.student.logits(shard.tokens, tape: tape, training: true)
      let sum = tape.outputDivergence(
        divergence, student: logits, teacher: setup.teacherCache.logits(for: shard, tape: tape),
        labels: setup.student.labels, temperature: temperature, weight: Float(weight))
      tape.backward()
      var scalars = Scalars()
      scalars["loss"] = Double(factor) * sum / Double(step.count)
      return scalars
    }
  }
}
