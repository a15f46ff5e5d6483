import ArgumentParser
import Data
import Kernels
import StrictJSON
import Trainers

/// The options that say which model is applied to which texts.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The fine-tuned model's folder.", valueName: "dir"))
  var model: String

  @Option(
    help: ArgumentHelp(
      "The task, by default the one that the model was trained on: "
        + "\(TaskRegistry.all.map(\.name).joined(separator: ", "))."))
  var task: String?

  @Option(
    help: ArgumentHelp(
      "Instead of --task, data of your own: a JSON file with the section task of a configuration.",
      valueName: "file"))
  var taskConfig: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The task's labels in the order of the outputs of a model without label names.",
      valueName: "label"))
  var labelOrder: [String] = []

  @Option(
    help: ArgumentHelp(
      "Texts are cut to so many tokens; by default as --task-config or the model's own task says, "
        + "else 128, or the model's limit if that is less."))
  var maxSeqLength: Int?

  @Option(help: "Largest number of texts in one product.")
  var batchSize = 32

  @Option(help: "Worker threads; 0 means one a processor.")
  var threads = 0

  @Option(
    help: ArgumentHelp(
      "Factors of products with weights: float32, or bf16 for twice the speed.",
      valueName: "name"))
  var precision = Precision.float32

  func validate() throws {
    if task != nil, taskConfig != nil {
      throw ValidationError("--task and --task-config exclude each other.")
    }
    if let maxSeqLength, maxSeqLength < 3 {
      throw ValidationError("--max-seq-length must be at least 3, found \(maxSeqLength).")
    }
    if batchSize < 1 {
      throw ValidationError("--batch-size must be at least 1, found \(batchSize).")
    }
    if threads < 0 { throw ValidationError("--threads must not be negative, found \(threads).") }
    if let complaint = precision.complaint { throw ValidationError("--precision: \(complaint).") }
  }

  func open() throws -> TaskModel {
    let applied = try AppliedTask(name: task, configuration: taskConfig, model: model)
    let opened = try TaskModel(
      folder: model, task: applied.task, maxSeqLength: maxSeqLength ?? applied.maxSeqLength,
      threads: threads, precision: precision, labelOrder: labelOrder.isEmpty ? nil : labelOrder)
    Self.show(opened.notices)
    return opened
  }
}

extension ModelOptions {
  /// Writes notices to standard error.
  static func show(_ notices: [String]) {
    for notice in notices { TerminalStream.standardError.print("mate-kd: notice: \(notice)") }
  }
}

/// `mate-kd evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a model on a task's labelled data.")
  @OptionGroup var options: ModelOptions

  @Option(help: ArgumentHelp("The GLUE folder or the folder of the data.", valueName: "dir"))
  var data: String

  @Option(help: "The split: \(Split.allCases.map(\.rawValue).joined(separator: ", ")).")
  var split = Split.validation

  @OptionGroup var bootstrap: BootstrapOptions

  @Flag(help: "Count how often each label of the data is predicted as each label.")
  var confusion = false

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func run() throws {
    let model = try options.open()
    let found = try model.evaluate(
      split: split, directory: data, batchSize: options.batchSize, bootstrap: bootstrap.value)
    ModelOptions.show(found.notices)
    let report = EvaluationReport(
      model: options.model, task: model.task, split: split, found: found,
      bootstrap: bootstrap.value)
    if json {
      print(JSONWriter().string(report.json(confusion: confusion)))
      return
    }
    report.print(on: .standardOutput)
    if confusion {
      print("")
      report.printConfusion(on: .standardOutput)
    }
  }
}

/// The options of confidence intervals.
struct BootstrapOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Samples for the 95 % intervals of the metrics; 0 for none.",
      discussion: "The rows are drawn again with replacement, as many as there are.",
      valueName: "n"))
  var bootstrap = 1000

  @Option(help: "The seed of those samples.")
  var seed: UInt64 = 42

  /// Nil if no intervals are wanted.
  var value: Bootstrap? {
    bootstrap == 0 ? nil : Bootstrap(resamples: bootstrap, seed: seed)
  }

  func validate() throws {
    if bootstrap < 0 || bootstrap > 1_000_000 {
      throw ValidationError("--bootstrap must be from 0 to 1000000, found \(bootstrap).")
    }
  }
}

extension Split: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
