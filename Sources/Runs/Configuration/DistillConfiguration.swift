import Configuration
import Data
import Models
import StrictJSON
import Trainers

/// What `mate-kd distill` reads: a student learns a task from a teacher.
public struct DistillConfiguration: RunConfiguration {
  /// The subcommand that reads it.
  public static let command = "distill"

  /// The settings that every run has.
  public let common: CommonConfiguration
  /// The labelled data.
  public let task: TaskConfiguration
  /// The fine-tuned model to learn from.
  public let teacher: ModelSource
  /// The model that learns.
  public let student: ModelSource
  /// The masked language model of methods that make their own texts.
  public let generator: ModelSource?
  /// The section of the method. The method reads its own keys and must call `finish()`. Only then
  /// have all keys been checked, and only then does `resolved` have the method's defaults.
  public let method: ConfigSection
  /// `method.name`
  public let methodName: String
  /// `teacher_cache_dir`: the folder that keeps the teacher's logits on the training rows from one
  /// run to the next; nil keeps them in memory only.
  public let teacherCacheDir: String?
  /// `allow_weak_teacher`: whether a teacher that scores below the majority class is accepted.
  public let allowWeakTeacher: Bool
  /// How the student is trained.
  public let train: TrainingArguments
  private let root: ConfigSection

  /// Reads all sections except the rest of `method`.
  /// - Throws: `ConfigError`.
  public init(reading root: ConfigSection) throws {
    self.root = root
    try Self.refuseSections(
      ["model", "corpus", "mlm"], in: root,
      reads: "task, teacher, student, generator, method and train")
    try root.refuse("max_seq_length", "it belongs to the section task.")
    common = try CommonConfiguration(reading: root)
    task = try TaskConfiguration(reading: root.section("task", "The labelled data."))
    teacher = try ModelSource(
      reading: root.section("teacher", "The fine-tuned model to learn from."), as: .alone)
    student = try ModelSource(
      reading: root.section("student", "The model that learns."), as: .student)
    generator = try root.optionalSection(
      "generator", "The masked language model of the methods that need one."
    ).map { try ModelSource(reading: $0, as: .besideTeacher) }
    method = try root.section("method", "What the student learns, and its constants.")
    methodName = try method.string("name", "One of the methods that `mate-kd methods` lists.")
    teacherCacheDir = try root.optionalOutputPath(
      "teacher_cache_dir",
      "Where to keep the teacher's logits on the training rows between runs; by default in memory."
    )
    allowWeakTeacher = try root.bool(
      "allow_weak_teacher", default: false,
      "Whether a teacher that scores below the majority class is accepted.")
    train = try TrainingArguments(
      reading: root.sectionOrEmpty("train", "How the student is trained."))
    try root.finish()
  }

  /// The configuration with all its defaults. Those of the method are included once it has read its
  /// section.
  public var resolved: JSONValue { root.resolved }
  /// Notes for the user, such as old spellings.
  public var notes: [String] { root.document.notes }
  /// For errors about sections as a whole, such as a missing generator.
  public var origin: ConfigOrigin { ConfigOrigin(root) }
}
