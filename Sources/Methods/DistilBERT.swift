import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// DistilBERT's triple loss at a task: labels, the teacher's logits, the direction of its states.
///
/// L = w_ce CE(S(x), y) + w_kd T^2 KL(T(x)/T, S(x)/T) + w_cos COS, where COS is 1 - cos(h_S, h_T)
/// between the last layers' states of a token, averaged over the tokens of a text, then over texts.
/// Source: Sanh, Debut, Chaumond and Wolf 2019 (arXiv 1910.01108), there on pre-training text, and
/// the authors' `distiller.py`; docs/methods/distilbert.md lists every difference.
public struct DistilBERT: Objective {
  static let description = MethodDescription(
    name: "distilbert",
    summary: "logits and directions of the last layer's states (Sanh et al. 2019)",
    takesSeveralLabels: true, unlabelledTexts: .alone
  ) { section in
    var defaults = LogitTerms(ce: 0.5, kd: 0.5)
    defaults.temperature = 2
    let (terms, cosine) = try section.lossWeights { weights in
      (
        try defaults.reading(section, weights: weights),
        try weights.number(
          "cosine", default: 0.1, in: 0...1e6,
          "Weight of the angle between the last layers' states.")
      )
    }
    return { try DistilBERT($0, terms: terms, cosine: cosine) }
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let terms: LogitTerms
  private let cosine: Double

  /// - Parameter cosine: w_cos.
  /// - Throws: `MismatchError` if teacher and student are not equally wide.
  package init(_ setup: DistillationSetup, terms: LogitTerms, cosine: Double) throws {
    try setup.requireEqualWidths(method: "distilbert", compares: "directions of states")
    self.setup = setup
    self.terms = terms
    self.cosine = cosine
    trainedModels = [setup.studentTraining]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    // 1 - cos is half the squared distance of the directions; the error is its mean over H numbers.
    let scale = Double(setup.shapes.student.hiddenSize) / 2
    return try step.forEachShard { shard, tape in
      let student = setup.student.logitsAndStates(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacher.logitsAndStates(shard.tokens, tape: tape, training: false)
      var loss = LossTerms(step)
      loss.add(
        terms, student: student.logits, teacher: teacher.logits, of: shard, on: tape, setup: setup)
      loss.add("cosine_loss", weight: cosine, scale: scale) {
        tape.meanSquaredError(
          tape.normalizedRows(student.states.last), tape.normalizedRows(teacher.states.last),
          offsets: shard.tokens.offsets, weight: $0)
      }
      tape.backward()
      return loss.scalars
    }
  }
}
