/// The meaning of a classifier's outputs, in the terms of Hugging Face's config.json.
public struct LabelSet: Sendable, Equatable {
  /// Names in the order of the logits (`id2label`); a single entry for regression.
  public var names: [String]
  /// True if the single output is a score (`problem_type` "regression").
  public var isRegression: Bool
  /// True if each output decides on its own whether a text has its label (`problem_type`
  /// "multi_label_classification").
  public var isMultiLabel: Bool

  /// A set of classes, or one score. A text has one class or, with `isMultiLabel`, any number of
  /// them.
  public init(names: [String], isRegression: Bool = false, isMultiLabel: Bool = false) {
    self.names = names
    self.isRegression = isRegression
    self.isMultiLabel = isMultiLabel
  }

  /// Hugging Face's name for the kind of outputs.
  public var problemType: String {
    isRegression
      ? "regression"
      : isMultiLabel ? "multi_label_classification" : "single_label_classification"
  }

  /// Number of outputs.
  public var count: Int { names.count }

  /// True if the names are the placeholders of transformers: LABEL_0, LABEL_1, ...
  public var isNameless: Bool { names.enumerated().allSatisfy { $1 == "LABEL_\($0)" } }
}
