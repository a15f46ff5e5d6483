/// The meaning of a classifier's outputs, in the terms of Hugging Face's config.json.
public struct LabelSet: Sendable, Equatable {
  /// What the outputs decide, by the name of Hugging Face's `problem_type`.
  public enum Problem: String, Sendable {
    /// Which one class a text has.
    case oneClass = "single_label_classification"
    /// For each label on its own, whether a text has it.
    case severalLabels = "multi_label_classification"
    /// A score, the single output.
    case regression
  }

  /// Names in the order of the logits (`id2label`); a single entry for regression.
  public var names: [String]
  /// What the outputs decide.
  public var problem: Problem

  /// Labels with these names.
  public init(names: [String], problem: Problem = .oneClass) {
    self.names = names
    self.problem = problem
  }

  /// True if the single output is a score.
  public var isRegression: Bool { problem == .regression }

  /// Number of outputs.
  public var count: Int { names.count }

  /// True if the names are the placeholders of transformers: LABEL_0, LABEL_1, ...
  public var isNameless: Bool { names.enumerated().allSatisfy { $1 == "LABEL_\($0)" } }
}
