import Autograd
import Kernels
import TestSupport
import Testing

/// The losses between layers against torch on padded, masked texts.
@Suite struct RelationGoldenTests {
  /// As `FunctionGoldenTests.tolerance`, for sums of a few hundred terms.
  private let tolerance = Roundings.gamma(256)

  /// Compares the mean over texts and both gradients of upstream times that mean.
  private func compare(
    _ golden: GoldenCase,
    _ loss: (_ tape: Tape, _ student: Tensor, _ teacher: Tensor, _ weight: Float) throws -> Double
  ) throws {
    let tape = Tape(pool: poisonedPool())
    let sides = try ["student", "teacher"].map { ($0, tape.leaf(try golden.input($0))) }
    let texts = Double(try golden.integers("lengths").count)
    let upstream = try golden.values("upstream")[0]
    let sum = try loss(tape, sides[0].1, sides[1].1, Float(upstream / texts))
    let mean = try golden.values("outputs", "output")[0]
    #expect(abs(sum / texts - mean) < tolerance * max(1, abs(mean)))
    tape.backward()
    for (name, tensor) in sides {
      let expected = try golden.values("gradients", name)
      #expect(deviation(tensor.leafGradient?.values, expected) < tolerance, "\(name)")
      #expect(expected.contains { abs($0) > 1e-4 })
    }
  }

  @Test(arguments: try GoldenCase.all("relation_divergence"))
  func relationDivergence(golden: GoldenCase) throws {
    let name = try golden.text("relation")
    let relation = try #require(Relation.allCases.first { "\($0)" == name })
    let layout = AttentionLayout(offsets: offsets(try golden.integers("lengths")))
    let heads = Int(try golden.number("heads"))
    try compare(golden) { tape, student, teacher, weight in
      tape.relationDivergence(
        relation, student: student, teacher: teacher, layout: layout, heads: heads,
        weight: weight)
    }
  }

  @Test(arguments: try GoldenCase.all("attention_score_error"))
  func attentionScoreError(golden: GoldenCase) throws {
    let layout = AttentionLayout(offsets: offsets(try golden.integers("lengths")))
    let heads = Int(try golden.number("heads"))
    try compare(golden) { tape, student, teacher, weight in
      tape.attentionScoreError(
        student: student, teacher: teacher, layout: layout, heads: heads, weight: weight)
    }
  }

  @Test(arguments: try GoldenCase.all("mean_squared_error"))
  func meanSquaredError(golden: GoldenCase) throws {
    let borders = offsets(try golden.integers("lengths"))
    try compare(golden) { tape, student, teacher, weight in
      tape.meanSquaredError(student, teacher, offsets: borders, weight: weight)
    }
  }

  /// Equal sides have no divergence and no gradient, in however many heads.
  @Test(arguments: Relation.allCases, [1, 2, 3, 6])
  func equalSides(relation: Relation, heads: Int) {
    let tape = Tape(pool: poisonedPool())
    let values = Matrix(draw(5 * 18, seed: 3), rows: 5, columns: 18)
    let (student, teacher) = (tape.leaf(values), tape.constant(values))
    let loss = tape.relationDivergence(
      relation, student: student, teacher: teacher, layout: AttentionLayout(offsets: [0, 2, 5]),
      heads: heads, weight: 1)
    tape.backward()
    #expect(loss == 0)
    #expect(student.leafGradient?.values.allSatisfy { $0 == 0 } == true)
  }
}
