import Autograd
import Kernels

/// An encoder with a dense and a linear layer over the first token: `BertForSequenceClassification`
/// in transformers and its equivalents for other families. BERT's dense layer is called the
/// pooler and counts as part of its encoder.
public struct SequenceClassifier: Model {
  /// The end of class names in transformers.
  public static let headName = "ForSequenceClassification"
  /// All weights.
  public let parameters: Parameters
  /// Embeddings and layers.
  public let encoder: Encoder
  /// What the outputs mean.
  public let labels: LabelSet
  let denseWeight, denseBias, weight, bias: ParameterSlot

  /// A classifier whose weights are all zero; see `initialize(_:seed:)` and `ModelFolder`.
  public init(_ configuration: EncoderConfiguration, labels: LabelSet) {
    var layout = ParameterLayout()
    let h = configuration.hiddenSize
    let head = configuration.family.description.classifier
    encoder = Encoder(configuration, in: &layout)
    denseWeight = layout.add("\(head.dense).weight", [h, h], decays: true)
    denseBias = layout.add("\(head.dense).bias", [h], decays: false)
    weight = layout.add("\(head.output).weight", [labels.count, h], decays: true)
    bias = layout.add("\(head.output).bias", [labels.count], decays: false)
    parameters = Parameters(layout)
    self.labels = labels
  }

  /// Names of the weights that depend on the labels; all others can be used with any labels.
  public var outputNames: [String] {
    let name = encoder.configuration.family.description.classifier.output
    return ["\(name).weight", "\(name).bias"]
  }

  /// The logits, [texts, labels].
  ///
  /// - Parameters:
  ///   - tokens: packed texts.
  ///   - training: true switches dropout on.
  ///   - sample: tokens whose words are straight-through samples (their ids are in `tokens`).
  ///   - vectors: word embeddings to use instead of those of the ids, [tokens, `wordWidth`].
  public func logits(
    _ tokens: PackedTokens, tape: Tape, training: Bool,
    sample: (rows: [Int], words: StraightThroughSample)? = nil, vectors: Tensor? = nil
  ) -> Tensor {
    let output = encoder.encode(
      tokens, parameters: parameters, tape: tape, training: training,
      selection: .rows(tokens.firstTokens), sample: sample, vectors: vectors)
    return logits(firstTokens: output.last, tape: tape, training: training)
  }

  /// The logits, together with the states of every layer at all tokens.
  public func logitsAndStates(
    _ tokens: PackedTokens, tape: Tape, training: Bool,
    sample: (rows: [Int], words: StraightThroughSample)? = nil, vectors: Tensor? = nil
  ) -> (logits: Tensor, states: Encoder.Output) {
    let output = encoder.encode(
      tokens, parameters: parameters, tape: tape, training: training, sample: sample,
      vectors: vectors, keepsHiddenStates: true)
    let first = tape.gatherRows(output.last, tokens.firstTokens)
    return (logits(firstTokens: first, tape: tape, training: training), output)
  }

  /// The logits from the last hidden states of the first tokens, [texts, H].
  public func logits(firstTokens: Tensor, tape: Tape, training: Bool) -> Tensor {
    let c = encoder.configuration
    let head = c.family.description.classifier
    let probability = training ? c.classifierDropout ?? c.hiddenDropout : 0
    var x = firstTokens
    if head.dropsInput { x = tape.dropout(x, probability: probability) }
    x = denseUnits(x, tape: tape)
    x = tape.dropout(x, probability: probability)
    return tape.linear(
      x, weight: tape.parameter(weight, of: parameters),
      bias: tape.parameter(bias, of: parameters))
  }
}

extension SequenceClassifier {
  /// The units of the dense layer, [texts, H].
  func denseUnits(_ firstTokens: Tensor, tape: Tape) -> Tensor {
    tape.linear(
      firstTokens, weight: tape.parameter(denseWeight, of: parameters),
      bias: tape.parameter(denseBias, of: parameters),
      activation: encoder.configuration.family.description.classifier.activation)
  }

  /// The same weights with other label names.
  public func renamed(_ labels: LabelSet) -> SequenceClassifier {
    SequenceClassifier(self, labels: labels)
  }

  /// The same model with output i taken from output `order[i]`. The weights are changed in place.
  public func reordered(_ order: [Int], labels: LabelSet) -> SequenceClassifier {
    for slot in [weight, ParameterSlot(offset: bias.offset, rows: bias.columns, columns: 1)] {
      let target = parameters.matrix(slot)
      let old = Matrix(target.values, rows: target.rows, columns: target.columns)
      Kernel.gatherRows(old, order, into: target)
    }
    return SequenceClassifier(self, labels: labels)
  }

  private init(_ other: SequenceClassifier, labels: LabelSet) {
    precondition(labels.count == other.labels.count)
    parameters = other.parameters
    encoder = other.encoder
    (denseWeight, denseBias) = (other.denseWeight, other.denseBias)
    (weight, bias) = (other.weight, other.bias)
    self.labels = labels
  }
}
