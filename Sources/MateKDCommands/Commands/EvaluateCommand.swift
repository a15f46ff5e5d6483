import ArgumentParser
import Data
import Inference

/// `mate-kd evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure models on the labelled data of tasks.",
    discussion: """
      With several models or tasks, the table has one row per model and one column per task. If a \
      model does not fit a task, a notice says why. Without --task, the task is the one that the \
      first model was trained on.
      """)

  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "A fine-tuned model: \(InferenceOptions.whereModelsAre). May be repeated.", valueName: "dir"),
    completion: .directory)
  var models: [String]

  @Option(
    name: .customLong("task"),
    help: ArgumentHelp(
      "A task. May be repeated.", discussion: "The tasks: \(InferenceOptions.tasks).",
      valueName: "name"), completion: InferenceOptions.taskCompletion)
  var tasks: [String] = []

  @OptionGroup var ownTask: OwnTaskOptions

  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "The GLUE folder or the data's folder: one for all tasks, or one for each task in order.",
      valueName: "dir"), completion: .directory)
  var directories: [String]

  @OptionGroup var options: InferenceOptions

  @OptionGroup var questions: QuestionOptions

  @Option(help: "The split: \(Split.allCases.map(\.rawValue).joined(separator: ", ")).")
  var split = Split.validation

  @OptionGroup var bootstrap: BootstrapOptions

  @Flag(help: "Count how often each label of the data is predicted as each label.")
  var confusion = false

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  /// The most labels whose pairs are counted.
  private static let mostLabels = 1000

  func validate() throws {
    try ownTask.validate(tasks: tasks.count)
    guard directories.count == 1 || directories.count == tasks.count else {
      throw ValidationError(
        "--data must be given once or once for each of \(tasks.count) tasks, found "
          + "\(directories.count).")
    }
  }

  func run() throws {
    let tasks = try self.tasks.isEmpty ? [task(nil)] : self.tasks.map(task)
    if confusion, let task = tasks.map(\.task).first(where: { $0.labels.count > Self.mostLabels }) {
      throw ValidationError(
        "--confusion counts all pairs of labels, but task \(task.name) has \(task.labels.count) "
          + "labels, more than \(Self.mostLabels).")
    }
    if models.count == 1, tasks.count == 1 {
      show(try evaluate(models[0], tasks[0], directories[0], says: ""))
      return
    }
    // A missing file is better found now than after the other tasks.
    for (place, task) in tasks.enumerated() {
      try check(task, directory(place))
    }
    let grid = try EvaluationGrid(models: models, tasks: tasks.map(\.task)) { model, place in
      try evaluate(
        model, tasks[place], directory(place), says: "\(model), \(tasks[place].task.name): ")
    }
    InferenceOptions.show(grid.misfits.map(\.reason))
    if json {
      TerminalStream.standardOutput.print(json: grid.json(confusion: confusion))
      return
    }
    grid.print(on: .standardOutput)
    if !confusion { return }
    for report in grid.reports where report.found.confusion != nil {
      TerminalStream.standardOutput.print("")
      TerminalStream.standardOutput.print("\(report.model), \(report.task.name)")
      report.printConfusion(on: .standardOutput)
    }
  }

  /// - Throws: `FileError` if the split of a task cannot be read.
  private func check(_ applied: AppliedTask, _ directory: String) throws {
    let task = applied.task
    if let version = task.questions {
      _ = try SQuADReader.read(version, split: split, directory: directory, maximumQuestions: 1)
    } else {
      _ = try DatasetReader.read(
        task: task, split: split, directory: directory, maximumRows: 1,
        badRows: options.badRows ?? applied.badRows)
    }
  }

  /// The task with this name or, without a name, the task of the options or of the first model. A
  /// task of the user's own may be known to only one of the models.
  private func task(_ name: String?) throws -> AppliedTask {
    for model in models.dropLast() {
      let known = try? AppliedTask(
        name: name, configuration: ownTask.taskConfig, modelNameOrPath: model)
      if let known {
        return known.with(emptyTexts: options.emptyTexts)
      }
    }
    return try AppliedTask(
      name: name, configuration: ownTask.taskConfig, modelNameOrPath: models.last ?? ""
    ).with(emptyTexts: options.emptyTexts)
  }

  private func directory(_ task: Int) -> String {
    directories.count == 1 ? directories[0] : directories[task]
  }

  /// - Parameter prefix: what notices begin with, to make clear which model they are about.
  private func evaluate(
    _ model: String, _ task: AppliedTask, _ directory: String, says prefix: String
  ) throws -> EvaluationReport {
    let found: TaskModel.Report
    if task.task.questions != nil {
      found = try questions.open(model, task: task.task, options).evaluate(
        split: split, directory: directory, batchSize: options.batchSize,
        bootstrap: bootstrap.value)
    } else {
      let opened = try options.open(model, task: task, labelOrder: ownTask.labels)
      InferenceOptions.show(opened.notices)
      found = try opened.evaluate(
        split: split, directory: directory, batchSize: options.batchSize,
        bootstrap: bootstrap.value, badRows: options.badRows ?? task.badRows)
    }
    InferenceOptions.show(found.notices.map { prefix + $0 })
    return EvaluationReport(
      model: model, task: task.task, split: split, found: found, bootstrap: bootstrap.value)
  }

  private func show(_ report: EvaluationReport) {
    if json {
      TerminalStream.standardOutput.print(json: report.json(confusion: confusion))
      return
    }
    report.print(on: .standardOutput)
    if confusion, report.found.confusion != nil {
      TerminalStream.standardOutput.print("")
      report.printConfusion(on: .standardOutput)
    }
  }
}

/// The options of confidence intervals.
struct BootstrapOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Samples for the metrics' 95 % intervals; 0 for none.",
      discussion: "Each sample draws as many rows as there are, with replacement.",
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
