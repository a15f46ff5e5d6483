import Models

extension ModelOpener {
  /// Checks that models have a position for every token of the longest text.
  ///
  /// - Parameter key: what the length is called.
  /// - Throws: `MismatchError`.
  package static func checkLength(
    _ length: Int, of models: [(role: String, model: any Model)], key: String = "max_seq_length"
  ) throws {
    for (role, model) in models where model.encoder.configuration.maximumLength < length {
      throw MismatchError(
        .length,
        "\(key) is \(length), but the \(role) has position embeddings for "
          + "\(model.encoder.configuration.maximumLength) tokens only")
    }
  }
}
