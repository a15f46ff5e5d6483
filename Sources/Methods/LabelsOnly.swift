import Autograd
import Configuration
import Models
import Trainers

/// Plain supervised training: fine-tuning a teacher, or the student of method `none`.
public struct LabelsOnly<Head: DistillableModel>: Objective {
  /// The model.
  public let trainedModels: [TrainedModel]
  private let model: Head
  private let labelSmoothing: Float

  /// Supervised training of a model.
  public init(_ model: Head, training: TrainedModel, labelSmoothing: Float = 0) {
    self.model = model
    self.labelSmoothing = labelSmoothing
    trainedModels = [training]
  }

  init(_ setup: MethodSetup<Head>) {
    self.init(
      setup.student, training: setup.studentTraining, labelSmoothing: setup.labelSmoothing)
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let logits = model.logits(shard.tokens, tape: tape, training: true)
      var loss = LossTerms(step)
      loss.add(nil) {
        model.supervisedLoss(
          logits, of: shard, smoothing: labelSmoothing, on: tape, weight: $0)
      }
      tape.backward()
      return loss.scalars
    }
  }
}

extension LabelsOnly where Head == SequenceClassifier {
  static var description: MethodDescription {
    MethodDescription(
      name: "none", summary: "the student alone: gold labels, no teacher (the baseline)",
      takesSeveralLabels: true, teacherUse: .nothing,
      configure: { _ in { LabelsOnly<SequenceClassifier>($0) } },
      configureSpans: { _ in { LabelsOnly<SpanClassifier>($0) } })
  }
}
