import StrictJSON

/// What `mate-kd pretrain` reads: a masked language model learns texts.
public struct PretrainConfiguration: RunConfiguration {
  /// The subcommand that takes it.
  public static let command = "pretrain"

  /// What every run has.
  public let common: CommonConfiguration
  /// The texts.
  public let corpus: Corpus
  /// `max_seq_length`: texts are cut to so many tokens, special ones included.
  public let maxSeqLength: Int
  /// The model to train.
  public let model: ModelSource
  /// What is hidden from it.
  public let mlm: MaskedLanguageModeling
  /// How it is trained.
  public let train: TrainingArguments
  private let root: ConfigSection

  /// Reads the sections.
  /// - Throws: `ConfigError`.
  public init(reading root: ConfigSection) throws {
    self.root = root
    try Self.refuseSections(
      ["task", "teacher", "student", "generator", "method"], in: root,
      reads: "corpus, model, mlm and train")
    common = try CommonConfiguration(reading: root)
    corpus = try Corpus(reading: root.section("corpus"))
    maxSeqLength = try root.int("max_seq_length", default: 128, in: 3...)
    model = try ModelSource(reading: root.section("model"), as: .alone)
    if model.labelOrder != nil {
      throw model.origin.error(
        "label_order",
        "model.label_order is for classifiers; a masked language model has no labels.")
    }
    mlm = try MaskedLanguageModeling(reading: root.sectionOrEmpty("mlm"))
    train = try TrainingArguments(reading: root.sectionOrEmpty("train"))
    try root.finish()
  }

  /// The configuration with all its defaults.
  public var resolved: JSONValue { root.resolved }
  /// Notes for the user, such as old spellings.
  public var notes: [String] { root.document.notes }
}

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
  init(reading section: ConfigSection) throws {
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

/// The section `mlm`: what is hidden from a masked language model.
public struct MaskedLanguageModeling: Sendable {
  /// What a chosen token becomes.
  public enum Masking: String, Sendable, CaseIterable {
    /// BERT's: 80 % [MASK], 10 % a random token, 10 % unchanged.
    case bert = "80-10-10"
    /// Always [MASK], which is how MATE-KD's generator sees its texts.
    case mask
  }

  /// `mlm_probability`: how likely a token is chosen; special tokens never are.
  public var mlmProbability: Double
  /// `masking`
  public var masking: Masking

  /// Settings made by the program.
  public init(mlmProbability: Double = 0.15, masking: Masking = .bert) {
    self.mlmProbability = mlmProbability
    self.masking = masking
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  init(reading section: ConfigSection) throws {
    mlmProbability = try section.number("mlm_probability", default: 0.15, in: .above(0, upTo: 1))
    masking = try section.choice("masking", default: .bert)
    try section.finish()
  }
}
