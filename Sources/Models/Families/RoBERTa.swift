import Kernels

extension FamilyDescription {
  /// RoBERTa (Liu et al. 2019); models/roberta in transformers.
  ///
  /// Positions count from `pad_token_id` + 1, so 514 position embeddings serve 512 tokens. All
  /// tokens share one segment, whose embedding is still added. There is no pooler: the classifier
  /// has its own dense layer, with dropout before and after it.
  static let roberta = FamilyDescription(
    className: "Roberta", encoder: "roberta", parts: ["embeddings", "encoder", "pooler"],
    layers: "encoder.layer", layer: .bert,
    classifier: ClassifierHead(
      dense: "classifier.dense", activation: .tanh, dropsInput: true, output: "classifier.out_proj"),
    vocabulary: VocabularyHead(
      transform: "lm_head.dense", norm: "lm_head.layer_norm", bias: "lm_head.bias",
      decoder: "lm_head.decoder", activation: .gelu),
    keys: .bert, hasSegments: true, positionsFollowPadding: true, dropsAttentionOutput: true)
}
