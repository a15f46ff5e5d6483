import Autograd
import Kernels

/// An encoder with a masked-language-model head whose decoder is the word embedding:
/// `BertForMaskedLM` and its equivalents for other families in transformers.
public struct MaskedLanguageModel: Model {
  /// The end of class names in transformers.
  public static let headName = "ForMaskedLM"
  /// All weights.
  public let parameters: Parameters
  /// Embeddings and layers.
  public let encoder: Encoder
  let transformWeight, transformBias, gamma, beta, decoderBias: ParameterSlot

  /// A model whose weights are all zero; see `initialize(_:seed:)` and `ModelFolder`.
  public init(_ configuration: EncoderConfiguration) {
    var layout = ParameterLayout()
    let h = configuration.hiddenSize
    let head = configuration.family.description.vocabulary
    encoder = Encoder(configuration, in: &layout)
    let e = configuration.wordWidth
    transformWeight = layout.add("\(head.transform).weight", [e, h], decays: true)
    transformBias = layout.add("\(head.transform).bias", [e], decays: false)
    gamma = layout.add("\(head.norm).weight", [e], decays: false)
    beta = layout.add("\(head.norm).bias", [e], decays: false)
    decoderBias = layout.add(head.bias, [configuration.vocabularySize], decays: false)
    parameters = Parameters(layout)
  }

  /// Logits over the vocabulary at some tokens, [rows, vocabulary].
  ///
  /// - Parameters:
  ///   - tokens: packed texts.
  ///   - rows: ascending indices into the packed batch; the head sees no other tokens.
  ///   - training: true switches dropout on.
  public func logits(
    _ tokens: PackedTokens, rows: [Int], tape: Tape, training: Bool
  ) -> Tensor {
    tape.linear(
      headStates(tokens, selection: .rows(rows), tape: tape, training: training),
      weight: tape.parameter(encoder.words, of: parameters),
      bias: tape.parameter(decoderBias, of: parameters))
  }

  /// What the model expects at some tokens, as distributions over the vocabulary that are never
  /// stored as a whole. The model gets no gradient through them.
  ///
  /// - Parameters:
  ///   - tokens: packed texts.
  ///   - rows: ascending indices into the packed batch; nil for all tokens.
  ///   - temperature: of the softmax.
  ///   - training: true switches dropout on.
  public func distribution(
    _ tokens: PackedTokens, rows: [Int]? = nil, temperature: Float, tape: Tape, training: Bool
  ) -> WordDistribution {
    WordDistribution(
      states: headStates(
        tokens, selection: rows.map { .rows($0) } ?? .all, tape: tape, training: training
      ).value,
      decoder: parameters.matrix(encoder.words), bias: parameters.matrix(decoderBias),
      temperature: temperature)
  }

  /// The input of the decoder, [rows, `wordWidth`].
  private func headStates(
    _ tokens: PackedTokens, selection: RowSelection, tape: Tape, training: Bool
  ) -> Tensor {
    let c = encoder.configuration
    let states = encoder.encode(
      tokens, parameters: parameters, tape: tape, training: training, selection: selection
    ).last
    let transformed = tape.linear(
      states, weight: tape.parameter(transformWeight, of: parameters),
      bias: tape.parameter(transformBias, of: parameters),
      activation: c.family.description.vocabulary.activation ?? c.activation)
    return tape.addNorm(
      transformed, residual: nil, gamma: tape.parameter(gamma, of: parameters),
      beta: tape.parameter(beta, of: parameters), epsilon: c.layerNormEpsilon)
  }
}
