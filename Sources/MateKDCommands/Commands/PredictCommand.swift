import ArgumentParser
import Data
import Files
import Inference
import Models
import StrictJSON

/// `mate-kd predict`.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Apply models to unlabelled texts.",
    discussion: """
      Reads a file in the task's own layout, a table or JSON whose columns it finds by their \
      names, or one text per line; gzip may have packed it. A notice says how it was read. Writes \
      one JSON object per row, in order, with index, label (labels if a row may have several), \
      probabilities and logits. For squad and squad2, reads SQuAD's JSON, with or without answers, \
      and writes one object per question, with id, answer, the candidates and, for squad2, \
      no_answer_margin.

      With --glue-submission, applies one model per task to GLUE's test sets and writes the eleven \
      files that its server expects, and submission.zip with all of them. Files without a model or \
      without test rows get the same answer in every row. A model for mnli also answers for \
      mnli-mm and ax, unless they have models of their own.
      """)

  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "The fine-tuned model: \(InferenceOptions.whereModelsAre); with --glue-submission task=dir, "
        + "once for each task.",
      valueName: "dir"), completion: .directory)
  var models: [String]

  @Option(
    help: ArgumentHelp(
      "The task; by default the one that the model was trained on. "
        + "The tasks: \(InferenceOptions.tasks).",
      valueName: "name"), completion: InferenceOptions.taskCompletion)
  var task: String?

  @OptionGroup var ownTask: OwnTaskOptions

  @OptionGroup var options: InferenceOptions

  @OptionGroup var questions: QuestionOptions

  @Option(
    help: ArgumentHelp(
      "squad, squad2: also write a JSON object with the answer to each id, as the official "
        + "script expects it.", valueName: "file"), completion: .file())
  var answers: String?

  @Option(
    help: ArgumentHelp("The texts; - is standard input.", valueName: "file"), completion: .file())
  var input: String?

  @Option(
    help: ArgumentHelp(
      "How the texts are given: \(InputFormat.allCases.map(\.rawValue).joined(separator: ", ")); "
        + "by default as the file's name and its header say.", valueName: "name"))
  var inputFormat: InputFormat?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Columns of the input, such as ids, to copy to the output as strings.", valueName: "column"))
  var passthrough: [String] = []

  @Option(
    help: ArgumentHelp("The JSON Lines file to write; - is standard output.", valueName: "file"),
    completion: .file())
  var output: String?

  @Flag(help: "Write over files that are there already.")
  var overwrite = false

  @Option(
    help: ArgumentHelp("The folder to write a GLUE submission to.", valueName: "dir"),
    completion: .directory)
  var glueSubmission: String?

  @Option(
    help: ArgumentHelp("For a submission: the GLUE folder.", valueName: "dir"),
    completion: .directory)
  var data: String?

  func validate() throws {
    try ownTask.validate(tasks: task == nil ? 0 : 1)
    guard glueSubmission != nil else {
      guard input != nil, output != nil else {
        throw ValidationError("Give --input and --output, or --glue-submission and --data.")
      }
      guard models.count == 1 else {
        throw ValidationError("--model must be given once, found \(models.count).")
      }
      guard data == nil else { throw ValidationError("--data is for --glue-submission.") }
      let own = ["index", "label", "labels", "probabilities", "logits", "label_names"]
      if let taken = passthrough.first(where: own.contains) {
        throw ValidationError("--passthrough: \"\(taken)\" is a name of the output's own.")
      }
      return
    }
    guard task == nil, input == nil, output == nil, ownTask.taskConfig == nil,
      ownTask.labels == nil, answers == nil
    else {
      throw ValidationError(
        "--glue-submission excludes --task, --task-config, --label-order, --input, --output and "
          + "--answers.")
    }
    guard data != nil else { throw ValidationError("--glue-submission needs --data.") }
    _ = try SubmissionModels(models)
  }

  func run() throws {
    if let glueSubmission, let data {
      if !overwrite { try OutputFile.refuseExisting("\(glueSubmission)/submission.zip") }
      try submit(to: glueSubmission, data: data)
    } else if let model = models.first, let input, let output {
      let output = OutputFile.path(output)
      if !overwrite {
        try ([output] + (answers.map { [$0] } ?? [])).forEach { try OutputFile.refuseExisting($0) }
      }
      let texts = input == "-" ? "/dev/stdin" : input
      for (option, path) in [("--output", output)] + (answers.map { [("--answers", $0)] } ?? []) {
        try OutputFile.refuse(
          path, amongst: [texts],
          reason: "it is the file of --input; give \(option) another name")
        try OutputFile.refuse(
          path, amongst: OutputFile.essentials(ofModel: HubCache().folder(model)),
          reason: "it is a file of the model's folder; give \(option) another name")
        try OutputFile.refuse(
          path, amongst: [ownTask.taskConfig].compactMap { $0 },
          reason: "it is the file of --task-config; give \(option) another name")
      }
      try predict(model, input: texts, output: output)
    }
  }

  private func predict(_ folder: String, input: String, output: String) throws {
    let task = try AppliedTask(
      name: task, configuration: ownTask.taskConfig, modelNameOrPath: folder
    )
    .with(emptyTexts: options.emptyTexts)
    if task.task.questions != nil {
      let found = try questions.open(folder, task: task.task, options)
        .predict(input: input, batchSize: options.batchSize)
      try AnswerFile.writeLines(
        found, allowsNoAnswer: task.task.questions == .v2_0, to: output)
      if let answers { try AnswerFile.writeObject(found, to: answers) }
      return
    }
    if answers != nil {
      throw ValidationError("--answers is for squad and squad2, not for \(task.task.name).")
    }
    let model = try options.open(folder, task: task, labelOrder: ownTask.labels)
    InferenceOptions.show(model.notices)
    let text = try DatasetReader.readInput(
      task: task.task, path: input, format: inputFormat, badRows: options.badRows ?? task.badRows,
      passthrough: passthrough)
    InferenceOptions.show([text.layout].compactMap { $0 } + text.notices)
    let indices = text.indices
    let predictions = try model.predict(text, batchSize: options.batchSize)
    let writer = JSONWriter(layout: .line)
    let names = JSONValue.array(predictions.outputNames.map(JSONValue.string))
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
        let line: JSONValue = .object(
          [
            ("index", .int(indices[row])), label,
            ("probabilities", .array(predictions.probabilities(row).map(JSONValue.float))),
            ("logits", .array(predictions.logits(row).map(JSONValue.float))),
            ("label_names", names),
          ] + zip(passthrough, text.groups(row)).map { ($0, .string($1)) })
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

// MARK: - GLUE submissions

extension PredictCommand {
  private func submit(to folder: String, data: String) throws {
    let models = try SubmissionModels(models)
    // What does not fit is better found now than after the other files.
    var parts: [(file: GLUESubmission.File, model: String, text: TextDataset)?] = []
    for file in GLUESubmission.files {
      guard let model = models.folder(for: file) else {
        parts.append(nil)
        continue
      }
      guard DatasetReader.hasFile(task: file.task, split: file.split, directory: data) else {
        InferenceOptions.show([
          "the test file of task \(file.task.name) is not in \(data); \(file.name) has the same "
            + "answer in every row"
        ])
        parts.append(nil)
        continue
      }
      let text = try file.read(directory: data)
      InferenceOptions.show(try options.open(model, task: AppliedTask(file.task)).notices)
      parts.append((file, model, text))
    }
    guard parts.contains(where: { $0 != nil }) else {
      throw FileError(
        file: data, problem: "the folder has no test file for any of the models' tasks.")
    }
    var writer = try SubmissionWriter(folder: folder)
    for (file, part) in zip(GLUESubmission.files, parts) {
      guard let part else {
        try writer.add(file, answers: nil)
        continue
      }
      let predictions = try options.open(part.model, task: AppliedTask(file.task))
        .predict(part.text, batchSize: options.batchSize)
      try writer.add(file, answers: predictions.answers, model: part.model)
      TerminalStream.standardError.print(
        "mate-kd: \(file.name): \(NumberText.grouped(file.rows)) rows")
    }
    let archive = try writer.finish()
    writer.print(on: .standardOutput)
    TerminalStream.standardOutput.print("")
    TerminalStream.standardOutput.print("The archive is \(archive).")
  }
}
