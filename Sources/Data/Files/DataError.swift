/// A problem with a file from the user, in one sentence that starts with the place.
public struct DataError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file or folder concerned, as the caller gave it.
  public var file: String
  /// The line, counted from 1; nil if the problem is with the whole file.
  public var line: Int?
  /// What is wrong and what to do.
  public var problem: String

  /// A problem at a place.
  public init(file: String, line: Int? = nil, problem: String) {
    self.file = file
    self.line = line
    self.problem = problem
  }

  /// `file:line: problem`, a form that editors and terminals can follow.
  public var description: String {
    if let line { return "\(file):\(line): \(problem)" }
    return "\(file): \(problem)"
  }
}
