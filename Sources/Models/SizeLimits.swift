/// The largest sizes of a model that are believed, wherever they are read. They are beyond every
/// model that fits into a machine's memory, and small enough that no product of them overflows.
enum SizeLimits {
  /// `vocab_size`
  static let vocabulary = 1...(1 << 24)
  /// `hidden_size`, and the number of attention heads, which divides it.
  static let hiddenSize = 1...(1 << 16)
  /// `intermediate_size`
  static let intermediateSize = 1...(1 << 20)
  /// `num_hidden_layers`, and how many layers of another model can be listed.
  static let layers = 1...1000
  /// `max_position_embeddings`
  static let positions = 1...(1 << 20)
  /// `type_vocab_size`; tokenizers number segments from 0 to 255.
  static let segments = 1...256
  /// Names in `id2label`, and `num_labels`.
  static let labels = 1...(1 << 20)
}
