/// A problem with a file of a model, in one sentence that starts with the place.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of problem; it determines the exit code.
  public enum Kind: Sendable {
    /// A file or folder does not exist.
    case missing
    /// It exists but cannot be read.
    case unreadable
    /// Its content breaks the format or does not fit the request.
    case invalid
    /// It cannot be written.
    case unwritable
  }

  /// The kind of problem.
  public let kind: Kind
  /// The file or folder, as the caller gave it.
  public let file: String
  /// The tensor concerned, if the problem is with one.
  public let tensor: String?
  /// What is wrong and what to do.
  public let problem: String

  /// A problem with a file or with one tensor of it.
  public init(_ kind: Kind, file: String, tensor: String? = nil, problem: String) {
    self.kind = kind
    self.file = file
    self.tensor = tensor
    self.problem = problem
  }

  /// `file: tensor "name": problem`.
  public var description: String {
    if let tensor { return "\(file): tensor \"\(tensor)\": \(problem)" }
    return "\(file): \(problem)"
  }
}
