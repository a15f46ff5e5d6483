/// The section `config` of a fresh model, by the names of Hugging Face's `config.json`.
public struct ModelShape: Sendable {
  /// The function of the feed-forward layer.
  public enum HiddenActivation: String, Sendable, CaseIterable {
    /// GELU with the exact normal distribution function.
    case gelu
    /// GELU by tanh.
    case geluNew = "gelu_new"
    /// max(x, 0)
    case relu
    /// Hyperbolic tangent.
    case tanh
  }

  /// `hidden_size`: the width of the hidden states.
  public var hiddenSize: Int
  /// `num_hidden_layers`
  public var numHiddenLayers: Int
  /// `num_attention_heads`; divides `hidden_size`.
  public var numAttentionHeads: Int
  /// `intermediate_size`: the width of the feed-forward layer.
  public var intermediateSize: Int
  /// `hidden_act`
  public var hiddenAct: HiddenActivation
  /// `hidden_dropout_prob`
  public var hiddenDropoutProb: Double
  /// `attention_probs_dropout_prob`
  public var attentionProbsDropoutProb: Double
  /// `classifier_dropout`; nil means `hidden_dropout_prob`.
  public var classifierDropout: Double?
  /// `max_position_embeddings`: the longest text in tokens.
  public var maxPositionEmbeddings: Int
  /// `type_vocab_size`: the number of segments.
  public var typeVocabSize: Int
  /// `initializer_range`: the standard deviation of new weights.
  public var initializerRange: Double
  /// `layer_norm_eps`
  public var layerNormEps: Double

  /// A shape with BERT's values for all that is not given.
  public init(
    hiddenSize: Int, numHiddenLayers: Int, numAttentionHeads: Int, intermediateSize: Int,
    hiddenAct: HiddenActivation = .gelu, hiddenDropoutProb: Double = 0.1,
    attentionProbsDropoutProb: Double = 0.1, classifierDropout: Double? = nil,
    maxPositionEmbeddings: Int = 512, typeVocabSize: Int = 2, initializerRange: Double = 0.02,
    layerNormEps: Double = 1e-12
  ) {
    self.hiddenSize = hiddenSize
    self.numHiddenLayers = numHiddenLayers
    self.numAttentionHeads = numAttentionHeads
    self.intermediateSize = intermediateSize
    self.hiddenAct = hiddenAct
    self.hiddenDropoutProb = hiddenDropoutProb
    self.attentionProbsDropoutProb = attentionProbsDropoutProb
    self.classifierDropout = classifierDropout
    self.maxPositionEmbeddings = maxPositionEmbeddings
    self.typeVocabSize = typeVocabSize
    self.initializerRange = initializerRange
    self.layerNormEps = layerNormEps
  }

  /// Reads the section to its end. The four sizes are required: BERT-base's 3072 would be a poor
  /// surprise next to a `hidden_size` of 64.
  /// - Throws: `ConfigError`.
  init(reading section: ConfigSection) throws {
    let dropout = Bounds<Double>.from(0, below: 1)
    try section.refuse("vocab_size", "it is the size of the vocabulary named by \"vocab\".")
    hiddenSize = try section.int("hidden_size", in: 1...)
    numHiddenLayers = try section.int("num_hidden_layers", in: 1...)
    numAttentionHeads = try section.int("num_attention_heads", in: 1...)
    intermediateSize = try section.int("intermediate_size", in: 1...)
    hiddenAct = try section.choice("hidden_act", default: .gelu)
    hiddenDropoutProb = try section.number("hidden_dropout_prob", default: 0.1, in: dropout)
    attentionProbsDropoutProb = try section.number(
      "attention_probs_dropout_prob", default: 0.1, in: dropout)
    classifierDropout = try section.optionalNumber("classifier_dropout", in: dropout)
    maxPositionEmbeddings = try section.int("max_position_embeddings", default: 512, in: 3...)
    typeVocabSize = try section.int("type_vocab_size", default: 2, in: 1...)
    initializerRange = try section.number("initializer_range", default: 0.02, in: .above(0))
    layerNormEps = try section.number("layer_norm_eps", default: 1e-12, in: .above(0))
    try section.finish()
    if hiddenSize % numAttentionHeads != 0 {
      throw section.fail(
        "num_attention_heads",
        "\(section.name("num_attention_heads")) is \(numAttentionHeads), "
          + "which does not divide hidden_size, \(hiddenSize).")
    }
  }
}
