import Autograd
import Configuration
import Models
import Trainers

/// Plain supervised training: fine-tuning a teacher, or the student of method `none`.
public struct LabelsOnly: Objective {
  static let description = MethodDescription(
    name: "none", summary: "the student alone: gold labels, no teacher (the baseline)",
    takesSeveralLabels: true,
    configure: { section in
      try section.finish()
      return {
        LabelsOnly($0.student, training: $0.studentTraining, labelSmoothing: $0.labelSmoothing)
      }
    },
    configureSpans: { section in
      try section.finish()
      return {
        SpanDistillation(
          $0.student, training: $0.studentTraining, labelSmoothing: $0.labelSmoothing)
      }
    })

  /// The model.
  public let trainedModels: [TrainedModel]
  private let model: SequenceClassifier
  private let labelSmoothing: Float

  /// Supervised training of a classifier.
  public init(_ model: SequenceClassifier, training: TrainedModel, labelSmoothing: Float = 0) {
    self.model = model
    self.labelSmoothing = labelSmoothing
    trainedModels = [training]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let logits = model.logits(shard.tokens, tape: tape, training: true)
      let sum = tape.supervisedLoss(
        logits, shard: shard, labels: model.labels, smoothing: labelSmoothing,
        weight: Float(step.share / Double(step.count)))
      tape.backward()
      var scalars = Scalars()
      scalars["loss"] = sum / Double(step.count)
      return scalars
    }
  }
}
