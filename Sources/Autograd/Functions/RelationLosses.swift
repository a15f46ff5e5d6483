import Kernels

/// Which of a layer's projections are multiplied with which. The result is the scaled dot products
/// between all tokens of a text, by which models of different widths can be compared.
public enum Relation: Sendable, CaseIterable {
  /// Queries with keys: the attention scores.
  case attention
  /// Queries with queries, keys with keys, values with values (MiniLM, MiniLMv2).
  case queries, keys, values

  /// The factors, as indices of queries (0), keys (1) and values (2): the one that asks and the one
  /// that answers.
  private var places: (asks: Int, answers: Int) {
    switch self {
    case .attention: (0, 1)
    case .queries: (0, 0)
    case .keys: (1, 1)
    case .values: (2, 2)
    }
  }

  /// The columns of fused projections that a relation uses; consecutive in every case.
  func columns(of projections: Matrix) -> Range<Int> {
    let h = projections.columns / 3
    return places.asks * h..<(places.answers + 1) * h
  }

  /// The two factors among the columns in use.
  func factors(_ used: Matrix) -> ScoreFactors {
    let h = used.columns / (places.answers - places.asks + 1)
    return ScoreFactors(
      queries: used.columns(0..<h), keys: used.columns(used.columns - h..<used.columns))
  }
}

extension Tape {
  /// KL(teacher || student) between the distributions softmax(a b^T / sqrt(d)) of a relation,
  /// averaged over heads and tokens of a text and summed over texts; in nats.
  ///
  /// With `.attention` these are the attention probabilities before dropout. Sources: MiniLM (Wang
  /// et al. 2020), eq. 1 and 2; MiniLMv2 (Wang et al. 2021), eq. 2 to 4. Scores are float32 at any
  /// `precision`. The gradient flows into each side that wants one.
  /// - Parameters:
  ///   - student: fused queries, keys and values of a layer, [tokens, 3 H]. The widths may differ.
  ///   - teacher: fused queries, keys and values of a layer, [tokens, 3 H]. The widths may differ.
  ///   - layout: the texts; the same for queries and keys.
  ///   - heads: number of heads into which both sides are split. It may differ from the number of
  ///     attention heads of the models.
  ///   - weight: factor on the gradient.
  public func relationDivergence(
    _ relation: Relation, student: Tensor, teacher: Tensor, layout: AttentionLayout, heads: Int,
    weight: Float
  ) -> Double {
    compare(relation, student, teacher) { s, t, dStudent, dTeacher in
      Kernel.relationDivergence(
        student: s, teacher: t, layout: layout, heads: heads, weight: weight, dStudent: dStudent,
        dTeacher: dTeacher)
    }
  }

  /// Squared error of attention scores before the softmax, averaged over heads and pairs of tokens
  /// of a text and summed over texts.
  ///
  /// Source: TinyBERT (Jiao et al. 2020), eq. 7.
  /// - Parameters:
  ///   - student: fused queries, keys and values of a layer, [tokens, 3 H].
  ///   - teacher: fused queries, keys and values of a layer, [tokens, 3 H].
  ///   - heads: number of attention heads of both models.
  ///   - weight: factor on the gradient.
  public func attentionScoreError(
    student: Tensor, teacher: Tensor, layout: AttentionLayout, heads: Int, weight: Float
  ) -> Double {
    compare(.attention, student, teacher) { s, t, dStudent, dTeacher in
      Kernel.scoreError(
        student: s, teacher: t, layout: layout, heads: heads, weight: weight, dStudent: dStudent,
        dTeacher: dTeacher)
    }
  }

  /// Squared error of packed states, averaged over the elements of a text and summed over texts.
  ///
  /// - Parameters:
  ///   - a: [tokens, H].
  ///   - b: [tokens, H].
  ///   - offsets: text boundaries; no text may be empty.
  ///   - weight: factor on the gradient.
  public func meanSquaredError(
    _ a: Tensor, _ b: Tensor, offsets: [Int], weight: Float
  ) -> Double {
    loss(of: a, and: b) { dA, dB in
      zip(offsets, offsets.dropFirst()).reduce(0) { sum, text in
        let rows = text.0..<text.1
        let elements = rows.count * a.columns
        return sum
          + Kernel.squaredError(
            a.value.rows(rows), b.value.rows(rows), weight: weight / Float(elements),
            dA: dA?.rows(rows), dB: dB?.rows(rows)) / Double(elements)
      }
    }
  }

  private func compare(
    _ relation: Relation, _ student: Tensor, _ teacher: Tensor,
    _ loss: (
      _ student: ScoreFactors, _ teacher: ScoreFactors, _ dStudent: ScoreFactors?,
      _ dTeacher: ScoreFactors?
    ) -> Double
  ) -> Double {
    precondition(student.columns % 3 == 0 && teacher.columns % 3 == 0)
    let pool = pool
    let sides = [student, teacher]
    let columns = sides.map { relation.columns(of: $0.value) }
    let gradients: [Matrix?] = zip(sides, columns).map {
      $0.requiresGradient ? pool.zeros($0.rows, $1.count) : nil
    }
    let factors = zip(sides, columns).map { relation.factors($0.value.columns($1)) }
    let sum = loss(
      factors[0], factors[1], gradients[0].map(relation.factors),
      gradients[1].map(relation.factors))
    onBackward {
      for (side, (range, gradient)) in zip(sides, zip(columns, gradients)) {
        guard let gradient, let target = side.leafGradientTarget(pool) else { continue }
        Kernel.add(gradient, to: target.columns(range))
      }
    }
    return sum
  }
}
