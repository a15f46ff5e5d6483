import Configuration
import Data
import Kernels
import Runs
import StrictJSON
import Trainers

/// A study: tasks x methods x (draws of the training rows x) seeds, all with the same number of
/// student updates. Each cell is a run of `distill` in its own folder.
public struct Study: Sendable {
  /// A task of the study, with the metrics that judge its predictions.
  public struct Task: Sendable {
    /// Its name in the study.
    public let name: String
    /// The task.
    public let description: TaskDescription
    /// The name of the table's metric, such as `accuracy` or `combined_score`.
    public let metric: String
    /// The metrics that it is the mean of; none for tasks with questions.
    public let metrics: [Metric]

    /// What the metric can be, with room for rounding: metrics of questions are in percent.
    var scores: ClosedRange<Double> {
      description.questions == nil ? -1.000001...1.000001 : 0...100.0001
    }
    /// Whether cells keep predictions that can be compared row by row.
    var hasPredictions: Bool { [.classes, .scores].contains(description.targets) }
  }

  /// The configuration that was read.
  public let configuration: StudyConfiguration
  /// The tasks in order.
  public let tasks: [Task]
  /// The cells: tasks outermost, seeds innermost. Those of a method with a grid are here once the
  /// cells of its selection are finished.
  public let cells: [StudyCell]
  /// The choices that methods with a grid wait for.
  public let selections: [StudySelection]
  /// Whether some cells wait for a choice; a new `Study` has them once it is made.
  public var isWaiting: Bool { selections.contains { $0.choice == nil } }

  /// A study whose cells have all been read and checked, as far as that is possible without opening
  /// data and models.
  ///
  /// - Throws: `ConfigError` for the first thing in any cell that cannot be used, and if the
  ///   methods of a task differ in the number of updates.
  public init(_ configuration: StudyConfiguration) throws {
    try self.init(configuration) { _ in nil }
  }

  /// - Parameter values: what an error of a method's cells says of the method's values, because
  ///   its place may be in the base; nil to say nothing.
  init(_ configuration: StudyConfiguration, values: (_ method: String) -> String?) throws {
    self.configuration = configuration
    var fingerprint = CellFingerprint(pool: ThreadPool(threads: 0))
    var tasks: [Task] = []
    var cells: [StudyCell] = []
    var selections: [StudySelection] = []
    for task in configuration.tasks {
      var budgets: [(method: String, budget: UpdateBudget)] = []
      for method in configuration.methods {
        let draft = try configuration.cell(task, method, own: ["output_dir": "cell"])
        budgets.append((method.name, UpdateBudget(draft.train)))
        try configuration.checkHeldOut(draft.task, of: task)
        let measured =
          try tasks.last.flatMap { $0.name == task.name ? $0 : nil } ?? Task(task, draft)
        if tasks.last?.name != task.name { tasks.append(measured) }
        let selection = try Self.selection(
          configuration, task, method, measured: measured, &fingerprint)
        selections += selection.map { [$0] } ?? []
        let choice = selection?.choice?.patch
        if selection != nil, choice == nil { continue }
        let draws: [Int?] = configuration.drawSeeds.isEmpty ? [nil] : configuration.drawSeeds
        for draw in draws {
          for seed in configuration.seeds {
            do {
              cells.append(
                try Self.cell(
                  configuration, task, method, draw, seed, changes: choice ?? [:], &fingerprint))
            } catch let error as ConfigError {
              throw values(method.name).map { error.prefixed(with: "with \($0): ") } ?? error
            }
          }
        }
      }
      if !configuration.allowDifferentUpdates { try Self.checkBudgets(budgets, task) }
    }
    self.tasks = tasks
    self.cells = cells
    self.selections = selections
  }

  /// The cells that decide on a method's grid; nil if it has none.
  private static func selection(
    _ study: StudyConfiguration, _ task: StudyConfiguration.Task,
    _ method: StudyConfiguration.Method, measured: Task, _ fingerprint: inout CellFingerprint
  ) throws -> StudySelection? {
    guard let grid = method.grid else { return nil }
    var candidates: [(point: StudyGrid.Point, cells: [StudyCell])] = []
    for point in grid.points {
      let heldOut: JSONValue = ["task": ["validation_split": .double(study.selectionSplit)]]
      var cells: [StudyCell] = []
      for seed in study.selectionSeeds {
        cells.append(
          try cell(
            study, task, method, nil, seed, changes: point.patch.merged(with: heldOut),
            point: point.folder, &fingerprint))
      }
      // Without its score a finished cell would be waited for, for ever.
      for cell in cells where cell.record != nil { _ = try cell.outcome().measured(on: measured) }
      candidates.append((point, cells))
    }
    return StudySelection(
      task: measured, method: method.name, candidates: candidates)
  }

  /// The cells of a task and a method, in the order of the draws and then of the seeds.
  public func cells(task: String, method: String) -> [StudyCell] {
    cells.filter { $0.task == task && $0.method == method }
  }

  private static func cell(
    _ study: StudyConfiguration, _ task: StudyConfiguration.Task,
    _ method: StudyConfiguration.Method, _ draw: Int?, _ seed: Int, changes patch: JSONValue,
    point: String? = nil, _ fingerprint: inout CellFingerprint
  ) throws -> StudyCell {
    let name = StudyCell.name(
      task: task.name, method: method.name, point: point, draw: draw, seed: seed)
    let folder = "\(study.outputDir)/cells/\(name)"
    func own(_ folder: String, teacher: JSONValue? = nil) -> JSONValue {
      let members: [(String, JSONValue)] = [
        ("output_dir", .string(folder)), ("overwrite_output_dir", true), ("seed", .int(seed)),
        ("train", ["resume_from_checkpoint": true]),
      ]
      let draw: [(String, JSONValue)] = draw.map { [("task", ["draw_seed": .int($0)])] } ?? []
      return patch.merged(
        with: .object(members + draw + (teacher.map { [("teacher", $0)] } ?? [])))
    }
    @Sendable func read(_ own: JSONValue, checksPaths: Bool? = nil) throws -> DistillConfiguration {
      try study.cell(
        task, method, own: own, teacherCache: "\(study.outputDir)/teacher-cache",
        checksPaths: checksPaths)
    }
    func run(
      _ folder: String, _ own: JSONValue, assistant: CellIdentity? = nil
    ) throws -> CellRun {
      // What the assistant will write cannot exist yet.
      let draft = try read(own, checksPaths: assistant == nil ? nil : false)
      try PreparedRun.checkMethod(draft)
      return CellRun(folder: folder, identity: fingerprint(draft, assistant: assistant)) {
        try read(own)
      }
    }
    let kept = study.records.map { "\($0)/\(name).json" }
    guard let changes = method.assistant else {
      return StudyCell(
        task: task.name, method: method.name, point: point, draw: draw, seed: seed,
        main: try run(folder, own(folder)), assistant: nil, kept: kept)
    }
    let path = "\(folder)/assistant"
    let assistant = try run(path, changes.merged(with: own(path)))
    // What the section says about the real teacher does not apply to the assistant.
    let teacher: JSONValue = [
      "model_name_or_path": .string(path), "layers": .null, "config": .null, "vocab": .null,
      "label_order": .null, "max_seq_length": .null, "predictions": .null,
      "validation_predictions": .null, "transfer_predictions": .null, "probability_floor": .null,
      "ensemble": .null, "average": .null,
    ]
    return StudyCell(
      task: task.name, method: method.name, point: point, draw: draw, seed: seed,
      main: try run(
        folder, own(folder, teacher: teacher), assistant: assistant.identity),
      assistant: assistant, kept: kept)
  }

  private static func checkBudgets(
    _ budgets: [(method: String, budget: UpdateBudget)], _ task: StudyConfiguration.Task
  ) throws {
    guard let first = budgets.first,
      let other = budgets.first(where: { $0.budget != first.budget })
    else { return }
    throw task.origin.error(
      "on task \(task.name) method \(first.method) trains for \(first.budget) and method "
        + "\(other.method) for \(other.budget); give them the same in base or tasks.\(task.name), "
        + "or set \"allow_different_updates\": true.")
  }
}

extension StudyConfiguration {
  /// Makes sure that all cells are measured on the same rows where they hold some out themselves.
  fileprivate func checkHeldOut(_ cell: TaskConfiguration, of task: Task) throws {
    guard cell.validationSplit != nil else { return }
    guard drawSeeds.isEmpty else {
      throw task.origin.error(
        "with draw_seeds, task.validation_split would hold out other rows in each draw, so that "
          + "scores could not be compared; name a validation file.")
    }
    guard cell.drawSeed != nil || seeds.count == 1 else {
      throw task.origin.error(
        "task.validation_split would hold out other rows for each seed, so that scores could not "
          + "be compared; set task.draw_seed, too.")
    }
  }
}

extension Study.Task {
  /// The task of a cell's configuration.
  fileprivate init(
    _ task: StudyConfiguration.Task, _ cell: DistillConfiguration
  ) throws {
    let description = try cell.task.taskDescription()
    let plain = description.metrics.map(\.rawValue)
    let known =
      description.questions?.metricNames.filter { $0 != "loss" }
      ?? plain + (plain.count > 1 ? ["combined_score"] : [])
    let metric = task.metric ?? known.first ?? ""
    guard known.contains(metric) else {
      throw task.origin.unknownName("metric", metric, among: known)
    }
    self.init(
      name: task.name, description: description, metric: metric,
      metrics: Metric(rawValue: metric).map { [$0] } ?? description.metrics)
  }
}

/// What determines the number of a student's updates and their texts.
private struct UpdateBudget: Equatable, CustomStringConvertible {
  let steps: Int
  let epochs: Double
  let texts: Int
  let rows: Int?
  let dropsLast: Bool

  init(_ c: TrainingArguments) {
    steps = max(0, c.maxSteps)
    epochs = c.maxSteps > 0 ? 0 : c.numTrainEpochs
    texts = c.perDeviceTrainBatchSize * c.gradientAccumulationSteps
    rows = c.maxTrainSamples
    dropsLast = c.dataloaderDropLast
  }

  var description: String {
    (steps > 0 ? "\(steps) updates" : "\(epochs) epochs") + " of \(texts) texts"
      + (rows.map { " out of \($0) rows" } ?? "") + (dropsLast ? ", last batches dropped" : "")
  }
}
