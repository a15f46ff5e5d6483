import Configuration
import Data
import Files
import Inference
import StrictJSON

/// What a study reads of a finished cell: from the cell's folder, or from the file about it in the
/// study's `records`.
struct CellOutcome {
  /// The content of all_results.json.
  let results: JSONValue
  /// The content of trainer_state.json, or that part of it which is kept; empty if there is none.
  let trainerState: JSONValue
  /// The file that says so, for messages.
  let file: String
  private let kept: KeptCell?

  /// What a run has left in its folder.
  /// - Throws: `FileError` or `JSONError`.
  init(folder: String) throws {
    file = "\(folder)/all_results.json"
    results = try CellRecord.read(file)
    let state = "\(folder)/trainer_state.json"
    trainerState = ByteFile.exists(state) ? try CellRecord.read(state) : [:]
    kept = nil
  }

  init(_ kept: KeptCell) {
    (results, trainerState, file) = (kept.results, kept.trainerState, kept.file)
    self.kept = kept
  }

  /// What the model scores on a task; nil if it is undefined, which is written as null.
  ///
  /// - Parameter model: which model's, `eval` or `teacher`.
  /// - Throws: `FileError` if it is missing, or is not what the task's metric can be.
  func score(on task: Study.Task, of model: String = "eval") throws -> Double? {
    let key = "\(model)_\(task.metric)"
    guard let found = try number(key, in: task.scores) else {
      throw FileError(file: file, problem: "\(key) is missing.")
    }
    return found.isNaN ? nil : found
  }

  /// What the student scores on a task, and its answers if they can be compared row by row.
  ///
  /// - Throws: `FileError`, also if the answers have another score; `JSONError`.
  func measured(
    on task: Study.Task
  ) throws -> (score: Double?, answers: ValidationPredictions?) {
    let score = try score(on: task)
    guard task.hasPredictions else { return (score, nil) }
    let answers = try predictions(of: task.description)
    // Both come from the same numbers; a sum in another order changes the last bits.
    if let score, let found = answers.value(of: task.metrics), abs(score - found) > 1e-6 {
      throw FileError(
        file: file,
        problem: "eval_\(task.metric) is \(score), but the answers to the validation rows have "
          + "\(found); the files are not of one run, so remove them and run the cell again.")
    }
    return (score, answers)
  }

  /// A number of the results; NaN for null, and nil if there is no such number.
  ///
  /// - Throws: `FileError` if it is nothing that a run can have written.
  func number(_ key: String, in bounds: ClosedRange<Double>) throws -> Double? {
    guard let value = results[key] else { return nil }
    if value.isNull { return .nan }
    guard let number = value.double, bounds.contains(number) else {
      throw FileError(
        file: file,
        problem: "\(key) is \(value.shown), which no run writes; remove the file and run the cell "
          + "again.")
    }
    return number
  }

  /// The answers to the validation rows.
  /// - Throws: `FileError` or `JSONError`.
  func predictions(of task: TaskDescription) throws -> ValidationPredictions {
    if let kept { return try kept.predictions(of: task) }
    let folder = file.dropLast("all_results.json".utf8.count)
    return try ValidationPredictions(
      reading: folder + ValidationPredictions.fileName, task: task)
  }
}

extension StudyCell {
  /// What is known of it once it is finished.
  /// - Throws: `FileError` or `JSONError`.
  func outcome() throws -> CellOutcome {
    if case .finished = main.state { return try CellOutcome(folder: folder) }
    return try keptCell.map(CellOutcome.init) ?? CellOutcome(folder: folder)
  }

  /// What the study's `records` have about this cell: nil if nothing, or if it is about a cell with
  /// another configuration.
  ///
  /// Its models need not be those that are at hand now, nor its precision the configured one:
  /// weights are too large to be kept, and may not come out the same to the last bit when they are
  /// made again on another machine. The report says where cells that are compared differ in this.
  var keptCell: KeptCell? {
    guard let kept, let cell = try? KeptCell(reading: kept),
      main.identity.accepts(cell.identity)
    else { return nil }
    return cell
  }

  /// What the result at hand depends on: for a record, its own models and precision.
  var identity: CellIdentity {
    if case .finished = main.state { return main.identity }
    return keptCell?.identity ?? main.identity
  }

  /// Writes the file about a finished cell, unless it is there already.
  ///
  /// - Throws: `FileError` or `JSONError`.
  func keep(_ tasks: [Study.Task]) throws {
    guard let kept, keptCell == nil, case .finished(let record) = main.state,
      let task = tasks.first(where: { $0.name == task })
    else { return }
    let outcome = try CellOutcome(folder: folder)
    try KeptCell(
      file: kept, identity: main.identity, record: record, outcome: outcome,
      predictions: task.hasPredictions ? outcome.predictions(of: task.description) : nil
    ).write()
  }
}
