import Autograd

/// A model with weights: what folders are read into and written from, and optimisers work on.
public protocol Model: Sendable {
  /// All weights.
  var parameters: Parameters { get }
  /// The encoder.
  var encoder: Encoder { get }
  /// End of transformers' class names for models with this head, such as `ForMaskedLM`.
  static var headName: String { get }
}

extension Model {
  /// transformers' class name, such as `RobertaForMaskedLM`.
  public var architecture: String {
    encoder.configuration.family.description.className + Self.headName
  }
}
