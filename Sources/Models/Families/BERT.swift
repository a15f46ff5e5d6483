import Kernels

extension FamilyDescription {
  /// BERT (Devlin et al. 2019); models/bert in transformers.
  static let bert = FamilyDescription(
    className: "Bert", encoder: "bert", parts: ["embeddings", "encoder", "pooler"],
    layers: "encoder.layer", layer: .bert,
    classifier: ClassifierHead(
      dense: "bert.pooler.dense", activation: .tanh, dropsInput: false, output: "classifier"),
    vocabulary: VocabularyHead(
      transform: "cls.predictions.transform.dense", norm: "cls.predictions.transform.LayerNorm",
      bias: "cls.predictions.bias", decoder: "cls.predictions.decoder", activation: nil),
    keys: .bert, hasSegments: true, positionsFollowPadding: false, dropsAttentionOutput: true)
}
