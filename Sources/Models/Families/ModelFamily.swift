import Kernels

/// A family of encoders; the raw value is `model_type` in config.json.
///
/// All families share one encoder. What sets them apart is data: see `FamilyDescription`.
public enum ModelFamily: String, Sendable, CaseIterable {
  /// Devlin et al. 2019.
  case bert
  /// Liu et al. 2019.
  case roberta
  /// Sanh et al. 2019.
  case distilbert

  var description: FamilyDescription {
    switch self {
    case .bert: .bert
    case .roberta: .roberta
    case .distilbert: .distilBERT
    }
  }
}

/// What sets one family apart: names of tensors, keys of config.json and a few choices of the
/// architecture, all as transformers has them.
struct FamilyDescription: Sendable {
  /// Beginning of transformers' class names, such as `Bert` of `BertForMaskedLM`.
  let className: String
  /// Name of the encoder within a model with a head.
  let encoder: String
  /// Parts of a bare encoder: the first words of its tensors' names.
  let parts: [String]
  /// Path from the encoder to its list of layers.
  let layers: String
  /// Names within a layer.
  let layer: LayerNames
  /// The head over the first token.
  let classifier: ClassifierHead
  /// The head over the vocabulary.
  let vocabulary: VocabularyHead
  /// Names of the architecture's numbers in config.json.
  let keys: ConfigurationKeys
  /// False if tokens have no segments, not even one that all share.
  let hasSegments: Bool
  /// True if the first token's position is `pad_token_id` + 1 instead of 0.
  let positionsFollowPadding: Bool
  /// False if the output of attention enters the sum with the residual without dropout.
  let dropsAttentionOutput: Bool

  /// Names of a layer's parts; each has `.weight` and `.bias`.
  struct LayerNames: Sendable {
    let query, key, value, attentionOutput, attentionNorm: String
    let intermediate, output, outputNorm: String
  }

  /// A dense layer with an activation, dropout, and the layer of outputs.
  struct ClassifierHead: Sendable {
    let dense: String
    let activation: Activation
    /// True if dropout is applied before the dense layer, too.
    let dropsInput: Bool
    let output: String
  }

  /// A dense layer with an activation, LayerNorm, and the word embeddings as decoder.
  struct VocabularyHead: Sendable {
    let transform, norm: String
    /// Full name of the decoder's bias.
    let bias: String
    /// Full name that checkpoints have for the tied decoder, and for its bias.
    let decoder: String
    /// Nil means the encoder's.
    let activation: Activation?
  }

  /// Keys of config.json that differ between families; nil where a family has no such number.
  struct ConfigurationKeys: Sendable {
    let hiddenSize, layers, attentionHeads, intermediateSize, activation: String
    let hiddenDropout, attentionDropout, classifierDropout: String
    let layerNormEpsilon: String?
    let spanDropout: String?
    let sinusoidalPositions: String?
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
