/// Where a decoded value came from, for errors that only the code that uses the value can find.
public struct ConfigOrigin: Sendable {
  private let section: ConfigSection?

  /// The section that was read, or nil for a value set by the program.
  public init(_ section: ConfigSection? = nil) { self.section = section }

  /// An error at a key of the section.
  public func error(_ key: String, _ message: String) -> ConfigError {
    section?.fail(key, message) ?? ConfigError(file: "configuration", message: message)
  }

  /// An error about the section as a whole.
  public func error(_ message: String) -> ConfigError {
    section?.fail(message) ?? ConfigError(file: "configuration", message: message)
  }

  /// The error for an unknown name, with the closest known one.
  public func unknownName(_ key: String, _ name: String, among known: [String]) -> ConfigError {
    section?.unknownName(key, name, among: known)
      ?? ConfigError(
        file: "configuration",
        message: "\(key) must be one of \(known.joined(separator: ", ")), found \"\(name)\".")
  }
}
