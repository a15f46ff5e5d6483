import Autograd
import Files
import Kernels

/// Writes models as ONNX files, which ONNX Runtime and others run.
///
/// Inputs have transformers' names (`input_ids`, `attention_mask` and, where a model has segments,
/// `token_type_ids`); batch and sequence may have any length. Outputs are `logits`, or
/// `start_logits` and `end_logits`.
///
/// ```swift
/// let (classifier, _) = try ModelFolder(path).classifier(seed: 42)
/// try ONNXExport(weights: .int8).write(classifier, to: "\(path)/model.onnx")
/// ```
public struct ONNXExport: Sendable {
  /// The versions of the operators that can be written. 17 is the first with LayerNormalization.
  public static let opsets = 17...21

  /// The version of the operators.
  public var opset: Int
  /// How matrices are stored.
  public var weights: ONNXWeightType
  /// Who made the file, as it says itself.
  public var producer: String

  /// An export; `opset` must be in `opsets`.
  public init(
    opset: Int = 17, weights: ONNXWeightType = .float32, producer: String = "mate-kd"
  ) {
    precondition(Self.opsets.contains(opset))
    self.opset = opset
    self.weights = weights
    self.producer = producer
  }

  /// Writes a classifier or regressor.
  /// - Throws: `FileError` if the file cannot be written or would be too large.
  @discardableResult
  public func write(_ model: SequenceClassifier, to path: String) throws -> ONNXFile {
    let names = model.labels.names.enumerated().map { ("id2label.\($0)", $1) }
    return try write(
      model.parameters, to: path,
      metadata: names + [("problem_type", model.labels.problem.rawValue)]
    ) { Self.graph(of: model, $0) }
  }

  /// Writes a model that finds answers in texts.
  /// - Throws: `FileError` if the file cannot be written or would be too large.
  @discardableResult
  public func write(_ model: SpanClassifier, to path: String) throws -> ONNXFile {
    try write(model.parameters, to: path, metadata: []) { Self.graph(of: model, $0) }
  }

  private func write(
    _ parameters: Parameters, to path: String, metadata: [(String, String)],
    _ graph: (ONNXWeights) -> ONNXGraph
  ) throws -> ONNXFile {
    let header = ONNXGraph.Header(opset: opset, producer: producer, metadata: metadata)
    let stored = ONNXWeights(parameters: parameters, type: weights)
    let written = graph(stored)
    try written.write(to: path, header)
    // Values are only read when a graph is written.
    let unrounded = graph(ONNXWeights(parameters: parameters, type: .float32))
    return ONNXFile(
      bytes: written.byteCount(header), float32Bytes: unrounded.byteCount(header),
      rounding: stored.roundings.greatest)
  }

  private static func graph(of model: SequenceClassifier, _ weights: ONNXWeights) -> ONNXGraph {
    var graph = ONNXGraph()
    let head = model.encoder.configuration.family.description.classifier
    let first = ONNXEncoder(encoder: model.encoder, weights: weights)
      .states(firstTokenOnly: true, in: &graph)
    let dense = graph.activation(
      head.activation,
      weights.linear(first, model.denseWeight, model.denseBias, head.dense, in: &graph))
    graph.output(
      weights.linear(dense, model.weight, model.bias, head.output, in: &graph), as: "logits",
      [.named("batch"), .fixed(model.labels.count)])
    return graph
  }

  private static func graph(of model: SpanClassifier, _ weights: ONNXWeights) -> ONNXGraph {
    var graph = ONNXGraph()
    let states = ONNXEncoder(encoder: model.encoder, weights: weights)
      .states(firstTokenOnly: false, in: &graph)
    let logits = weights.linear(states, model.weight, model.bias, "qa_outputs", in: &graph)
    for (index, name) in ["start_logits", "end_logits"].enumerated() {
      let column = graph.node(
        "Gather", [logits, graph.integers([index], shape: [])], [("axis", .integer(-1))])
      graph.output(column, as: name, [.named("batch"), .named("sequence")])
    }
    return graph
  }
}
