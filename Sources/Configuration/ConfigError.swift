import StrictJSON

/// Something in a configuration that the program cannot use. It leads to exit code 78.
public struct ConfigError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The exit code of configuration errors, `EX_CONFIG` of sysexits.
  public static let exitCode: Int32 = 78

  /// The file as the caller named it, or `--set path` for a value given on the command line.
  public let file: String
  /// Where the offending key or value starts; `.none` for the command line.
  public let position: JSONPosition
  /// One sentence: what is wrong, and what is expected.
  public let message: String

  /// An error at a place in a configuration.
  public init(file: String, position: JSONPosition = .none, message: String) {
    self.file = file
    self.position = position
    self.message = message
  }

  /// The error for a text that is not JSON.
  public init(_ error: JSONError) {
    self.init(file: error.file, position: error.position, message: error.message)
  }

  /// The same error with a text before its message.
  public func prefixed(with text: String) -> ConfigError {
    ConfigError(file: file, position: position, message: text + message)
  }

  /// `file:line:column: error: message`, the form that editors make clickable.
  public var description: String {
    position == .none ? "\(file): error: \(message)" : "\(file):\(position): error: \(message)"
  }
}
