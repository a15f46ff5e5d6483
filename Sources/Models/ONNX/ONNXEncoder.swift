import Autograd
import Kernels

/// The encoder as a graph of ONNX operators. Texts are padded here, [batch, sequence], as in
/// transformers.
struct ONNXEncoder {
  let encoder: Encoder
  let weights: ONNXWeights

  private var configuration: EncoderConfiguration { encoder.configuration }
  private var family: FamilyDescription { configuration.family.description }

  /// Adds the encoder and returns its last states.
  ///
  /// - Parameter firstTokenOnly: computes the last layer for the first token alone: [batch, H]
  ///   instead of [batch, sequence, H].
  func states(firstTokenOnly: Bool, in graph: inout ONNXGraph) -> String {
    let shape: [ONNXGraph.Dimension] = [.named("batch"), .named("sequence")]
    let ids = graph.input("input_ids", .int64, shape)
    let mask = graph.input("attention_mask", .int64, shape)
    let segments =
      configuration.typeVocabularySize > 1 ? graph.input("token_type_ids", .int64, shape) : nil

    var x = embeddings(ids, segments, in: &graph)
    // What is added to the scores of padding: the least finite number, as in transformers.
    let hidden = graph.node(
      "Sub", [graph.scalar(1), graph.node("Cast", [mask], [("to", .integer(1))])])
    let bias = graph.node(
      "Unsqueeze",
      [
        graph.node("Mul", [hidden, graph.scalar(-Float.greatestFiniteMagnitude)]),
        graph.integers([1, 2]),
      ])
    for (index, layer) in encoder.layers.enumerated() {
      let isLast = index == encoder.layers.count - 1
      x = self.layer(layer, index, x, bias, firstTokenOnly: isLast && firstTokenOnly, in: &graph)
    }
    guard firstTokenOnly else { return x }
    return graph.node("Gather", [x, graph.integers([0], shape: [])], [("axis", .integer(1))])
  }

  private func embeddings(_ ids: String, _ segments: String?, in graph: inout ONNXGraph) -> String {
    let prefix = "\(family.encoder).embeddings"
    let words = weights.rows(
      ids, of: encoder.words, "\(prefix).word_embeddings.weight", in: &graph)
    let positions = graph.node(
      "Gather",
      [
        weights.table(
          encoder.positions, "\(prefix).position_embeddings.weight", in: &graph),
        positionIDs(ids, in: &graph),
      ])
    var sum = graph.node("Add", [words, positions])
    if let types = encoder.types {
      let name = "\(prefix).token_type_embeddings.weight"
      let added =
        segments.map { graph.node("Gather", [weights.table(types, name, in: &graph), $0]) }
        ?? weights.vector(types, name, in: &graph)
      sum = graph.node("Add", [sum, added])
    }
    let normed = norm(sum, encoder.gamma, encoder.beta, "\(prefix).LayerNorm", in: &graph)
    guard let projection = encoder.projection else { return normed }
    return weights.linear(
      normed, projection.weight, projection.bias, "\(family.encoder).embeddings_project",
      in: &graph)
  }

  /// From 0; in RoBERTa padding has `pad_token_id`, and the other tokens count on from there.
  private func positionIDs(_ ids: String, in graph: inout ONNXGraph) -> String {
    guard family.positionsFollowPadding else {
      let length = graph.node(
        "Gather", [graph.node("Shape", [ids]), graph.integers([1], shape: [])])
      return graph.node(
        "Range", [graph.integers([0], shape: []), length, graph.integers([1], shape: [])])
    }
    let padding = graph.integers([configuration.padTokenID], shape: [])
    let isWord = graph.node(
      "Cast", [graph.node("Not", [graph.node("Equal", [ids, padding])])], [("to", .integer(7))])
    let count = graph.node("CumSum", [isWord, graph.integers([1], shape: [])])
    return graph.node("Add", [graph.node("Mul", [count, isWord]), padding])
  }

  private func layer(
    _ layer: EncoderLayer, _ index: Int, _ x: String, _ bias: String, firstTokenOnly: Bool,
    in graph: inout ONNXGraph
  ) -> String {
    let (c, names) = (configuration, family.layer)
    let h = c.hiddenSize
    let prefix = "\(family.encoder).\(family.layers).\(index)"
    let queried =
      firstTokenOnly
      ? graph.node(
        "Slice",
        [x, graph.integers([0]), graph.integers([1]), graph.integers([1])]) : x
    let split = graph.integers([0, 0, c.attentionHeads, h / c.attentionHeads])
    func heads(_ x: String, _ part: Int, _ name: String, _ order: [Int]) -> String {
      let projected = weights.linear(
        x, layer.qkvWeight.rows(part * h..<(part + 1) * h),
        layer.qkvBias.columns(part * h..<(part + 1) * h), "\(prefix).\(name)", in: &graph)
      return graph.node(
        "Transpose", [graph.node("Reshape", [projected, split])], [("perm", .integers(order))])
    }
    let query = heads(queried, 0, names.query, [0, 2, 1, 3])
    let key = heads(x, 1, names.key, [0, 2, 3, 1])
    let value = heads(x, 2, names.value, [0, 2, 1, 3])
    let scale = 1 / Float(h / c.attentionHeads).squareRoot()
    let scores = graph.node(
      "Add",
      [graph.node("Mul", [graph.node("MatMul", [query, key]), graph.scalar(scale)]), bias])
    let probabilities = graph.node("Softmax", [scores], [("axis", .integer(-1))])
    let mixed = graph.node(
      "Transpose", [graph.node("MatMul", [probabilities, value])],
      [("perm", .integers([0, 2, 1, 3]))])
    let context = graph.node("Reshape", [mixed, graph.integers([0, 0, h])])
    let attended = norm(
      graph.node(
        "Add",
        [
          weights.linear(
            context, layer.attentionWeight, layer.attentionBias,
            "\(prefix).\(names.attentionOutput)", in: &graph),
          queried,
        ]), layer.attentionGamma, layer.attentionBeta, "\(prefix).\(names.attentionNorm)",
      in: &graph)
    let inner = graph.activation(
      c.activation,
      weights.linear(
        attended, layer.intermediateWeight, layer.intermediateBias,
        "\(prefix).\(names.intermediate)", in: &graph))
    return norm(
      graph.node(
        "Add",
        [
          weights.linear(
            inner, layer.outputWeight, layer.outputBias, "\(prefix).\(names.output)", in: &graph),
          attended,
        ]), layer.outputGamma, layer.outputBeta, "\(prefix).\(names.outputNorm)", in: &graph)
  }

  private func norm(
    _ x: String, _ gamma: ParameterSlot, _ beta: ParameterSlot, _ name: String,
    in graph: inout ONNXGraph
  ) -> String {
    graph.node(
      "LayerNormalization",
      [
        x, weights.vector(gamma, "\(name).weight", in: &graph),
        weights.vector(beta, "\(name).bias", in: &graph),
      ],
      [("axis", .integer(-1)), ("epsilon", .float(configuration.layerNormEpsilon))])
  }
}

extension ONNXGraph {
  /// Adds an activation.
  mutating func activation(_ f: Activation, _ x: String) -> String {
    switch f {
    case .relu: return node("Relu", [x])
    case .tanh: return node("Tanh", [x])
    case .gelu:
      let scaled = node("Mul", [x, scalar(Float(0.5).squareRoot())])
      return gelu(x, node("Erf", [scaled]))
    case .geluTanh:
      let cube = node("Mul", [x, node("Mul", [x, x])])
      let sum = node("Add", [x, node("Mul", [cube, scalar(0.044715)])])
      return gelu(x, node("Tanh", [node("Mul", [sum, scalar((2 / Float.pi).squareRoot())])]))
    }
  }

  /// x (1 + t) / 2.
  private mutating func gelu(_ x: String, _ t: String) -> String {
    let half = node("Mul", [x, scalar(0.5)])
    return node("Mul", [half, node("Add", [t, scalar(1)])])
  }
}
