import Configuration
import StrictJSON

/// The section `task`: the labelled data.
public struct TaskConfiguration: Sendable {
  /// What happens at a row that breaks the format.
  public enum BadRows: String, Sendable, CaseIterable {
    /// The run stops at the first one.
    case stop
    /// It is reported and left out.
    case skip
  }

  /// `name`, such as `sst-2`, or any name where `own` describes the data. The registry of tasks is
  /// not known here: whoever looks the name up reports an unknown one through `origin`.
  public var name: String
  /// `data_dir`: the folder with the task's files.
  public var dataDir: String
  /// `max_seq_length`: texts are cut to so many tokens, special ones included.
  public var maxSeqLength: Int
  /// `bad_rows`
  public var badRows: BadRows
  /// The description of data of one's own; nil for a task of the registry.
  public var own: OwnTask?
  /// What only tasks with questions have.
  public var questions: QuestionConfiguration
  /// Where the settings came from.
  public var origin: ConfigOrigin
  /// The section with its defaults but without what concerns the place and state of files, to be
  /// kept beside models that learnt the task; nil unless `own` was read.
  public private(set) var remembered: JSONValue?

  /// Settings made by the program.
  public init(
    name: String, dataDir: String, maxSeqLength: Int = 128, badRows: BadRows = .stop,
    own: OwnTask? = nil, questions: QuestionConfiguration = QuestionConfiguration(),
    origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.name = name
    self.dataDir = dataDir
    self.maxSeqLength = maxSeqLength
    self.badRows = badRows
    self.own = own
    self.questions = questions
    self.origin = origin
  }

  /// What a section is read for.
  package enum Use {
    /// Training and evaluation.
    case run
    /// The texts alone; the rest stands elsewhere in the configuration.
    case corpus
    /// Data that are named elsewhere; `dataDir` may be empty.
    case otherData
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  package init(reading section: ConfigSection, for use: Use = .run) throws {
    try section.refuse("task_name", "the task is named by \"name\".")
    name = try section.string("name")
    if use == .otherData {
      dataDir = try section.optionalString("data_dir") ?? ""
    } else {
      dataDir = try section.folder("data_dir")
    }
    if use == .corpus {
      try section.refuse("max_seq_length", "it stands at the top of the configuration.")
      try section.refuse("bad_rows", "it belongs to the section corpus.")
      (maxSeqLength, badRows) = (128, .stop)
      questions = QuestionConfiguration()
    } else {
      maxSeqLength = try section.int(
        "max_seq_length", default: QuestionConfiguration.concerns(name) ? 384 : 128, in: 3...)
      badRows = try section.choice("bad_rows", default: .stop)
      questions = try QuestionConfiguration(reading: section, task: name)
    }
    own = try OwnTask.read(from: section)
    origin = ConfigOrigin(section)
    try section.finish()
    if own != nil, var kept = section.resolved.object {
      for key in ["data_dir", "bad_rows"] { kept[key] = nil }
      remembered = JSONValue(.object(kept))
    }
  }

  /// Reads the task of a file: a section `task` alone, as it is kept beside models, or a run's
  /// configuration, of which nothing else is looked at. The data folder need not exist.
  ///
  /// - Throws: `ConfigError`.
  public static func load(path: String) throws -> TaskConfiguration {
    let root = try ConfigDocument.read(path, checksPaths: false).root
    root.ignore("$schema")
    let section = root.has("task") ? try root.section("task") : root
    return try TaskConfiguration(reading: section, for: .otherData)
  }
}
