/// The section `task`: the labelled data.
public struct TaskConfiguration: Sendable {
  /// What happens at a row that breaks the format.
  public enum BadRows: String, Sendable, CaseIterable {
    /// The run stops at the first one.
    case stop
    /// It is reported and left out.
    case skip
  }

  /// `name`, such as `sst-2`. The registry of tasks is not known here: whoever looks the name up
  /// reports an unknown one through `origin`.
  public var name: String
  /// `data_dir`: the folder with the task's files.
  public var dataDir: String
  /// `max_seq_length`: texts are cut to so many tokens, special ones included.
  public var maxSeqLength: Int
  /// `bad_rows`
  public var badRows: BadRows
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// Settings made by the program.
  public init(
    name: String, dataDir: String, maxSeqLength: Int = 128, badRows: BadRows = .stop,
    origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.name = name
    self.dataDir = dataDir
    self.maxSeqLength = maxSeqLength
    self.badRows = badRows
    self.origin = origin
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  init(reading section: ConfigSection) throws {
    try section.refuse("task_name", "the task is named by \"name\".")
    name = try section.string("name")
    dataDir = try section.folder("data_dir")
    maxSeqLength = try section.int("max_seq_length", default: 128, in: 3...)
    badRows = try section.choice("bad_rows", default: .stop)
    origin = ConfigOrigin(section)
    try section.finish()
  }
}
