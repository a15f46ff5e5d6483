/// What is wrong with a file that a user gave, in one sentence that starts with its place.
public struct DataError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file or folder concerned, as the caller named it.
  public var file: String
  /// Line, counted from 1, or nil when the whole file is meant.
  public var line: Int?
  /// What is wrong and what to do.
  public var problem: String

  /// A problem at a place.
  public init(file: String, line: Int? = nil, problem: String) {
    self.file = file
    self.line = line
    self.problem = problem
  }

  /// `file:line: problem`, the form editors and terminals can follow.
  public var description: String {
    if let line { return "\(file):\(line): \(problem)" }
    return "\(file): \(problem)"
  }
}
