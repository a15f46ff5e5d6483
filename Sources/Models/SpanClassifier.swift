import Autograd
import Kernels

/// An encoder with a linear layer over every token that scores it as the first and as the last of
/// an answer: transformers' `BertForQuestionAnswering` and its like for RoBERTa and DistilBERT.
public struct SpanClassifier: Model {
  /// End of transformers' class names.
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

  /// The logits: a row per token, column 0 for its being the first of the answer, 1 for the last.
  ///
  /// A softmax runs down a column over the tokens of one text.
  /// - Parameters:
  ///   - training: true switches dropout on.
  ///   - sample: tokens whose words are straight-through samples (their ids are in `tokens`).
  ///   - vectors: word embeddings in place of those of the ids, [tokens, H].
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
