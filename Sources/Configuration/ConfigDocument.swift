import StrictJSON
import Synchronization

/// One configuration as read: the file, what the command line changed in it, and what is worth
/// telling the user about it.
public final class ConfigDocument: Sendable {
  /// The file's name as the user gave it.
  public let file: String
  /// Whether sections look for the files and folders that they name.
  public let checksPaths: Bool

  private let text: JSONValue
  /// Where a value given on the command line came from, by its path.
  private let overridden: [String: String]
  private let collected = Mutex<[String]>([])
  private let noted = Mutex<[Setting]>([])

  /// A parsed text with overrides applied.
  /// - Throws: `ConfigError` for an override that cannot be applied.
  public init(
    _ text: JSONValue, file: String, overrides: [ConfigOverride] = [], checksPaths: Bool = true
  ) throws {
    guard text.object != nil else {
      throw ConfigError(
        file: file, position: text.position,
        message: "a configuration is a JSON object, found \(text.kindName).")
    }
    self.file = file
    self.checksPaths = checksPaths
    self.text = try overrides.reduce(text) { value, override in try override.applied(to: value) }
    overridden = Dictionary(overrides.map { ($0.path, $0.origin) }) { _, last in last }
  }

  /// Reads a configuration file.
  /// - Parameters:
  ///   - path: the file, relative to the working directory.
  ///   - overrides: what the command line changes, applied in order.
  ///   - checksPaths: whether sections look for the files and folders that they name.
  /// - Throws: `ConfigError` when the file is missing, is not strict JSON or is no object.
  public static func read(
    _ path: String, overrides: [ConfigOverride] = [], checksPaths: Bool = true
  ) throws -> ConfigDocument {
    let bytes = try PathCheck.contents(ofConfiguration: path)
    let text: JSONValue
    do {
      text = try StrictJSON.parse(bytes, file: path)
    } catch let error as JSONError {
      throw ConfigError(error)
    }
    return try ConfigDocument(text, file: path, overrides: overrides, checksPaths: checksPaths)
  }

  /// The whole object.
  public var root: ConfigSection { ConfigSection(text, path: "", document: self) }

  /// What the user should know though it is no error, such as an old spelling that was taken.
  public var notes: [String] { collected.withLock { $0 } }

  /// Adds a note, once.
  package func note(_ text: String) {
    collected.withLock { if !$0.contains(text) { $0.append(text) } }
  }

  /// Descriptions of all keys that have been asked for, in the order in which they were.
  public var settings: [Setting] { noted.withLock { $0 } }

  /// Notes down what a key may be; the first description counts.
  package func note(_ setting: Setting) {
    noted.withLock { noted in
      if !noted.contains(where: { $0.path == setting.path }) { noted.append(setting) }
    }
  }

  /// The error for the value at a path, placed on the command line where it came from there.
  package func error(path: String, at position: JSONPosition, _ message: String) -> ConfigError {
    var part = Substring(path)
    while !part.isEmpty {
      if let origin = overridden[String(part)] ?? maker(of: part, at: position) {
        return ConfigError(file: origin, message: message)
      }
      part = part[..<(part.lastIndex { $0 == "." || $0 == "[" } ?? part.startIndex)]
    }
    return ConfigError(file: file, position: position, message: message)
  }

  /// The option that made an object which the file does not have.
  private func maker(of path: Substring, at position: JSONPosition) -> String? {
    guard position == .none else { return nil }
    return overridden.filter { $0.key.hasPrefix(path + ".") }.min { $0.key < $1.key }?.value
  }
}
