/// Models, data and methods that do not fit each other.
public struct MismatchError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What does not fit.
  public enum Subject: Sendable {
    /// The tokens of two models, or of a model and its tokenizer.
    case vocabulary
    /// The labels of a model and of a task.
    case labels
    /// Texts and the positions of a model.
    case length
    /// Widths, layers or heads of two models.
    case shape
    /// A model that was not trained for what is asked of it.
    case training
    /// A method and the task, or a method and what it is given.
    case method
  }

  /// What does not fit.
  public let subject: Subject
  /// One sentence for the user: which parts, why, and what to do.
  public let description: String

  /// A misfit, told in one sentence without its full stop.
  public init(_ subject: Subject, _ description: String) {
    self.subject = subject
    self.description = description
  }
}
