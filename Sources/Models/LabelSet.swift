/// What the outputs of a classifier mean, in the terms of Hugging Face's config.json.
public struct LabelSet: Sendable, Equatable {
  /// Names in the order of the logits (`id2label`); one entry for regression.
  public var names: [String]
  /// True if the one output is a score (`problem_type` "regression").
  public var isRegression: Bool
  /// True if each output decides for itself whether a text has its label (`problem_type`
  /// "multi_label_classification").
  public var isMultiLabel: Bool

  /// A set of classes, of which a text has one or, with `isMultiLabel`, any number, or one score.
  public init(names: [String], isRegression: Bool = false, isMultiLabel: Bool = false) {
    self.names = names
    self.isRegression = isRegression
    self.isMultiLabel = isMultiLabel
  }

  /// Hugging Face's name of the kind of outputs.
  public var problemType: String {
    isRegression
      ? "regression"
      : isMultiLabel ? "multi_label_classification" : "single_label_classification"
  }

  /// Number of outputs.
  public var count: Int { names.count }

  /// True if the names are transformers' placeholders LABEL_0, LABEL_1, ...
  public var isNameless: Bool { names.enumerated().allSatisfy { $1 == "LABEL_\($0)" } }
}
