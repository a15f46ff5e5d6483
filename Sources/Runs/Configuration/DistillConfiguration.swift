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
  public var common: CommonConfiguration
  /// The labelled data.
  public let task: TaskConfiguration
  /// What the student learns from.
  public let teacher: TeacherSource
  /// The model that learns.
  public let student: ModelSource
  /// The masked language model of methods that make their own texts.
  public let generator: ModelSource?
  /// The section of the method. The method reads its own keys and must call `finish()`. Only then
  /// have all keys been checked, and only then does `resolved` have the method's defaults.
  public let method: ConfigSection
  /// `method.name`
  public let methodName: String
  /// Texts without labels from which the student learns, too; nil for none.
  public let transfer: TransferSource?
  /// `teacher_cache_dir`: the folder that keeps the teacher's logits on the training rows from one
  /// run to the next; nil keeps them in memory only.
  public let teacherCacheDir: String?
  /// `allow_weak_teacher`: whether a teacher that scores below the majority class is accepted.
  public let allowWeakTeacher: Bool
  /// `diagnostics`: whether each evaluation also measures what goes on within the method.
  public let diagnostics: Bool
  /// How the student is trained.
  public let train: TrainingArguments
  private let root: ConfigSection

  /// Reads all sections except the rest of `method`.
  /// - Throws: `ConfigError`.
  public init(reading root: ConfigSection) throws {
    self.root = root
    try Self.refuseSections(
      ["model", "corpus", "mlm"], in: root,
      reads: "task, teacher, student, generator, transfer, method and train")
    try root.refuse("max_seq_length", "it belongs to the section task.")
    common = try CommonConfiguration(reading: root)
    task = try TaskConfiguration(reading: root.section("task", "The labelled data."))
    teacher = try TeacherSource(
      reading: root.section(
        "teacher", "What to learn from: a fine-tuned model, predictions, or an ensemble."))
    student = try ModelSource(
      reading: root.section("student", "The model that learns."), as: .student)
    generator = try root.optionalSection(
      "generator", "The masked language model of the methods that need one."
    ).map { try ModelSource(reading: $0, as: .besideTeacher) }
    method = try root.section("method", "What the student learns, and its constants.")
    methodName = try method.string("name", "One of the methods that `mate-kd methods` lists.")
    transfer = try root.optionalSection(
      "transfer", "Texts without labels, from which the student learns the teacher's answers."
    ).map { try TransferSource(reading: $0) }
    teacherCacheDir = try root.optionalOutputPath(
      "teacher_cache_dir",
      "Where to keep the teacher's logits on the training rows between runs; by default in memory."
    )
    allowWeakTeacher = try root.bool(
      "allow_weak_teacher", default: false,
      "Whether a teacher that scores below the majority class is accepted.")
    diagnostics = try root.bool(
      "diagnostics", default: false,
      "Whether each evaluation also measures what goes on in the method, on a few training texts; "
        + "changes no result.")
    train = try TrainingArguments(
      reading: root.sectionOrEmpty("train", "How the student is trained."))
    try root.finish()
    try checkTeacher()
  }

  /// Checks that nobody takes layers or a vocabulary from a teacher that is not one model, and that
  /// there are predictions for all texts.
  private func checkTeacher() throws {
    let kind: String
    switch teacher.kind {
    case .model: return
    case .predictions: kind = "predictions"
    case .ensemble: kind = "an ensemble"
    }
    if student.fromTeacherLayers != nil {
      throw student.origin.error(
        "from_teacher_layers",
        "student.from_teacher_layers takes layers of a teacher that is one model, but it is "
          + "\(kind); name the model by student.model_name_or_path, with student.layers.")
    }
    let sources: [(String, ModelSource?)] = [("student", student), ("generator", generator)]
    for case (let name, let source?) in sources
    where source.config != nil && source.vocab == nil {
      throw source.origin.error(
        "\(name).vocab is missing; the teacher is \(kind), which has no vocabulary to take.")
    }
    for case .predictions(let found) in teacher.members.map(\.source.kind) {
      let files = transfer?.files.count ?? 0
      guard found.transfer.count != files else { continue }
      throw found.origin.error(
        "transfer_predictions",
        "transfer_predictions names \(found.transfer.count) files, but transfer.files names "
          + "\(files); give predictions for each of them.")
    }
  }

  /// The configuration with all its defaults. Those of the method are included once it has read its
  /// section.
  public var resolved: JSONValue { root.resolved }
  /// The configuration without defaults: what somebody has asked for.
  public var written: JSONValue { root.written }
  /// Notes for the user, such as old spellings.
  public var notes: [String] { root.document.notes }
  /// For errors about sections as a whole, such as a missing generator.
  public var origin: ConfigOrigin { ConfigOrigin(root) }
}
