import ArgumentParser
import Configuration
import Logging
import Runs
import StrictJSON

/// The options of every subcommand that takes a configuration.
package struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The run's configuration, a JSON file; - for standard input.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  package var config: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change a value of the configuration. May be repeated.",
      discussion: "The value is JSON, otherwise a string: --set train.learning_rate=3e-5.",
      valueName: "path.to.key=value"))
  package var assignments: [String] = []

  @Option(
    help: ArgumentHelp("The folder to write to, instead of output_dir.", valueName: "dir"),
    completion: .directory)
  package var outputDir: String?

  @Flag(help: "Write to an output folder that is not empty.")
  package var overwriteOutputDir = false

  @Flag(help: "Go on from the newest checkpoint of the output folder, if there is one.")
  package var resume = false

  @Option(help: "The seed of all random streams.")
  package var seed: Int?

  @Option(
    help: ArgumentHelp(
      "Worker threads; 0 means one per processor, or what a quota grants.",
      discussion: "Results do not depend on it."))
  package var threads: Int?

  @Option(
    help: ArgumentHelp("float32 or bf16, see docs/configuration.md.", valueName: "name"),
    completion: .list(["float32", "bf16"]))
  package var precision: String?

  @Flag(help: "Open and check everything, print what would run, then stop.")
  package var dryRun = false

  @Flag(help: "Write only warnings and errors, and no progress.")
  package var quiet = false

  @Option(
    help: "How log lines look: \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  package var logFormat = LogFormat.text

  package init() {}

  /// What these options change in the configuration. Options with names of their own come after
  /// `--set`, so they win.
  /// - Throws: `ConfigError` for an assignment that cannot be read.
  package func overrides() throws -> [ConfigOverride] {
    var overrides = try assignments.map(ConfigOverride.init(parsing:))
    func add(_ path: String, _ value: JSONValue?, _ option: String) {
      guard let value else { return }
      overrides.append(ConfigOverride(path: path, value: value, origin: option))
    }
    add("output_dir", outputDir.map(JSONValue.string), "--output-dir")
    add("overwrite_output_dir", overwriteOutputDir ? true : nil, "--overwrite-output-dir")
    add("train.resume_from_checkpoint", resume ? true : nil, "--resume")
    add("seed", seed.map(JSONValue.int), "--seed")
    add("threads", threads.map(JSONValue.int), "--threads")
    add("precision", precision.map(JSONValue.string), "--precision")
    return overrides
  }

  /// The configuration that the options name, with their changes.
  /// - Throws: `ConfigError` for the first thing that cannot be used.
  package func configuration<Run: RunConfiguration>(as run: Run.Type = Run.self) throws -> Run {
    try Run.load(path: config, overrides: overrides())
  }

  /// Makes all loggers of the process write as the options say. To be called only once per process.
  ///
  /// - Parameter isSilent: whether another process of the run says everything.
  package func bootstrapLogging(isSilent: Bool = false) {
    ConsoleLogHandler.bootstrap(
      logFormat, level: isSilent ? .critical : quiet ? .warning : .info)
  }
}
