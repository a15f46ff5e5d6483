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
    takesSeveralLabels: true,
    texts: { try SyntheticTexts($0, words: .random, rows: 20_000, takesCorpus: true) }
  ) { section in
    let terms = try LogitTerms(ce: 0, kd: 1).readingDivergence(section)
    return { RandomText(setup: $0, terms: terms) }
  }

  /// The student.
  public var trainedModels: [TrainedModel] { [setup.studentTraining] }
  let setup: DistillationSetup
  /// Without gold labels.
  let terms: LogitTerms

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let factor = terms.factor(of: setup.student)
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
