import ArgumentParser
import Models
import StrictJSON
import Trainers

/// `mate-kd predict`.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Apply a model to unlabelled texts.",
    discussion: """
      Reads a file in the layout of the task's, or a text a line (for a task of your own: from \
      a file called .txt); writes a JSON object a row, in order, with index, label (labels where a \
      row may have several), probabilities and logits.
      """)

  @Option(help: ArgumentHelp("The fine-tuned model's folder.", valueName: "dir"))
  var model: String

  @Option(
    help: ArgumentHelp(
      "The task, by default the one that the model was trained on: \(InferenceOptions.tasks).",
      valueName: "name"))
  var task: String?

  @OptionGroup var ownTask: OwnTaskOptions

  @OptionGroup var options: InferenceOptions

  @Option(help: ArgumentHelp("The texts.", valueName: "file"))
  var input: String

  @Option(help: ArgumentHelp("The JSON Lines file to write.", valueName: "file"))
  var output: String

  func validate() throws { try ownTask.validate(tasks: task == nil ? 0 : 1) }

  func run() throws {
    let model = try options.open(
      model, task: AppliedTask(name: task, configuration: ownTask.taskConfig, model: model),
      labelOrder: ownTask.labels)
    InferenceOptions.show(model.notices)
    let predictions = try model.predict(input: input, batchSize: options.batchSize)
    let writer = JSONWriter(layout: .line)
    try AtomicFile.write(output) { file in
      var pending: [UInt8] = []
      for row in 0..<predictions.count {
        let label: (String, JSONValue) =
          if let names = predictions.labelSet(row) {
            ("labels", .array(names.map(JSONValue.string)))
          } else {
            (
              "label",
              predictions.label(row).map(JSONValue.string) ?? .float(predictions.logits(row)[0])
            )
          }
        let line: JSONValue = .object([
          ("index", .int(row)), label,
          ("probabilities", .array(predictions.probabilities(row).map(JSONValue.float))),
          ("logits", .array(predictions.logits(row).map(JSONValue.float))),
        ])
        pending += writer.bytes(line)
        pending.append(0x0A)
        if pending.count > 1 << 16 {
          try file.append(pending)
          pending.removeAll(keepingCapacity: true)
        }
      }
      try file.append(pending)
    }
  }
}
