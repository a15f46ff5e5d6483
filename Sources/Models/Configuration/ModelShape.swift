import Configuration

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

  /// A family of encoders.
  public enum ModelType: String, Sendable, CaseIterable {
    /// BERT.
    case bert
    /// RoBERTa.
    case roberta
    /// DistilBERT.
    case distilbert
  }

  /// `model_type`
  public var modelType: ModelType
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
  /// `classifier_dropout`; nil means `hidden_dropout_prob`, in DistilBERT 0.2.
  public var classifierDropout: Double?
  /// `max_position_embeddings`: the longest text in tokens; in RoBERTa a text can be as long only
  /// as there are positions after that of the padding token.
  public var maxPositionEmbeddings: Int
  /// `type_vocab_size`: the number of segments; 0 in DistilBERT.
  public var typeVocabSize: Int
  /// `initializer_range`: the standard deviation of new weights.
  public var initializerRange: Double
  /// `layer_norm_eps`
  public var layerNormEps: Double

  /// A shape with the values of the family's base model for all that is not given.
  public init(
    modelType: ModelType = .bert, hiddenSize: Int, numHiddenLayers: Int, numAttentionHeads: Int,
    intermediateSize: Int,
    hiddenAct: HiddenActivation = .gelu, hiddenDropoutProb: Double = 0.1,
    attentionProbsDropoutProb: Double = 0.1, classifierDropout: Double? = nil,
    maxPositionEmbeddings: Int? = nil, typeVocabSize: Int? = nil, initializerRange: Double = 0.02,
    layerNormEps: Double? = nil
  ) {
    self.modelType = modelType
    self.hiddenSize = hiddenSize
    self.numHiddenLayers = numHiddenLayers
    self.numAttentionHeads = numAttentionHeads
    self.intermediateSize = intermediateSize
    self.hiddenAct = hiddenAct
    self.hiddenDropoutProb = hiddenDropoutProb
    self.attentionProbsDropoutProb = attentionProbsDropoutProb
    self.classifierDropout = classifierDropout
    self.maxPositionEmbeddings = maxPositionEmbeddings ?? modelType.maxPositionEmbeddings
    self.typeVocabSize = typeVocabSize ?? modelType.typeVocabSize
    self.initializerRange = initializerRange
    self.layerNormEps = layerNormEps ?? modelType.layerNormEps
  }

  /// Reads the section to its end. The four sizes are required: BERT-base's 3072 would be a poor
  /// surprise next to a `hidden_size` of 64.
  /// - Throws: `ConfigError`.
  init(reading section: ConfigSection) throws {
    let dropout = Bounds<Double>.from(0, below: 1)
    try section.refuse("vocab_size", "it is the size of the vocabulary named by \"vocab\".")
    modelType = try section.choice("model_type", default: .bert)
    hiddenSize = try section.int("hidden_size", in: 1...)
    numHiddenLayers = try section.int("num_hidden_layers", in: 1...)
    numAttentionHeads = try section.int("num_attention_heads", in: 1...)
    intermediateSize = try section.int("intermediate_size", in: 1...)
    hiddenAct = try section.choice("hidden_act", default: .gelu)
    hiddenDropoutProb = try section.number("hidden_dropout_prob", default: 0.1, in: dropout)
    attentionProbsDropoutProb = try section.number(
      "attention_probs_dropout_prob", default: 0.1, in: dropout)
    classifierDropout = try section.optionalNumber("classifier_dropout", in: dropout)
    maxPositionEmbeddings = try section.int(
      "max_position_embeddings", default: modelType.maxPositionEmbeddings, in: 3...)
    initializerRange = try section.number("initializer_range", default: 0.02, in: .above(0))
    if modelType == .distilbert {
      try section.refuse("type_vocab_size", "DistilBERT has no segments.")
      try section.refuse("layer_norm_eps", "in DistilBERT it is always 1e-12.")
      typeVocabSize = modelType.typeVocabSize
      layerNormEps = modelType.layerNormEps
    } else {
      typeVocabSize = try section.int(
        "type_vocab_size", default: modelType.typeVocabSize, in: 1...)
      layerNormEps = try section.number(
        "layer_norm_eps", default: modelType.layerNormEps, in: .above(0))
    }
    try section.finish()
    if hiddenSize % numAttentionHeads != 0 {
      throw section.fail(
        "num_attention_heads",
        "\(section.name("num_attention_heads")) is \(numAttentionHeads), "
          + "which does not divide hidden_size, \(hiddenSize).")
    }
  }
}

extension ModelShape.ModelType {
  /// Rows of the position embeddings in the family's base model.
  var maxPositionEmbeddings: Int { self == .roberta ? 514 : 512 }

  /// Segments in the family's base model.
  var typeVocabSize: Int {
    switch self {
    case .bert: 2
    case .roberta: 1
    case .distilbert: 0
    }
  }

  /// What LayerNorm adds to variances in the family's base model.
  var layerNormEps: Double { self == .roberta ? 1e-5 : 1e-12 }
}
