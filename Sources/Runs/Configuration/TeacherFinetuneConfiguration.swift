import Configuration
import Data
import Models
import StrictJSON
import Trainers

/// What `mate-kd teacher-finetune` reads: a checkpoint learns a task.
public struct TeacherFinetuneConfiguration: RunConfiguration {
  /// The subcommand that reads it.
  public static let command = "teacher-finetune"

  /// The settings that every run has.
  public var common: CommonConfiguration
  /// The labelled data.
  public let task: TaskConfiguration
  /// The model to fine-tune.
  public let model: ModelSource
  /// How it is trained.
  public let train: TrainingArguments
  private let root: ConfigSection

  /// Reads the sections.
  /// - Throws: `ConfigError`.
  public init(reading root: ConfigSection) throws {
    self.root = root
    try Self.refuseSections(
      ["teacher", "student", "generator", "method", "corpus", "mlm"], in: root,
      reads: "task, model and train")
    try root.refuse("max_seq_length", "it belongs to the section task.")
    common = try CommonConfiguration(reading: root)
    task = try TaskConfiguration(reading: root.section("task", "The labelled data."))
    model = try ModelSource(reading: root.section("model", "The model to fine-tune."), as: .alone)
    train = try TrainingArguments(
      reading: root.sectionOrEmpty("train", "How the model is trained."))
    try root.finish()
  }

  /// The configuration with all its defaults.
  public var resolved: JSONValue { root.resolved }
  /// Notes for the user, such as old spellings.
  public var notes: [String] { root.document.notes }
}
