import Autograd
import Kernels
import TestSupport
import Testing

/// The differentiable functions against torch's values and gradients.
@Suite struct FunctionGoldenTests {
  /// Float32 against float64: sums of some 40 terms, each of up to 20 roundings, relative to the
  /// largest element; the upstream gradient itself is sent with a rounding of the output.
  private let tolerance = Roundings.gamma(64)

  /// Sends the case's upstream gradient into `output` and compares the value and all gradients.
  private func compare(
    _ golden: GoldenCase, _ tape: Tape, _ output: Tensor, _ inputs: [(String, Tensor)],
    tolerance: Double? = nil
  ) throws {
    let limit = tolerance ?? self.tolerance
    #expect(deviation(output.value.values, try golden.values("outputs", "output")) < limit)
    tape.send(try golden.values("upstream").map { Float($0) }, into: output)
    tape.backward()
    for (name, tensor) in inputs {
      let gradient = tensor.leafGradient?.values
      #expect(deviation(gradient, try golden.values("gradients", name)) < limit, "\(name)")
    }
  }

  @Test(arguments: try GoldenCase.all("linear"))
  func linear(golden: GoldenCase) throws {
    let tape = Tape(pool: poisonedPool())
    let x = tape.leaf(try golden.input("x"))
    let weight = tape.leaf(try golden.input("weight"))
    let bias = golden.has("inputs", "bias") ? tape.leaf(try golden.input("bias")) : nil
    let y = tape.linear(x, weight: weight, bias: bias)
    try compare(
      golden, tape, y, [("x", x), ("weight", weight)] + (bias.map { [("bias", $0)] } ?? []))
  }

  @Test(
    arguments: try [("gelu_erf", Activation.gelu), ("gelu_tanh", .geluTanh), ("tanh", .tanh)]
      .flatMap { file, f in try GoldenCase.all(file).map { ($0, f) } })
  func activations(golden: GoldenCase, f: Activation) throws {
    // Activations come fused to a linear layer; an identity matrix leaves the activation alone.
    let tape = Tape(pool: poisonedPool())
    let x = tape.leaf(try golden.input("x"))
    let identity = Matrix(zeros: x.columns, x.columns)
    for i in 0..<x.columns { identity[i, i] = 1 }
    let y = tape.linear(x, weight: tape.constant(identity), bias: nil, activation: f)
    try compare(golden, tape, y, [("x", x)])
  }

  @Test(arguments: try GoldenCase.all("softmax"))
  func softmax(golden: GoldenCase) throws {
    let tape = Tape(pool: poisonedPool())
    let x = tape.leaf(try golden.input("x"))
    // Logits up to 100 are scaled and shifted in float32 before exp: two roundings of 100.
    try compare(golden, tape, tape.softmax(x), [("x", x)], tolerance: Roundings.gamma(2 * 100 + 64))
  }

  @Test(
    arguments: try GoldenCase.all("layer_norm") + GoldenCase.all("residual_layer_norm"))
  func addNorm(golden: GoldenCase) throws {
    let tape = Tape(pool: poisonedPool())
    let names = ["x", "weight", "bias"] + (golden.has("inputs", "residual") ? ["residual"] : [])
    let leaves = try Dictionary(
      uniqueKeysWithValues: names.map { ($0, tape.leaf(try golden.input($0))) })
    let x = try #require(leaves["x"])
    let gamma = try #require(leaves["weight"])
    let beta = try #require(leaves["bias"])
    var y = x
    var extra: [(String, Tensor)] = []
    if golden.has("inputs", "dense_bias") {
      // The bias belongs to the layer before: x is what an identity weight makes of itself.
      let identity = Matrix(zeros: x.columns, x.columns)
      for i in 0..<x.columns { identity[i, i] = 1 }
      let bias = tape.leaf(try golden.input("dense_bias"))
      y = tape.linear(x, weight: tape.constant(identity), bias: bias)
      extra = [("dense_bias", bias)]
    }
    let epsilon = try golden.number("epsilon")
    // Roundings of what is normalised are magnified by the reciprocal of its standard deviation.
    let sums = leaves["residual"].map { zip(y.value.values, $0.value.values).map { $0 + $1 } }
    let rows = Matrix(sums ?? y.value.values, rows: y.rows, columns: y.columns)
    let magnified = (0..<rows.rows).reduce(1.0) { most, row in
      let values = rows.rows(row..<row + 1).values.map(Double.init)
      let mean = values.reduce(0, +) / Double(values.count)
      let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      return max(most, values.reduce(0) { max($0, abs($1)) } / (square + epsilon).squareRoot())
    }
    let out = tape.addNorm(
      y, residual: leaves["residual"], gamma: gamma, beta: beta,
      epsilon: Float(epsilon))
    try compare(
      golden, tape, out, leaves.map { ($0.key, $0.value) } + extra,
      tolerance: Roundings.gamma(2 * x.columns + 16) * magnified)
  }

  @Test(arguments: try GoldenCase.all("embedding"))
  func embedding(golden: GoldenCase) throws {
    let tape = Tape(pool: poisonedPool())
    let (words, positions, types) = (
      tape.leaf(try golden.input("word")), tape.leaf(try golden.input("position")),
      tape.leaf(try golden.input("type"))
    )
    let (gamma, beta) = (
      tape.leaf(try golden.input("weight")), tape.leaf(try golden.input("bias"))
    )
    func ids(_ key: String) throws -> [Int32] { try golden.integers(key).map { Int32($0) } }
    let sum = tape.embedding(
      words: words, positions: positions, types: types, ids: try ids("ids"),
      positionIDs: try ids("positions"), typeIDs: try ids("types"))
    // Two sums, each of at most twice the largest.
    #expect(deviation(sum.value.values, try golden.values("outputs", "sum")) < Roundings.gamma(4))
    let out = tape.addNorm(
      sum, residual: nil, gamma: gamma, beta: beta, epsilon: Float(try golden.number("epsilon")))
    try compare(
      golden, tape, out,
      [
        ("word", words), ("position", positions), ("type", types), ("weight", gamma),
        ("bias", beta),
      ])
  }

  @Test(arguments: try GoldenCase.all("packed_attention"), [true, false])
  func attention(golden: GoldenCase, fused: Bool) throws {
    let tape = Tape(pool: poisonedPool())
    let layout = AttentionLayout(offsets: offsets(try golden.integers("lengths")))
    let heads = Int(try golden.number("heads"))
    let all = try golden.input("qkv")
    let h = all.columns / 3
    if fused {
      let qkv = tape.leaf(all)
      try compare(
        golden, tape, tape.attention(qkv: qkv, layout: layout, heads: heads), [("qkv", qkv)])
    } else {
      let q = tape.leaf(all.columns(0..<h))
      let kv = tape.leaf(all.columns(h..<3 * h))
      try compare(golden, tape, tape.attention(q: q, kv: kv, layout: layout, heads: heads), [])
      let gradient = Matrix(zeros: all.rows, 3 * h)
      gradient.columns(0..<h).copy(from: try #require(q.leafGradient))
      gradient.columns(h..<3 * h).copy(from: try #require(kv.leafGradient))
      #expect(deviation(gradient.values, try golden.values("gradients", "qkv")) < tolerance)
    }
  }

  @Test(arguments: try GoldenCase.all("gumbel_softmax"))
  func gumbelSoftmax(golden: GoldenCase) throws {
    let tape = Tape(pool: poisonedPool())
    let logits = tape.leaf(try golden.input("logits"))
    let words = tape.leaf(try golden.input("embedding"))
    let noise = try golden.matrix("noise")
    let sample = tape.gumbelSoftmax(
      logits, temperature: Float(try golden.number("temperature")), noise: noise)
    #expect(sample.ids.map { Int($0) } == (try golden.integers("chosen")))
    #expect(tape.gumbelArgmax(logits, noise: noise) == sample.ids)
    #expect(deviation(sample.softmax.values, try golden.values("outputs", "soft")) < tolerance)
    let positions = tape.constant(Matrix(zeros: 1, words.columns))
    let zeros = [Int32](repeating: 0, count: logits.rows)
    let out = tape.embedding(
      words: words, positions: positions, types: nil, ids: sample.ids, positionIDs: zeros,
      typeIDs: [], sample: (rows: Array(0..<logits.rows), words: sample))
    try compare(golden, tape, out, [("logits", logits), ("embedding", words)])
  }
}
