/// What is wrong with a file of a model, in one sentence that starts with its place.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of trouble it is; the exit code depends on it.
  public enum Kind: Sendable {
    /// A file or folder is not there.
    case missing
    /// It is there and cannot be read.
    case unreadable
    /// Its content breaks the format, or does not fit what is asked of it.
    case invalid
    /// It cannot be written.
    case unwritable
  }

  /// What kind of trouble it is.
  public let kind: Kind
  /// The file or folder, as the caller named it.
  public let file: String
  /// The tensor concerned, if it is one.
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
