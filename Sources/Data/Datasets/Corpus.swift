import Configuration

/// The section `corpus`: plain text files, the texts of a task, or both.
public struct Corpus: Sendable {
  /// A part of a task's data.
  public enum Split: String, Sendable, CaseIterable {
    /// The training rows.
    case train
    /// The rows that models are measured on.
    case validation
    /// The rows without labels.
    case test
  }

  /// `files`: plain text in UTF-8, a text a line.
  public var files: [String]
  /// `task`: the name of a task whose texts are taken.
  public var task: String?
  /// `task` as an object: a description of own data, with their folder, whose texts are taken.
  public var ownTask: TaskConfiguration?
  /// `data_dir`: the folder with the task's files.
  public var dataDir: String?
  /// `split`: the part of the task's data.
  public var split: Split
  /// `bad_rows`
  public var badRows: TaskConfiguration.BadRows
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// A corpus made by the program.
  public init(
    files: [String] = [], task: String? = nil, ownTask: TaskConfiguration? = nil,
    dataDir: String? = nil, split: Split = .train,
    badRows: TaskConfiguration.BadRows = .stop, origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.files = files
    self.task = task
    self.ownTask = ownTask
    self.dataDir = dataDir
    self.split = split
    self.badRows = badRows
    self.origin = origin
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  package init(reading section: ConfigSection) throws {
    origin = ConfigOrigin(section)
    files = try section.files("files", default: [])
    if section.value(of: "task")?.object != nil {
      ownTask = try TaskConfiguration(reading: section.section("task"), for: .corpus)
      try section.refuse("data_dir", "it belongs to the section \(section.name("task")).")
    } else {
      task = try section.optionalString("task")
      dataDir =
        task == nil
        ? try section.optionalString("data_dir") : try section.folder("data_dir")
    }
    split = try section.choice("split", default: .train)
    badRows = try section.choice("bad_rows", default: .stop)
    try section.finish()
    if dataDir != nil, task == nil {
      throw section.fail("data_dir", "\(section.name("data_dir")) needs the name of a task.")
    }
    if !files.isEmpty, section.has("task") {
      throw section.fail(
        "files", "\(section.path) has both files and task; keep one of them.")
    }
    if files.isEmpty, task == nil, ownTask == nil {
      throw section.fail("\(section.path) names no texts; give files, or task and data_dir.")
    }
  }
}
