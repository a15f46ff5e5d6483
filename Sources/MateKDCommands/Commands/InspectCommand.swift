import ArgumentParser
import Data
import Inference
import Kernels
import Models
import StrictJSON

/// `mate-kd inspect`.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what a model folder or a task's data contains.",
    discussion: """
      With --model alone: parts, tensors, heads, labels and vocabulary of the model. With --data \
      and --task or --task-config: rows, labels and texts that occur more than once, or questions \
      and answers. With --model as well: how long the texts are in the model's tokens, and how \
      many windows the questions take. With --compare as well: how alike the layers of two models \
      are on the texts (linear CKA), and how many directions each layer's states need.
      """)

  @Option(
    help: ArgumentHelp(
      "The model: \(InferenceOptions.whereModelsAre). For lengths, a folder with only a tokenizer "
        + "will do.", valueName: "dir"),
    completion: .directory)
  var model: String?

  @Option(
    help: ArgumentHelp(
      "A second model: compare its layers with those of --model.", valueName: "dir"))
  var compare: String?

  @Option(help: "With --compare: texts to compare on, from the beginning of the split.")
  var samples = 256

  @Option(
    help: ArgumentHelp(
      "With --compare: the split, one of "
        + "\(Split.allCases.map(\.rawValue).joined(separator: ", "))."))
  var split = Split.validation

  @Option(
    help: ArgumentHelp(
      "The task; by default the one that the model was trained on. "
        + "The tasks: \(InferenceOptions.tasks).",
      valueName: "name"), completion: InferenceOptions.taskCompletion)
  var task: String?

  @Option(
    help: ArgumentHelp(
      "Instead of --task, data of your own: a JSON file with the section task of a configuration.",
      valueName: "file"), completion: .file(extensions: ["json"]))
  var taskConfig: String?

  @Option(
    help: ArgumentHelp("The GLUE folder or the folder of the data.", valueName: "dir"),
    completion: .directory)
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Count what would be cut at this many tokens; by default what --task-config or the model's "
        + "own task says, otherwise 128 (squad, squad2: 384), or the model's limit if less."))
  var maxSeqLength: Int?

  @Option(help: "Worker threads; 0 means one per processor, or what a quota grants.")
  var threads = 0

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  func validate() throws {
    if task != nil, taskConfig != nil {
      throw ValidationError("--task and --task-config exclude each other.")
    }
    if data == nil, task != nil || taskConfig != nil {
      throw ValidationError("--task and --task-config need --data.")
    }
    if model == nil, data == nil || task == nil && taskConfig == nil {
      throw ValidationError("Give --model, or --data with --task or --task-config.")
    }
    if compare != nil, data == nil || model == nil {
      throw ValidationError("--compare needs --model and --data.")
    }
    try OptionRange.check("--samples", samples, 2...1_000_000)
    try OptionRange.check("--max-seq-length", maxSeqLength ?? 3, 3...TaskConfiguration.longestText)
    if maxSeqLength != nil, data == nil || model == nil {
      throw ValidationError("--max-seq-length needs --data and --model.")
    }
    try OptionRange.check("--threads", threads, OptionRange.threads)
  }

  func run() throws {
    let model = try model.map(HubCache().folder)
    let compare = try compare.map(HubCache().folder)
    if let data {
      let applied = try AppliedTask(name: task, configuration: taskConfig, model: model ?? "")
      if let model, let compare {
        let comparison = try LayerComparison(
          folders: (model, compare), task: applied.task, directory: data, badRows: applied.badRows,
          split: split, samples: samples, limit: limit(applied, model, usual: 128),
          pool: OpenBLAS.threadPool(threads))
        show(comparison.json, comparison.print)
        return
      }
      let tokenizer = try model.map { try TokenizerLoader.load(folder: $0) }
      if let version = applied.task.questions {
        var windows = applied.windows
        windows.maximumLength = limit(applied, model, usual: windows.maximumLength)
        let inspection = QuestionInspection(
          try QuestionStatistics(
            version: version, directory: data, tokenizer: tokenizer, settings: windows))
        InferenceOptions.show(inspection.notices)
        show(inspection.json, inspection.print)
      } else {
        let inspection = DatasetInspection(
          try DatasetStatistics(
            task: applied.task, directory: data, tokenizer: tokenizer,
            limit: limit(applied, model, usual: 128), pool: ThreadPool(threads: threads)))
        InferenceOptions.show(inspection.notices)
        show(inspection.json, inspection.print)
      }
    } else if let model {
      let inspection = try ModelInspection(folder: model)
      show(inspection.json, inspection.print)
    }
  }

  private func limit(_ applied: AppliedTask, _ model: String?, usual: Int) -> Int {
    if let known = maxSeqLength ?? applied.maxSeqLength { return known }
    // A tokenizer on its own has no config.json, and so no limit.
    let longest = model.flatMap { try? ModelFolder($0).configuration.encoder.maximumLength }
    return min(usual, longest ?? usual)
  }

  private func show(
    _ content: @autoclosure () -> JSONValue, _ tables: (TerminalStream) -> Void
  ) {
    if json {
      TerminalStream.standardOutput.print(json: content())
    } else {
      tables(.standardOutput)
    }
  }
}
