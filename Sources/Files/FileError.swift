/// What is wrong with a file or folder, in one sentence that begins with its path.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of problem; it decides the exit code.
  public enum Kind: Sendable {
    /// It does not exist.
    case missing
    /// It exists but cannot be read.
    case unreadable
    /// Its content breaks the format or does not fit what is asked of it.
    case invalid
    /// It cannot be written.
    case unwritable
    /// It is standard output and cannot be written.
    case brokenStream
  }

  /// The kind of problem.
  public let kind: Kind
  /// The file or folder, as the caller named it.
  public let file: String
  /// The line, counted from 1; nil if the whole file is meant.
  public let line: Int?
  /// The tensor concerned, if there is one.
  public let tensor: String?
  /// What is wrong and what to do.
  public let problem: String

  /// A problem with a file, with one of its lines or with one of its tensors.
  public init(
    _ kind: Kind = .invalid, file: String, line: Int? = nil, tensor: String? = nil, problem: String
  ) {
    self.kind = kind
    self.file = file
    self.line = line
    self.tensor = tensor
    self.problem = problem
  }

  /// A file or folder that cannot be written.
  ///
  /// - Parameter reason: what stands in the way, such as "the disk is full".
  public static func unwritable(_ file: String, reason: String) -> FileError {
    FileError(.unwritable, file: file, problem: "cannot be written: \(reason)")
  }

  /// `file:line: problem` or `file: tensor "name": problem`, the forms that editors and terminals
  /// recognise.
  public var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return tensor.map { "\(place): tensor \"\($0)\": \(problem)" } ?? "\(place): \(problem)"
  }
}
