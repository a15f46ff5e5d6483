import Kernels

/// A family of encoders; the raw value is `model_type` in config.json.
///
/// All families share one encoder. Their differences are data: see `FamilyDescription`.
public enum ModelFamily: String, Sendable, CaseIterable {
  /// Devlin et al. 2019.
  case bert
  /// Liu et al. 2019.
  case roberta
  /// Sanh et al. 2019.
  case distilbert
  /// Clark et al. 2020.
  case electra
  /// Conneau et al. 2020.
  case xlmRoberta = "xlm-roberta"

  var description: FamilyDescription {
    switch self {
    case .bert: .bert
    case .roberta: .roberta
    case .distilbert: .distilBERT
    case .electra: .electra
    case .xlmRoberta: .xlmRoBERTa
    }
  }
}

/// What distinguishes one family: names of tensors, keys of config.json and a few choices of
/// architecture, all as in transformers.
struct FamilyDescription: Sendable {
  /// The beginning of class names in transformers, such as `Bert` of `BertForMaskedLM`.
  var className: String
  /// The name of the encoder within a model with a head.
  let encoder: String
  /// The parts of a bare encoder: the first words of the names of its tensors.
  let parts: [String]
  /// The path from the encoder to its list of layers.
  let layers: String
  /// The names within a layer.
  let layer: LayerNames
  /// The head over the first token.
  let classifier: ClassifierHead
  /// The head over the vocabulary.
  let vocabulary: VocabularyHead
  /// The names of the architecture's numbers in config.json.
  let keys: ConfigurationKeys
  /// False if there are no segment embeddings, not even a single one that all tokens share.
  let hasSegments: Bool
  /// True if the first token's position is `pad_token_id` + 1 instead of 0.
  let positionsFollowPadding: Bool
  /// False if the output of attention is added to the residual without dropout.
  let dropsAttentionOutput: Bool

  /// The names of the parts of a layer; each has `.weight` and `.bias`.
  struct LayerNames: Sendable {
    let query, key, value, attentionOutput, attentionNorm: String
    let intermediate, output, outputNorm: String
  }

  /// A dense layer with an activation, dropout, and the output layer.
  struct ClassifierHead: Sendable {
    let dense: String
    let activation: Activation
    /// True if dropout is also applied before the dense layer.
    let dropsInput: Bool
    let output: String
  }

  /// A dense layer with an activation, LayerNorm, and the word embeddings as decoder.
  struct VocabularyHead: Sendable {
    let transform, norm: String
    /// Full name of the decoder's bias.
    let bias: String
    /// The full name in checkpoints of the tied decoder; also the prefix of its bias.
    let decoder: String
    /// Nil means the activation of the encoder.
    let activation: Activation?
  }

  /// Keys of config.json that differ between families; nil where a family has no such number.
  struct ConfigurationKeys: Sendable {
    let hiddenSize, layers, attentionHeads, intermediateSize, activation: String
    let hiddenDropout, attentionDropout, classifierDropout: String
    let layerNormEpsilon: String?
    let spanDropout: String?
    let sinusoidalPositions: String?
    /// The width of the embeddings, where it need not be that of the states.
    var embeddingSize: String?
  }
}

extension FamilyDescription.ConfigurationKeys {
  /// The keys of BERT and its descendants.
  static let bert = Self(
    hiddenSize: "hidden_size", layers: "num_hidden_layers", attentionHeads: "num_attention_heads",
    intermediateSize: "intermediate_size", activation: "hidden_act",
    hiddenDropout: "hidden_dropout_prob", attentionDropout: "attention_probs_dropout_prob",
    classifierDropout: "classifier_dropout", layerNormEpsilon: "layer_norm_eps", spanDropout: nil,
    sinusoidalPositions: nil)
}

extension FamilyDescription.LayerNames {
  /// The names of BERT and its descendants.
  static let bert = Self(
    query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
    attentionOutput: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
    intermediate: "intermediate.dense", output: "output.dense", outputNorm: "output.LayerNorm")
}
