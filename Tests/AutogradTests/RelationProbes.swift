import Autograd
import Kernels

extension Probe {
  /// Losses between the layers of two models. Student and teacher are both differentiated; their
  /// widths differ.
  static let relations: [Probe] =
    Relation.allCases.map { relation in
      Probe("\(relation) relation", inputs: [(6, 12), (6, 18)], seed: 5) { tape, x, _ in
        .loss(
          0.7
            * tape.relationDivergence(
              relation, student: x[0], teacher: x[1],
              layout: AttentionLayout(offsets: [0, 3, 4, 6]), heads: 2, weight: 0.7))
      }
    }
    + [
      Probe("attentionScoreError", inputs: [(6, 12), (6, 18)]) { tape, x, _ in
        .loss(
          0.7
            * tape.attentionScoreError(
              student: x[0], teacher: x[1], layout: AttentionLayout(offsets: [0, 3, 4, 6]),
              heads: 2, weight: 0.7))
      },
      Probe("meanSquaredError", inputs: [(6, 3), (6, 3)]) { tape, x, _ in
        .loss(0.7 * tape.meanSquaredError(x[0], x[1], offsets: [0, 3, 4, 6], weight: 0.7))
      },
      Probe("three relations of one layer", inputs: [(5, 4)], weights: [(12, 4)]) { tape, x, w in
        let student = tape.linear(x[0], weight: w[0], bias: nil)
        let teacher = tape.constant(
          Matrix(draw(5 * 18, seed: 77), rows: 5, columns: 18))
        let layout = AttentionLayout(offsets: [0, 2, 5])
        let context = tape.attention(qkv: student, layout: layout, heads: 2)
        var loss = tape.squaredError(context, tape.constant(Matrix(zeros: 5, 4)), weight: 1)
        let terms: [(Relation, Float)] = [(.queries, 0.2), (.keys, 0.3), (.values, 0.5)]
        for (relation, weight) in terms {
          let divergence = tape.relationDivergence(
            relation, student: student, teacher: teacher, layout: layout, heads: 2, weight: weight)
          loss += Double(weight) * divergence
        }
        return .loss(loss)
      },
    ]
}
