/// A model whose outputs on some data are NaN or infinite. Any label would do as well as another, so
/// there is nothing to measure or to predict.
public struct OutputsNotFinite: Error, CustomStringConvertible, Equatable {
  /// The error.
  public init() {}

  /// What is wrong, without the model's name.
  public static let problem =
    "the model's outputs are NaN or infinite; its weights are damaged, or its training went astray."

  /// One sentence for the user.
  public var description: String { Self.problem }
}
