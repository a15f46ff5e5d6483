import Configuration

extension EncoderConfiguration {
  /// Reads the section `config` of a fresh model to its end, by the names of Hugging Face's
  /// `config.json` for BERT. The vocabulary's size is 0 until a tokenizer is there.
  ///
  /// The four sizes are required: BERT-base's 3072 would be a poor surprise next to a `hidden_size`
  /// of 64.
  /// - Throws: `ConfigError`.
  init(reading section: ConfigSection) throws {
    let dropout = Bounds.from(0, below: 1)
    try section.refuse("vocab_size", "it is the size of the vocabulary named by \"vocab\".")
    self.init(
      family: try section.choice(
        "model_type", default: .bert,
        "The family; teacher, student and generator may differ in it if they share a vocabulary."),
      vocabularySize: 0,
      hiddenSize: try section.int(
        "hidden_size", in: SizeLimits.hiddenSize, "Width of the hidden states."),
      layers: try section.int("num_hidden_layers", in: SizeLimits.layers, "Number of layers."),
      attentionHeads: try section.int(
        "num_attention_heads", in: SizeLimits.hiddenSize,
        "Number of attention heads; divides `hidden_size`."),
      intermediateSize: try section.int(
        "intermediate_size", in: SizeLimits.intermediateSize, "Width of the feed-forward layer."))
    if family.description.keys.embeddingSize != nil {
      let range = SizeLimits.hiddenSize
      embeddingSize = try section.optionalInt(
        "embedding_size", in: .between(Double(range.lowerBound), Double(range.upperBound)),
        "Width of the embeddings in ELECTRA; by default `hidden_size`.")
    } else {
      try section.refuse("embedding_size", "only ELECTRA has embeddings of another width.")
    }
    activation = try section.choice(
      "hidden_act", default: activation, "The function of the feed-forward layer.")
    hiddenDropout = try section.float(
      "hidden_dropout_prob", default: hiddenDropout, in: dropout, "Dropout of hidden states.")
    attentionDropout = try section.float(
      "attention_probs_dropout_prob", default: attentionDropout, in: dropout,
      "Dropout of attention probabilities.")
    let classifier = try section.optionalNumber(
      "classifier_dropout", in: dropout,
      "Dropout before the classifier; by default `hidden_dropout_prob`, in DistilBERT 0.2.")
    if let classifier { classifierDropout = Float(classifier) }
    maximumPositions = try section.int(
      "max_position_embeddings", default: maximumPositions,
      in: 3...SizeLimits.positions.upperBound,
      "Position embeddings; RoBERTa's 514 serve texts of 512 tokens.")
    initializerRange = try section.float(
      "initializer_range", default: initializerRange, in: .above(0, below: 1),
      "Standard deviation of new weights.")
    if family.description.hasSegments {
      typeVocabularySize = try section.int(
        "type_vocab_size", default: typeVocabularySize, in: SizeLimits.segments,
        "Number of segments; 1 in RoBERTa, DistilBERT has none.")
      layerNormEpsilon = try section.float(
        "layer_norm_eps", default: layerNormEpsilon, in: .above(0, below: 1),
        "What LayerNorm adds to variances; in RoBERTa 1e-5, in DistilBERT always 1e-12.")
    } else {
      try section.refuse("type_vocab_size", "DistilBERT has no segments.")
      try section.refuse("layer_norm_eps", "in DistilBERT it is always 1e-12.")
    }
    try section.finish()
    if hiddenSize % attentionHeads != 0 {
      throw section.fail(
        "num_attention_heads",
        "\(section.name("num_attention_heads")) is \(attentionHeads), "
          + "which does not divide hidden_size, \(hiddenSize).")
    }
  }
}
