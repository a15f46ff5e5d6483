import Autograd
import Kernels

/// The architecture of a Transformer encoder, in the terms of Hugging Face's config.json.
public struct EncoderConfiguration: Sendable, Equatable {
  /// Number of rows of the word embedding.
  public var vocabularySize: Int
  /// Width of the hidden states.
  public var hiddenSize: Int
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
  /// Longest text that has position embeddings, in tokens.
  public var maximumPositions: Int = 512
  /// Number of segments.
  public var typeVocabularySize: Int = 2
  /// Standard deviation of new weights.
  public var initializerRange: Float = 0.02
  /// Added to variances in LayerNorm.
  public var layerNormEpsilon: Float = 1e-12
  /// Index of the padding token.
  public var padTokenID: Int = 0

  /// An architecture with BERT's usual values for all that is not given.
  public init(
    vocabularySize: Int, hiddenSize: Int, layers: Int, attentionHeads: Int, intermediateSize: Int
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.layers = layers
    self.attentionHeads = attentionHeads
    self.intermediateSize = intermediateSize
  }
}
