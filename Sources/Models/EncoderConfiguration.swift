import Kernels

/// The architecture of a Transformer encoder, in the terms of Hugging Face's config.json for BERT.
/// Other families use other names for some of it.
public struct EncoderConfiguration: Sendable, Equatable {
  /// `model_type`; determines names of tensors and shape of the heads.
  public let family: ModelFamily
  /// Number of rows of the word embedding.
  public var vocabularySize: Int
  /// Width of the hidden states.
  public var hiddenSize: Int
  /// Width of the embeddings (`embedding_size`) where it is not `hiddenSize`; only ELECTRA has it.
  public var embeddingSize: Int?
  /// Number of layers.
  public var layers: Int
  /// Number of attention heads; divides `hiddenSize`.
  public var attentionHeads: Int
  /// Width of the feed-forward layer.
  public var intermediateSize: Int
  /// `hidden_act`.
  public var activation: Activation = .gelu
  /// `hidden_dropout_prob`.
  public var hiddenDropout: Float = 0.1
  /// `attention_probs_dropout_prob`.
  public var attentionDropout: Float = 0.1
  /// `classifier_dropout`; nil means `hiddenDropout`.
  public var classifierDropout: Float?
  /// `qa_dropout`, applied before the output layer of a span classifier; only DistilBERT has it.
  public var spanDropout: Float = 0
  /// Number of rows of the position embedding; see `maximumLength`.
  public var maximumPositions: Int = 512
  /// True if new position embeddings are sines and cosines (`sinusoidal_pos_embds`; DistilBERT
  /// only).
  public var hasSinusoidalPositions = false
  /// Number of segments; 0 in families without segments.
  public var typeVocabularySize: Int = 2
  /// Standard deviation of newly initialised weights.
  public var initializerRange: Float = 0.02
  /// Added to the variance in LayerNorm.
  public var layerNormEpsilon: Float = 1e-12
  /// Index of the padding token.
  public var padTokenID: Int = 0

  /// An architecture. Everything that is not given has the usual value of its family (bert-base,
  /// roberta-base, distilbert-base).
  public init(
    family: ModelFamily = .bert, vocabularySize: Int, hiddenSize: Int, layers: Int,
    attentionHeads: Int, intermediateSize: Int
  ) {
    self.family = family
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.layers = layers
    self.attentionHeads = attentionHeads
    self.intermediateSize = intermediateSize
    switch family {
    case .bert, .electra: break
    case .roberta, .xlmRoberta:
      maximumPositions = 514
      typeVocabularySize = 1
      layerNormEpsilon = 1e-5
      padTokenID = 1
    case .distilbert:
      typeVocabularySize = 0
      classifierDropout = 0.2
      spanDropout = 0.1
    }
  }

  /// Width of the word embeddings, and of vectors that take their place.
  public var wordWidth: Int { embeddingSize ?? hiddenSize }

  /// Position of the first token of a text.
  public var firstPosition: Int {
    family.description.positionsFollowPadding ? padTokenID + 1 : 0
  }

  /// Length in tokens of the longest text for which there are position embeddings: 512 in RoBERTa,
  /// which has 514 of them.
  public var maximumLength: Int { max(0, maximumPositions - firstPosition) }
}
