import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// FreeLB: adversarial training by perturbed word embeddings, with gold labels and no teacher.
///
/// The gradients of all K passes count: an update minimises the mean over k of CE(S(E x + delta_k),
/// y) while delta climbs it between the passes. All passes of an update have the same dropout.
/// Source: Zhu et al. 2020 (arXiv 1909.11764), algorithm 1; see `EmbeddingPerturbation`.
public struct FreeLB: Objective {
  static let description = MethodDescription(
    name: "freelb",
    summary: "the student alone on perturbed word embeddings (Zhu et al. 2020)",
    takesSeveralLabels: true, teacherUse: .nothing,
    settings: EmbeddingPerturbation.init(_:), objective: FreeLB.init(_:perturbation:))

  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let perturbation: EmbeddingPerturbation

  package init(_ setup: DistillationSetup, perturbation: EmbeddingPerturbation) {
    self.setup = setup
    self.perturbation = perturbation
    trainedModels = [setup.studentTraining]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    try perturbation.forEachShard(of: step, read: setup.student) { shard, tape, delta in
      shardLoss(step, shard, tape, initial: delta)
    }
  }

  /// The K passes over a shard.
  ///
  /// - Parameter initial: delta_1, [tokens, width]; overwritten.
  package func shardLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, initial delta: Matrix
  ) -> Scalars {
    let student = setup.student
    let passes = perturbation.steps
    let position = tape.drawPosition
    var loss = LossTerms(step, count: step.count * passes)
    for pass in 0..<passes {
      tape.drawPosition = position
      let isLast = pass == passes - 1
      let shift = isLast ? tape.constant(delta) : tape.leaf(delta)
      let words = student.encoder.wordVectors(
        shard.tokens.ids, parameters: student.parameters, tape: tape)
      let logits = student.logits(
        shard.tokens, tape: tape, training: true, vectors: tape.sum(words, shift))
      let sum = loss.add(nil) {
        setup.supervisedLoss(logits, of: shard, on: tape, weight: $0)
      }
      tape.backward()
      if pass == 0 { loss.scalars["first_loss"] = sum / Double(step.count) }
      if isLast { loss.scalars["last_loss"] = sum / Double(step.count) }
      if let gradient = shift.leafGradient {
        perturbation.ascend(delta, along: gradient, offsets: shard.tokens.offsets)
      }
    }
    loss.scalars["perturbation_norm"] =
      perturbation.sumOfNorms(delta, offsets: shard.tokens.offsets) / Double(step.count)
    return loss.scalars
  }
}
