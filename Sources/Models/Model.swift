import Autograd

/// A model with weights. Folders are read into it and written from it, and optimisers work on it.
public protocol Model: Sendable {
  /// All weights.
  var parameters: Parameters { get }
  /// The encoder.
  var encoder: Encoder { get }
  /// The end of class names in transformers for models with this head, such as `ForMaskedLM`.
  static var headName: String { get }
}

extension Model {
  /// True if the model tells segments of a text apart.
  public var hasSegments: Bool { encoder.configuration.typeVocabularySize > 1 }

  /// The class name in transformers, such as `RobertaForMaskedLM`.
  public var architecture: String {
    encoder.configuration.family.description.className + Self.headName
  }
}
