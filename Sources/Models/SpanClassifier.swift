import Autograd
import Kernels

/// An encoder with a linear layer over every token, which scores it as the first and as the last
/// token of an answer: `BertForQuestionAnswering` in transformers and its equivalents for RoBERTa
/// and DistilBERT.
public struct SpanClassifier: Model {
  /// The end of class names in transformers.
  public static let headName = "ForQuestionAnswering"
  /// All weights.
  public let parameters: Parameters
  /// Embeddings and layers.
  public let encoder: Encoder
  let weight, bias: ParameterSlot

  /// A model whose weights are all zero; see `initialize(_:seed:)` and `ModelFolder`.
  public init(_ configuration: EncoderConfiguration) {
    var layout = ParameterLayout()
    encoder = Encoder(configuration, in: &layout)
    weight = layout.add("qa_outputs.weight", [2, configuration.hiddenSize], decays: true)
    bias = layout.add("qa_outputs.bias", [2], decays: false)
    parameters = Parameters(layout)
  }

  /// The logits, [tokens, 2]: column 0 scores a token as the first of the answer, column 1 as the
  /// last.
  ///
  /// A softmax runs down a column over the tokens of one text.
  /// - Parameters:
  ///   - tokens: packed texts.
  ///   - training: true switches dropout on.
  ///   - sample: tokens whose words are straight-through samples (their ids are in `tokens`).
  ///   - vectors: word embeddings to use instead of those of the ids, [tokens, H].
  public func logits(
    _ tokens: PackedTokens, tape: Tape, training: Bool,
    sample: (rows: [Int], words: StraightThroughSample)? = nil, vectors: Tensor? = nil
  ) -> Tensor {
    let states = encoder.encode(
      tokens, parameters: parameters, tape: tape, training: training, sample: sample,
      vectors: vectors
    ).last
    let dropped = tape.dropout(
      states, probability: training ? encoder.configuration.spanDropout : 0)
    return tape.linear(
      dropped, weight: tape.parameter(weight, of: parameters),
      bias: tape.parameter(bias, of: parameters))
  }
}
