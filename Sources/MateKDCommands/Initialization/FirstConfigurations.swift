import Configuration
import Data
import Files
import Runs
import StrictJSON

/// The first configurations for somebody's own data: one that fine-tunes a teacher, unless there is
/// one, and one that distils it.
struct FirstConfigurations {
  /// The file that fine-tunes the teacher, and what is in it; nil if the teacher is there.
  let teacher: (file: String, content: JSONValue)?
  /// The file that distils it.
  let distill: (file: String, content: JSONValue)
  /// The folder of the student.
  let student: String

  /// Composes the files.
  ///
  /// - Parameter file: the name of the second one.
  /// - Throws: `ConfigError` if what was composed cannot be read.
  init(_ first: FirstTask, model: StartingModel, file: String) throws {
    let stem = Self.stem(of: file)
    let isTeacher = model.isFineTuned(for: first.task)
    let start = PathText.literal(model.name)
    let taught = isTeacher ? start : PathText.literal("runs/\(first.name)-teacher")
    student = "runs/\(first.name)-kd"
    let rows = first.statistics.parts.first?.rows ?? 0
    let teacherText: JSONValue = [
      "$schema": .string(Self.schema(.teacherFinetune)), "output_dir": .string(taught),
      "task": first.section,
      "model": ["model_name_or_path": .string(start)],
      "train": Self.train(rows: rows, learningRate: model.learningRate),
    ]
    let distillText: JSONValue = [
      "$schema": .string(Self.schema(.distill)),
      "output_dir": .string(PathText.literal(student)),
      "task": first.section,
      "teacher": ["model_name_or_path": .string(taught)],
      "student": ["from_teacher_layers": .array(model.everySecondLayer.map(JSONValue.int))],
      "method": ["name": "kd"], "train": Self.train(rows: rows, learningRate: 5e-5),
    ]
    teacher = isTeacher ? nil : ("\(stem)-teacher.json", teacherText)
    distill = (file, distillText)
    if let teacher {
      let isThere = model.folder != nil
      _ = try TeacherFinetuneConfiguration(
        reading: ConfigDocument(teacherText, file: teacher.file, checksPaths: isThere).root)
    }
    _ = try DistillConfiguration(
      reading: ConfigDocument(distillText, file: file, checksPaths: isTeacher).root)
  }

  /// The files to write, the first one first.
  var files: [(file: String, content: JSONValue)] { (teacher.map { [$0] } ?? []) + [distill] }

  /// What editors check and complete the files by, with names relative to the files' folder. No
  /// schema lies at an address that all could reach.
  func schemas() throws -> [(file: String, content: JSONValue)] {
    let commands: [ConfigurationReference.Command] =
      teacher == nil ? [.distill] : [.teacherFinetune, .distill]
    return try commands.map { (Self.schema($0), try ConfigurationSchema.schema(of: $0)) }
  }

  private static func schema(_ command: ConfigurationReference.Command) -> String {
    ".mate-kd/\(command.rawValue).schema.json"
  }

  /// The names that both files would have.
  static func names(for file: String) -> [String] { ["\(stem(of: file))-teacher.json", file] }

  private static func stem(of file: String) -> String {
    file.hasSuffix(".json") ? String(file.dropLast(5)) : file
  }

  /// Three passes, or more where the data are few: about 300 updates.
  private static func train(rows: Int, learningRate: Double) -> JSONValue {
    let batch = 32
    let updates = max(1, (rows * 9 / 10 + batch - 1) / batch)
    let epochs = min(20, max(3, (300 + updates - 1) / updates))
    return [
      "per_device_train_batch_size": .int(batch), "per_device_eval_batch_size": 64,
      "learning_rate": .double(learningRate), "num_train_epochs": .int(epochs),
      "warmup_ratio": 0.1, "weight_decay": 0.01, "eval_strategy": "epoch", "logging_steps": 50,
      "load_best_model_at_end": true,
    ]
  }
}
