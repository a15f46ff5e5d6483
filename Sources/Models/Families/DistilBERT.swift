import Kernels

extension FamilyDescription {
  /// DistilBERT (Sanh et al. 2019); models/distilbert in transformers.
  ///
  /// It has no segments, no pooler, and no dropout between attention and its residual. Its epsilon
  /// of LayerNorm is always 1e-12.
  static let distilBERT = FamilyDescription(
    className: "DistilBert", encoder: "distilbert", parts: ["embeddings", "transformer"],
    layers: "transformer.layer",
    layer: LayerNames(
      query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin",
      attentionOutput: "attention.out_lin", attentionNorm: "sa_layer_norm",
      intermediate: "ffn.lin1", output: "ffn.lin2", outputNorm: "output_layer_norm"),
    classifier: ClassifierHead(
      dense: "pre_classifier", activation: .relu, dropsInput: false, output: "classifier"),
    vocabulary: VocabularyHead(
      transform: "vocab_transform", norm: "vocab_layer_norm", bias: "vocab_projector.bias",
      decoder: "vocab_projector", activation: nil),
    keys: ConfigurationKeys(
      hiddenSize: "dim", layers: "n_layers", attentionHeads: "n_heads",
      intermediateSize: "hidden_dim", activation: "activation", hiddenDropout: "dropout",
      attentionDropout: "attention_dropout", classifierDropout: "seq_classif_dropout",
      layerNormEpsilon: nil, spanDropout: "qa_dropout",
      sinusoidalPositions: "sinusoidal_pos_embds"),
    hasSegments: false, positionsFollowPadding: false, dropsAttentionOutput: false)
}
