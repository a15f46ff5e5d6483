import Autograd
import Kernels

/// What the outputs of a classifier mean, in the terms of Hugging Face's config.json.
public struct LabelSet: Sendable, Equatable {
  /// Names in the order of the logits (`id2label`); one entry for regression.
  public var names: [String]
  /// True if the one output is a score (`problem_type` "regression").
  public var isRegression: Bool

  /// A set of classes, or one score.
  public init(names: [String], isRegression: Bool = false) {
    self.names = names
    self.isRegression = isRegression
  }

  /// Number of outputs.
  public var count: Int { names.count }

  /// True if the names are transformers' placeholders LABEL_0, LABEL_1, ...
  public var isNameless: Bool { names.enumerated().allSatisfy { $1 == "LABEL_\($0)" } }
}

/// A model with weights: what folders are read into and written from, and optimisers work on.
public protocol Model: Sendable {
  /// All weights.
  var parameters: Parameters { get }
  /// The encoder.
  var encoder: Encoder { get }
  /// transformers' class name, such as `BertForSequenceClassification`.
  static var architecture: String { get }
}

/// BERT with a pooler and a linear layer over the first token: transformers'
/// `BertForSequenceClassification`.
public struct SequenceClassifier: Model {
  /// transformers' class name.
  public static let architecture = "BertForSequenceClassification"
  /// All weights.
  public let parameters: Parameters
  /// Embeddings and layers.
  public let encoder: Encoder
  /// What the outputs mean.
  public let labels: LabelSet
  let poolerWeight, poolerBias, weight, bias: ParameterSlot

  /// A classifier whose weights are all zero; see `initialize(_:seed:)` and `ModelFolder`.
  public init(_ configuration: EncoderConfiguration, labels: LabelSet) {
    var layout = ParameterLayout()
    let h = configuration.hiddenSize
    encoder = Encoder(configuration, prefix: "bert.", in: &layout)
    poolerWeight = layout.add("bert.pooler.dense.weight", [h, h], decays: true)
    poolerBias = layout.add("bert.pooler.dense.bias", [h], decays: false)
    weight = layout.add("classifier.weight", [labels.count, h], decays: true)
    bias = layout.add("classifier.bias", [labels.count], decays: false)
    parameters = Parameters(layout)
    self.labels = labels
  }

  /// The logits, one row per text.
  ///
  /// - Parameters:
  ///   - training: true switches dropout on.
  ///   - sample: tokens whose words are straight-through samples (their ids are in `tokens`).
  public func logits(
    _ tokens: PackedTokens, tape: Tape, training: Bool,
    sample: (rows: [Int], words: StraightThroughSample)? = nil
  ) -> Tensor {
    let output = encoder.encode(
      tokens, parameters: parameters, tape: tape, training: training,
      selection: .rows(tokens.firstTokens), sample: sample)
    return logits(firstTokens: output.last, tape: tape, training: training)
  }

  /// The logits from the first tokens' last hidden states.
  public func logits(firstTokens: Tensor, tape: Tape, training: Bool) -> Tensor {
    let c = encoder.configuration
    let pooled = tape.linear(
      firstTokens, weight: tape.parameter(poolerWeight, of: parameters),
      bias: tape.parameter(poolerBias, of: parameters), activation: .tanh)
    let dropped = tape.dropout(
      pooled, probability: training ? c.classifierDropout ?? c.hiddenDropout : 0)
    return tape.linear(
      dropped, weight: tape.parameter(weight, of: parameters),
      bias: tape.parameter(bias, of: parameters))
  }
}

extension SequenceClassifier {
  /// The same weights with other label names.
  public func renamed(_ labels: LabelSet) -> SequenceClassifier {
    SequenceClassifier(self, labels: labels)
  }

  /// The same model with output i taken from output `order[i]`; the weights are changed in place.
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
    (poolerWeight, poolerBias) = (other.poolerWeight, other.poolerBias)
    (weight, bias) = (other.weight, other.bias)
    self.labels = labels
  }
}
