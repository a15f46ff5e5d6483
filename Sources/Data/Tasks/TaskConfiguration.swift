import Configuration
import Files
import StrictJSON

/// The section `task`: the labelled data.
public struct TaskConfiguration: Sendable {
  /// `name`, such as `sst-2`, or any name where `own` describes the data. Whoever looks the name up
  /// (`taskDescription`) reports an unknown one.
  public var name: String
  /// `data_dir`: the folder with the task's files.
  public var dataDir: String
  /// `max_seq_length`: texts are cut to so many tokens, special ones included.
  public var maxSeqLength: Int
  /// True if the configuration says so, rather than by default.
  package private(set) var namesMaxSeqLength = false
  /// `bad_rows`
  public var badRows: BadRows
  /// `empty_texts`: whether rows without a text count like the others.
  public var emptyTexts = false
  /// `validation_split`: the share of the training rows that is held out and measured in place of
  /// the validation file; nil for none.
  public var validationSplit: Double?
  /// `samples_per_class`: train on so many rows of every class; nil for all.
  public var samplesPerClass: Int?
  /// `draw_seed`: the seed of the rows that these two and `max_train_samples` draw; nil for the
  /// run's.
  public var drawSeed: UInt64?
  /// The description of data of one's own; nil for a task of the registry.
  public var own: TaskDescription?
  /// What only tasks with questions have.
  public var questions: QuestionConfiguration
  /// Where the settings came from.
  public var origin: ConfigOrigin
  /// The section with its defaults but without the place of files, to be kept beside models that
  /// learnt the task; nil unless `own` was read.
  public private(set) var remembered: JSONValue?

  /// Settings made by the program.
  public init(
    name: String, dataDir: String, maxSeqLength: Int = 128, badRows: BadRows = .stop,
    own: TaskDescription? = nil, questions: QuestionConfiguration = QuestionConfiguration(),
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

  /// The largest `max_seq_length`, beyond all position embeddings.
  package static let longestText = 1 << 20

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
    name = try section.string(
      "name", "A task of docs/tasks.md; with `format`, any name that no task has.")
    let folder = "The folder with the task's files."
    if use == .otherData {
      dataDir = try section.optionalOutputPath("data_dir", folder) ?? ""
    } else {
      dataDir = try section.folder("data_dir", folder)
    }
    if use == .corpus {
      try section.refuse("max_seq_length", "it stands at the top of the configuration.")
      try section.refuse("bad_rows", "it belongs to the section corpus.")
      try section.refuse("empty_texts", "there is nothing to learn from them.")
      (maxSeqLength, badRows) = (128, .stop)
      questions = QuestionConfiguration()
    } else {
      maxSeqLength = try section.int(
        "max_seq_length", default: QuestionConfiguration.concerns(name) ? 384 : 128,
        in: 3...Self.longestText,
        "Texts are cut to this many tokens, including special ones.")
      namesMaxSeqLength = section.has("max_seq_length")
      badRows = try section.choice(
        "bad_rows", default: .stop,
        "Rows that break the format: `stop` ends the run, `skip` reports them and goes on.")
      emptyTexts = try section.bool(
        "empty_texts", default: false,
        "Whether a row without a text counts like the others; otherwise it is a bad row.")
      questions = try QuestionConfiguration(reading: section, task: name)
    }
    own = try TaskDescription.own(
      reading: section, name: name, directory: use == .otherData ? nil : dataDir)
    origin = ConfigOrigin(section)
    if use == .corpus || QuestionConfiguration.concerns(name) {
      for key in Self.drawKeys { try section.refuse(key, "it is for rows with labels.") }
    } else {
      try readDraws(section)
    }
    try section.finish()
    if own != nil, var kept = section.resolved.object {
      for key in ["data_dir"] + Self.drawKeys { kept[key] = nil }
      // Whoever reads the data later must leave out the same rows.
      if badRows == .stop { kept["bad_rows"] = nil }
      if !emptyTexts { kept["empty_texts"] = nil }
      remembered = JSONValue(.object(kept))
    }
  }

  private static let drawKeys = ["validation_split", "samples_per_class", "draw_seed"]

  private mutating func readDraws(_ section: ConfigSection) throws {
    validationSplit = try section.optionalNumber(
      "validation_split", in: .above(0, upTo: 0.9),
      "Hold out this share of the training rows, with an equal share of every class, and measure "
        + "on it in place of the validation file; by default none.")
    samplesPerClass = try section.optionalInt(
      "samples_per_class", in: .atLeast(1),
      "Train on so many rows of every class, drawn at random; by default on all.")
    drawSeed = try section.optionalInt(
      "draw_seed", in: .atLeast(0),
      "The seed of the rows that `validation_split`, `samples_per_class` and `max_train_samples` "
        + "draw; by default `seed`."
    ).map { UInt64($0) }
  }

  /// Reads the task of a file: a section `task` alone, as it is kept beside models, or a run's
  /// configuration, of which nothing else is looked at. The data folder need not exist.
  ///
  /// - Throws: `ConfigError`.
  public static func load(path: String) throws -> TaskConfiguration {
    try load(path: path, .fileOrStream)
  }

  /// The same for what may only be a regular file, or for what may be a stream, too.
  package static func load(path: String, _ readable: ReadableKind) throws -> TaskConfiguration {
    let root = try ConfigDocument.read(path, readable, checksPaths: false).root
    root.ignore("$schema")
    let section = root.has("task") ? try root.section("task") : root
    return try TaskConfiguration(reading: section, for: .otherData)
  }
}

extension TaskConfiguration {
  /// The task: the one that the section describes, or else the one of the registry with its name.
  ///
  /// - Parameter key: where the name stands, for messages.
  /// - Throws: `ConfigError` for a name that is none, and for a description with the name of a task
  ///   that is known already.
  package func taskDescription(key: String = "name") throws -> TaskDescription {
    var task = try description(key: key)
    if emptyTexts { task.allowsEmptyTexts = true }
    return task
  }

  private func description(key: String) throws -> TaskDescription {
    guard let own else {
      do {
        return try TaskRegistry.named(name)
      } catch let error as TaskRegistry.UnknownTask {
        throw origin.error(
          key,
          "\(error.description.dropLast()); data of your own need \"format\" and what goes with it "
            + "(docs/tasks.md).")
      }
    }
    if let known = try? TaskRegistry.named(name) {
      throw origin.error(
        key,
        "\"\(name)\" is the task \(known.name) of mate-kd; give a description of your own data "
          + "another name.")
    }
    return own
  }
}
