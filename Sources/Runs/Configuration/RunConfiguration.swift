import Configuration
import StrictJSON
import Trainers

/// The configuration of one kind of run, read completely.
public protocol RunConfiguration: Sendable {
  /// The subcommand that reads it.
  static var command: String { get }
  /// Reads the sections.
  /// - Throws: `ConfigError`.
  init(reading root: ConfigSection) throws
  /// The settings that every run has.
  var common: CommonConfiguration { get set }
  /// How the model is trained.
  var train: TrainingArguments { get }
  /// The configuration with all its defaults.
  var resolved: JSONValue { get }
  /// Notes for the user, such as old spellings.
  var notes: [String] { get }
}

extension RunConfiguration {
  /// Reads a configuration file.
  /// - Parameters:
  ///   - path: the file, relative to the working directory.
  ///   - overrides: what the command line changes, applied in order.
  ///   - checksPaths: whether files and folders that the configuration names must exist.
  /// - Throws: `ConfigError` for the first thing that cannot be used.
  public static func load(
    path: String, overrides: [ConfigOverride], checksPaths: Bool = true
  ) throws -> Self {
    try Self(
      reading: ConfigDocument.read(path, overrides: overrides, checksPaths: checksPaths).root)
  }

  /// Reads a configuration file with overrides of the form `path.to.key=value`.
  /// - Throws: `ConfigError` for the first thing that cannot be used.
  public static func load(
    path: String, overrides: [String] = [], checksPaths: Bool = true
  ) throws -> Self {
    try load(
      path: path, overrides: overrides.map(ConfigOverride.init(parsing:)),
      checksPaths: checksPaths)
  }

  /// Rejects sections that other subcommands read.
  static func refuseSections(_ keys: [String], in root: ConfigSection, reads: String) throws {
    for key in keys {
      try root.refuse(key, "\(command) reads \(reads).")
    }
  }
}
