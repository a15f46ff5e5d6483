import ArgumentParser
import Data
import Inference
import Kernels
import Models

/// The options that say how models are applied to texts.
struct InferenceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Cut texts to this many tokens; by default what --task-config or the model's own task "
        + "says, otherwise 128, or the model's limit if that is less."))
  var maxSeqLength: Int?

  @Option(help: "The largest number of texts in one product.")
  var batchSize = 32

  @Option(help: "Worker threads; 0 means one per processor, or what a quota grants.")
  var threads = 0

  @Option(
    help: ArgumentHelp(
      "Factors of products with weights: float32, or bf16 for twice the speed.",
      valueName: "name"), completion: .list(["float32", "bf16"]))
  var precision = Precision.float32

  @Option(
    help: ArgumentHelp(
      "Rows that cannot be used: stop, or skip to leave them out; by default what --task-config or "
        + "the model's own task says, otherwise stop.", valueName: "name"))
  var badRows: BadRows?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Let rows without a text count like the others, or make them rows that cannot be used; by "
        + "default what --task-config or the model's own task says, otherwise the latter."))
  var emptyTexts: Bool?

  @Flag(inversion: .prefixedNo, help: SpecialTokensHelp.text)
  var specialTokensInText: Bool?

  func validate() throws {
    try OptionRange.check("--max-seq-length", maxSeqLength ?? 3, 3...TaskConfiguration.longestText)
    try OptionRange.check("--batch-size", batchSize, 1...RandomSite.places.count)
    try OptionRange.check("--threads", threads, OptionRange.threads)
    if let complaint = precision.complaint { throw ValidationError("--precision: \(complaint).") }
  }

  /// Opens a model folder for a task.
  func open(
    _ model: String, task: AppliedTask, labelOrder: [String]? = nil
  ) throws -> TaskModel {
    try TaskModel(
      folder: HubCache().folder(model), task: task.task,
      maxSeqLength: maxSeqLength ?? task.maxSeqLength,
      threads: threads, precision: precision, labelOrder: labelOrder,
      specialTokensInText: specialTokensInText)
  }

  /// The names that `--task` takes.
  static let tasks = TaskRegistry.all.map(\.name).joined(separator: ", ")

  /// What `--model` takes, for its help.
  static let whereModelsAre = "a folder, or a name on the Hub of one in Hugging Face's cache"

  /// How a shell completes the name of a task.
  static let taskCompletion = CompletionKind.list(TaskRegistry.all.map(\.name))

  /// Writes notices to standard error.
  static func show(_ notices: [String]) {
    for notice in notices { TerminalStream.standardError.print("mate-kd: notice: \(notice)") }
  }
}

extension AppliedTask {
  /// The same for a model that is named as on the command line: a folder, or a model in Hugging
  /// Face's cache.
  init(name: String?, configuration: String?, modelNameOrPath: String) throws {
    try self.init(
      name: name, configuration: configuration, model: HubCache().folder(modelNameOrPath))
  }
}

/// What the flags about special tokens say.
enum SpecialTokensHelp {
  static let text = ArgumentHelp(
    "Read all special tokens that texts spell as such, or none; by default those that the "
      + "tokenizer adds to the usual five.")
}

/// The options that describe a task which mate-kd does not know, or a model that does not name its
/// labels.
struct OwnTaskOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Instead of --task, data of your own: a JSON file with the section task of a configuration.",
      valueName: "file"), completion: .file(extensions: ["json"]))
  var taskConfig: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The task's labels in the order of the outputs of a model without label names.",
      valueName: "label"))
  var labelOrder: [String] = []

  /// The labels in the order of outputs, if given.
  var labels: [String]? { labelOrder.isEmpty ? nil : labelOrder }

  /// - Parameter tasks: the number of tasks named.
  /// - Throws: `ValidationError`.
  func validate(tasks: Int) throws {
    if tasks > 0, taskConfig != nil {
      throw ValidationError("--task and --task-config exclude each other.")
    }
  }
}

extension Split: ExpressibleByArgument {}
extension BadRows: ExpressibleByArgument {}
extension InputFormat: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
