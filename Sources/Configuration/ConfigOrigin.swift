/// Where a decoded value came from, for errors that only the code using it can find.
public struct ConfigOrigin: Sendable {
  private let section: ConfigSection?

  /// The section that was read, or nil for a value that the program made.
  public init(_ section: ConfigSection? = nil) { self.section = section }

  /// An error at a key of the section.
  public func error(_ key: String, _ message: String) -> ConfigError {
    section?.fail(key, message) ?? ConfigError(file: "configuration", message: message)
  }

  /// An error about the section as a whole.
  public func error(_ message: String) -> ConfigError {
    section?.fail(message) ?? ConfigError(file: "configuration", message: message)
  }

  /// The error for a name that is none of the known ones, with the nearest of them.
  public func unknownName(_ key: String, _ name: String, among known: [String]) -> ConfigError {
    section?.unknownName(key, name, among: known)
      ?? ConfigError(
        file: "configuration",
        message: "\(key) must be one of \(known.joined(separator: ", ")), found \"\(name)\".")
  }
}
