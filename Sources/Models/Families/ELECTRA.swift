import Kernels

extension FamilyDescription {
  /// ELECTRA (Clark et al. 2020); models/electra in transformers.
  ///
  /// The embeddings may be narrower than the states, and a linear layer leads from one to the
  /// other. There is no pooler: the classifier has its own dense layer, with dropout before and
  /// after it. A discriminator is read as an encoder, a generator as a masked language model.
  static let electra = FamilyDescription(
    className: "Electra", encoder: "electra",
    parts: ["embeddings", "embeddings_project", "encoder"], layers: "encoder.layer", layer: .bert,
    classifier: ClassifierHead(
      dense: "classifier.dense", activation: .gelu, dropsInput: true, output: "classifier.out_proj"),
    vocabulary: VocabularyHead(
      transform: "generator_predictions.dense", norm: "generator_predictions.LayerNorm",
      bias: "generator_lm_head.bias", decoder: "generator_lm_head", activation: .gelu),
    keys: .electra, hasSegments: true, positionsFollowPadding: false, dropsAttentionOutput: true)
}

extension FamilyDescription.ConfigurationKeys {
  fileprivate static let electra = {
    var keys = Self.bert
    keys.embeddingSize = "embedding_size"
    return keys
  }()
}
