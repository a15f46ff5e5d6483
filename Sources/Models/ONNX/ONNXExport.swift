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
  public func write(_ model: SequenceClassifier, to path: String) throws {
    var graph = ONNXGraph()
    let weights = ONNXWeights(parameters: model.parameters, type: weights)
    let head = model.encoder.configuration.family.description.classifier
    let first = ONNXEncoder(encoder: model.encoder, weights: weights)
      .states(firstTokenOnly: true, in: &graph)
    let dense = graph.activation(
      head.activation,
      weights.linear(first, model.denseWeight, model.denseBias, head.dense, in: &graph))
    graph.output(
      weights.linear(dense, model.weight, model.bias, head.output, in: &graph), as: "logits",
      [.named("batch"), .fixed(model.labels.count)])
    let names = model.labels.names.enumerated().map { ("id2label.\($0)", $1) }
    try graph.write(
      to: path, opset: opset, producer: producer,
      metadata: names + [("problem_type", model.labels.problem.rawValue)])
  }

  /// Writes a model that finds answers in texts.
  /// - Throws: `FileError` if the file cannot be written or would be too large.
  public func write(_ model: SpanClassifier, to path: String) throws {
    var graph = ONNXGraph()
    let weights = ONNXWeights(parameters: model.parameters, type: weights)
    let states = ONNXEncoder(encoder: model.encoder, weights: weights)
      .states(firstTokenOnly: false, in: &graph)
    let logits = weights.linear(states, model.weight, model.bias, "qa_outputs", in: &graph)
    for (index, name) in ["start_logits", "end_logits"].enumerated() {
      let column = graph.node(
        "Gather", [logits, graph.integers([index], shape: [])], [("axis", .integer(-1))])
      graph.output(column, as: name, [.named("batch"), .named("sequence")])
    }
    try graph.write(to: path, opset: opset, producer: producer, metadata: [])
  }
}
