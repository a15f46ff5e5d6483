import Configuration
import StrictJSON

/// The section `corpus`: plain text files, the texts of a task, or both.
public struct Corpus: Sendable {
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
  public var badRows: BadRows
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// A corpus made by the program.
  public init(
    files: [String] = [], task: String? = nil, ownTask: TaskConfiguration? = nil,
    dataDir: String? = nil, split: Split = .train,
    badRows: BadRows = .stop, origin: ConfigOrigin = ConfigOrigin()
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
    files = try section.files(
      "files", default: [], "Plain text in UTF-8, a text a line; not with `task`.")
    if section.value(of: "task")?.object != nil {
      let task = try section.section(
        "task", "Data of your own whose texts are taken, described as in the section `task`.")
      ownTask = try TaskConfiguration(reading: task, for: .corpus)
      try section.refuse("data_dir", "it belongs to the section \(section.name("task")).")
    } else {
      task = try section.optionalString(
        "task", "The task whose texts are taken, or an object that describes data of your own.")
      let folder = "The folder with the files of a task that goes by its name."
      dataDir =
        task == nil
        ? try section.optionalString("data_dir", folder) : try section.folder("data_dir", folder)
    }
    split = try section.choice(
      "split", default: .train, among: [.train, .validation, .test],
      "The part of the task's data.")
    badRows = try section.choice(
      "bad_rows", default: .stop,
      "Rows that break the format: `stop` ends the run, `skip` reports them and goes on.")
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
