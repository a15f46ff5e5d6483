import Autograd
import Kernels
import TestSupport
import Testing

/// Losses of texts with several labels, against torch.
@Suite struct BinaryLossTests {
  /// Sums of up to 40 terms, each of some 20 roundings, relative to the largest element.
  private let tolerance = Roundings.gamma(64)

  @Test(arguments: try GoldenCase.all("binary_cross_entropy"))
  func crossEntropy(golden: GoldenCase) throws {
    let logits = try golden.input("logits")
    let targets = Matrix(
      try golden.integers("targets").map { Float($0) }, rows: logits.rows, columns: logits.columns)
    try compare(golden, [("logits", logits)]) { tape, x, weight in
      tape.binaryCrossEntropy(x[0], targets: targets, weight: weight)
    }
  }

  @Test(arguments: try GoldenCase.all("binary_divergence"))
  func divergence(golden: GoldenCase) throws {
    let kind = try #require(Kernel.Divergence(rawValue: try golden.text("kind")))
    let temperature = Float(try golden.number("temperature"))
    let inputs = try ["student", "teacher"].map { ($0, try golden.input($0)) }
    try compare(golden, inputs) { tape, x, weight in
      tape.binaryDivergence(
        kind, student: x[0], teacher: x[1], temperature: temperature, weight: weight)
    }
  }

  /// Compares the mean over rows and the gradients of upstream times that mean.
  private func compare(
    _ golden: GoldenCase, _ inputs: [(String, Matrix)],
    _ loss: (_ tape: Tape, _ inputs: [Tensor], _ weight: Float) throws -> Double
  ) throws {
    let rows = Double(inputs[0].1.rows)
    let tape = Tape(pool: poisonedPool())
    let leaves = inputs.map { tape.leaf($0.1) }
    let upstream = try golden.values("upstream")[0]
    let mean = try loss(tape, leaves, Float(upstream / rows)) / rows
    let expected = try golden.values("outputs", "output")[0]
    #expect(abs(mean - expected) < tolerance * max(1, abs(expected)))
    tape.backward()
    for (leaf, (name, _)) in zip(leaves, inputs) {
      #expect(
        deviation(leaf.leafGradient?.values, try golden.values("gradients", name)) < tolerance,
        "\(name)")
    }
  }

  @Test func extremeLogits() {
    let x = Matrix([1e4, -1e4, 1e4, -1e4], rows: 1, columns: 4)
    let g = Matrix(zeros: 1, 4)
    let sum = Kernel.binaryCrossEntropy(
      x, targets: Matrix([1, 0, 0, 1], rows: 1, columns: 4), gradient: g)
    #expect(sum == 5e3 && g.values == [0, 0, 0.25, -0.25])
    let kl = Kernel.binaryDivergence(.kl, student: x, teacher: x, dStudent: g, dTeacher: nil)
    #expect(kl == 0 && g.values == [0, 0, 0, 0])
  }
}

extension Probe {
  static let binaryLosses: [Probe] =
    [
      Probe("binaryCrossEntropy", inputs: [(3, 5)]) { tape, x, _ in
        let targets = Matrix((0..<15).map { $0 % 4 == 0 ? 1 : 0 }, rows: 3, columns: 5)
        return .loss(0.7 * tape.binaryCrossEntropy(x[0], targets: targets, weight: 0.7))
      }
    ]
    + Kernel.Divergence.allCases.map { kind in
      Probe("binary \(kind)", inputs: [(3, 5), (3, 5)]) { tape, x, _ in
        .loss(
          0.7
            * tape.binaryDivergence(
              kind, student: x[0], teacher: x[1], temperature: 2, weight: 0.7))
      }
    }
}
