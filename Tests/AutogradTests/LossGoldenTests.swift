import Autograd
import Kernels
import TestSupport
import Testing

/// Losses, and what a step does with gradients, against torch.
@Suite struct LossGoldenTests {
  /// Sums of up to 40 terms, each of some 20 roundings, relative to the largest element.
  private let tolerance = Roundings.gamma(64)

  /// Compares the mean over rows and the gradients of upstream times that mean.
  private func compare(
    _ golden: GoldenCase, rows: Int, factor: Double = 1, _ inputs: [(String, Matrix)],
    _ loss: (_ tape: Tape, _ inputs: [Tensor], _ weight: Float) throws -> Double
  ) throws {
    let tape = Tape(pool: poisonedPool())
    let leaves = inputs.map { tape.leaf($0.1) }
    let upstream = try golden.values("upstream")[0] * factor
    let sum = try loss(tape, leaves, Float(upstream / Double(rows)))
    let mean = try golden.values("outputs", "output")[0]
    #expect(abs(factor * sum / Double(rows) - mean) < tolerance * max(1, abs(mean)))
    tape.backward()
    for (leaf, (name, _)) in zip(leaves, inputs) {
      #expect(
        deviation(leaf.leafGradient?.values, try golden.values("gradients", name)) < tolerance,
        "\(name)")
    }
  }

  @Test(arguments: try GoldenCase.all("cross_entropy"))
  func crossEntropy(golden: GoldenCase) throws {
    let logits = try golden.input("logits")
    let labels = try golden.integers("targets").map { Int32($0) }
    let smoothing = Float(try golden.number("label_smoothing"))
    try compare(golden, rows: logits.rows, [("logits", logits)]) { tape, x, weight in
      tape.crossEntropy(x[0], labels: labels, smoothing: smoothing, weight: weight)
    }
  }

  @Test(
    arguments: try [("kl_divergence", Kernel.Divergence.kl), ("soft_cross_entropy", .ce)]
      .flatMap { file, kind in try GoldenCase.all(file).map { ($0, kind) } })
  func divergence(golden: GoldenCase, kind: Kernel.Divergence) throws {
    let inputs = try ["student", "teacher"].map { ($0, try golden.input($0)) }
    let temperature = try golden.number("temperature")
    let squared = kind == .kl ? try golden.flag("temperature_squared") : false
    try compare(
      golden, rows: inputs[0].1.rows, factor: squared ? temperature * temperature : 1, inputs
    ) { tape, x, weight in
      tape.divergence(
        kind, student: x[0], teacher: x[1], temperature: Float(temperature), weight: weight)
    }
  }

  @Test(arguments: try GoldenCase.all("mse"))
  func squaredError(golden: GoldenCase) throws {
    let inputs = try ["student", "teacher"].map { ($0, try golden.input($0)) }
    try compare(golden, rows: inputs[0].1.rows, inputs) { tape, x, weight in
      tape.squaredError(x[0], x[1], weight: weight)
    }
  }

  @Test(arguments: try GoldenCase.all("adam"))
  func adam(golden: GoldenCase) throws {
    let value = try golden.input("start")
    let gradients = try golden.input("gradients")
    let history = try golden.values("outputs", "values_after_each_step")
    let (m, v) = (Buffer(zeroed: value.count), Buffer(zeroed: value.count))
    for step in 1...gradients.rows {
      let gradient = Matrix(zeros: 1, value.count)
      gradient.copy(from: gradients.rows(step - 1..<step))
      let update = AdamUpdate(
        learningRate: Float(try golden.number("learning_rate")),
        beta1: Float(try golden.number("beta1")), beta2: Float(try golden.number("beta2")),
        epsilon: Float(try golden.number("epsilon")),
        weightDecay: Float(try golden.number("weight_decay")),
        decoupled: try golden.text("optimiser") == "adamw", step: step)
      Kernel.adam(
        update, parameters: value.buffer, gradients: gradient.buffer, firstMoment: m,
        secondMoment: v, range: 0..<value.count)
      let expected = Array(history[(step - 1) * value.count..<step * value.count])
      // A step rounds the weight twice; the update itself is small beside it.
      #expect(deviation(value.values, expected) < Roundings.gamma(2 * step + 2), "step \(step)")
    }
    func compare(_ buffer: Buffer, _ key: String) throws {
      let values = buffer.withFloats { Array($0) }
      #expect(
        deviation(values, try golden.values("outputs", key)) < Roundings.gamma(3 * gradients.rows),
        "\(key)")
    }
    try compare(m, "first_moment")
    try compare(v, "second_moment")
  }

  @Test(arguments: try GoldenCase.all("gradient_clipping"))
  func clipping(golden: GoldenCase) throws {
    let all = try ["first", "second"].flatMap { try golden.input($0).values }
    let buffer = Matrix(all, rows: 1, columns: all.count).buffer
    let square = Kernel.reduceGradients([buffer], count: all.count, pool: ThreadPool(threads: 2))
    let norm = try golden.values("outputs", "norm")[0]
    #expect(abs(square.squareRoot() - norm) < Roundings.gamma(all.count + 2) * norm)
    let factor = Kernel.clipFactor(
      norm: square.squareRoot(), maximum: try golden.number("max_norm"))
    let expected = try ["first", "second"].flatMap { try golden.values("outputs", $0) }
    #expect(deviation(all.map { $0 * factor }, expected) < Roundings.gamma(all.count + 4))
  }
}
