import Autograd
import Kernels
import Models
import Trainers

/// Distillation of token relations of one layer: what MiniLM and MiniLMv2 have in common.
///
/// L = sum_r w_r KL(R_r^T || R_r^S) + w_ce CE(S(x), y) + w_kd T^2 D(T(x), S(x)). The student's
/// layer is its last one.
package struct RelationDistillation: Objective {
  /// A relation's loss.
  package struct Term: Sendable {
    /// Which projections.
    package var relation: Relation
    /// w_r; 0 leaves the term out.
    package var weight: Double

    package init(_ relation: Relation, weight: Double) {
      self.relation = relation
      self.weight = weight
    }

    /// Its name in the log.
    var name: String {
      switch relation {
      case .attention: "attention_loss"
      case .queries: "query_loss"
      case .keys: "key_loss"
      case .values: "value_loss"
      }
    }
  }

  /// The student.
  package let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let terms: [Term]
  private let logitTerms: LogitTerms
  private let heads: Int
  private let teacherLayer: Int

  /// - Parameters:
  ///   - heads: in which both models' projections are split.
  ///   - teacherLayer: counted from 0.
  init(
    _ setup: DistillationSetup, terms: [Term], logitTerms: LogitTerms, heads: Int,
    teacherLayer: Int
  ) {
    self.setup = setup
    self.terms = terms.filter { $0.weight > 0 }
    self.logitTerms = logitTerms
    self.heads = heads
    self.teacherLayer = teacherLayer
    trainedModels = [setup.studentTraining]
  }

  /// One batch; scalars as the method logs them.
  package func loss(_ step: StepContext) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let student = setup.student.logitsAndStates(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacher.logitsAndStates(shard.tokens, tape: tape, training: false)
      var loss = LossTerms(step)
      loss.add(
        logitTerms, student: student.logits, teacher: teacher.logits, of: shard, on: tape,
        setup: setup)
      let layout = AttentionLayout(offsets: shard.tokens.offsets)
      let studentLayer = student.states.projections.count - 1
      for term in terms {
        loss.add(term.name, weight: term.weight) {
          tape.relationDivergence(
            term.relation, student: student.states.projections[studentLayer],
            teacher: teacher.states.projections[teacherLayer], layout: layout, heads: heads,
            weight: $0)
        }
      }
      tape.backward()
      return loss.scalars
    }
  }
}
