import Files
import StrictJSON

/// The settings of a config.json that would change what a model computes and that this package does
/// not compute. Each is refused by name; `docs/model-folders.md` lists them with those that are
/// obeyed and those that have no effect.
struct RefusedSettings {
  let json: JSONValue
  let file: String

  /// - Throws: `JSONError` at the first setting that cannot be obeyed.
  func check(_ family: ModelFamily) throws {
    // With these the encoder looks only backwards, or at another text.
    for key in ["is_decoder", "add_cross_attention", "is_encoder_decoder"] {
      try require(key, "only encoders, which see whole texts, are supported") { $0.bool == false }
    }
    try require("position_embedding_type", "only \"absolute\" is supported") {
      $0.string == "absolute"
    }
    try require("pruned_heads", "models without some of their heads are not supported") {
      $0.object?.members.isEmpty == true
    }
    try require("per_layer_config", "layers that differ in shape are not supported") {
      $0.object?.members.isEmpty == true
    }
    try require("quantization_config", "quantised weights are not supported") { _ in false }
    try require("auto_map", "the model is defined by code of its own, which is not run") {
      $0.object?.members.contains { $0.key.hasPrefix("AutoModel") } == false
    }
    // Other libraries write it for embeddings that a matrix widens.
    if family.description.keys.embeddingSize == nil {
      let width = json[family.description.keys.hiddenSize]?.int
      try require("embedding_size", "embeddings must be as wide as the hidden states") {
        $0.int == width
      }
    }
    try checkAliases(family)
  }

  /// transformers takes DistilBERT's sizes under BERT's names, too; here its own names are
  /// required.
  private func checkAliases(_ family: ModelFamily) throws {
    let (own, usual) = (
      family.description.keys, FamilyDescription.ConfigurationKeys.bert
    )
    for (key, alias) in [
      (own.hiddenSize, usual.hiddenSize), (own.layers, usual.layers),
      (own.attentionHeads, usual.attentionHeads),
    ] where key != alias {
      try require(alias, "it is another name of \(key), which has another value") {
        json[key] == nil || $0.int == json[key]?.int
      }
    }
  }

  /// - Parameter holds: whether a value can be obeyed; null always can.
  private func require(
    _ key: String, _ reason: String, _ holds: (JSONValue) -> Bool
  ) throws {
    guard let value = json[key], !value.isNull, !holds(value) else { return }
    let shown = value.string.map { "\"\($0)\"" } ?? value.numberText ?? value.bool?.description
    throw JSONError(
      file: file, position: value.position,
      message: "\(key)\(shown.map { " \($0)" } ?? "") cannot be obeyed: \(reason)")
  }
}
