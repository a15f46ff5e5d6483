import Autograd
import Configuration
import Models
import Trainers

/// Knowledge distillation by softened logits.
///
/// L = w_ce CE(S(x), y) + w_kd T^2 D(softmax(T(x)/T), softmax(S(x)/T)), each averaged over texts.
/// Source: Hinton et al. 2015; equal halves at T = 1 are the baseline of the CILDA code.
public struct KnowledgeDistillation<Head: DistillableModel>: Objective {
  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: MethodSetup<Head>
  private let terms: LogitTerms

  init(_ setup: MethodSetup<Head>, terms: LogitTerms) {
    self.setup = setup
    self.terms = terms
    trainedModels = [setup.studentTraining]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    try step.forEachShard { shard, tape in
      var loss = LossTerms(step)
      loss.add(
        terms, student: setup.student.logits(shard.tokens, tape: tape, training: true),
        teacher: setup.teacherCache.logits(for: shard, tape: tape), of: shard, on: tape,
        setup: setup)
      tape.backward()
      return loss.scalars
    }
  }
}

extension KnowledgeDistillation where Head == SequenceClassifier {
  static var description: MethodDescription {
    MethodDescription(
      name: "kd", summary: "logit distillation (Hinton et al. 2015)", takesSeveralLabels: true,
      teacherUse: .logits, unlabelledTexts: .alone,
      settings: { section in
        try section.lossWeights {
          try LogitTerms(ce: 0.5, kd: 0.5).reading(section, weights: $0)
        }
      },
      objective: { KnowledgeDistillation<SequenceClassifier>($0, terms: $1) },
      spanObjective: { KnowledgeDistillation<SpanClassifier>($0, terms: $1) })
  }
}
