import Files
import Runs
import StrictJSON
import Trainers

/// Follows a study; the command line shows what happens.
public protocol StudyObserver: AnyObject {
  /// A cell is finished already and will not be repeated.
  func didSkip(_ cell: StudyCell, number: Int, of total: Int)
  /// A cell begins.
  ///
  /// - Parameters:
  ///   - state: what exists of it: `new`, or why it is made again.
  func willRun(_ cell: StudyCell, state: StudyCell.State, number: Int, of total: Int)
  /// There are sentences for the user about a cell's run.
  func didNotice(_ cell: StudyCell, _ notices: [String])
  /// The observer that shows a run of the cell.
  func display(for cell: StudyCell) -> any TrainingObserver
  /// A cell has been measured; the results are those of its all_results.json.
  func didFinish(
    _ cell: StudyCell, record: CellRecord, results: [(name: String, value: Double)])
  /// A cell could not be made; the others continue.
  func didFail(_ cell: StudyCell, _ error: any Error)
  /// True ends the study after the current update.
  var shouldStop: Bool { get }
}

/// The outcome of running a study.
public struct StudyOutcome: Sendable {
  /// Cells that were finished before, and cells that were made now.
  public var skipped = 0, finished = 0
  /// Cells that failed, each with a sentence.
  public var failures: [(cell: String, problem: String)] = []
  /// True if a signal ended it.
  public var wasInterrupted = false
}

extension Study {
  /// Makes all cells that are not finished, one after another.
  ///
  /// A failing cell does not stop the others from being made.
  ///
  /// - Parameter isSelected: selects the cells to make; all by default.
  /// - Throws: `FileError` if the study's folder cannot be made, or a record of a cell that was
  ///   finished before.
  public func run(
    observer: some StudyObserver, isSelected: (StudyCell) -> Bool = { _ in true }
  ) throws -> StudyOutcome {
    _ = try StudyFolder(configuration.outputDir)
    // What the cells of the tables wait for comes first.
    let deciding = selections.flatMap { $0.candidates.flatMap(\.cells) }
    let selected = (deciding + cells).filter(isSelected)
    var outcome = StudyOutcome()
    study: for (index, cell) in selected.enumerated() {
      if observer.shouldStop {
        outcome.wasInterrupted = true
        break study
      }
      let state = cell.state
      if case .finished = state {
        try cell.keep(tasks)
        outcome.skipped += 1
        observer.didSkip(cell, number: index + 1, of: selected.count)
        continue
      }
      observer.willRun(cell, state: state, number: index + 1, of: selected.count)
      do {
        guard let (record, results) = try run(cell, observer: observer) else {
          outcome.wasInterrupted = true
          break study
        }
        try cell.keep(tasks)
        outcome.finished += 1
        observer.didFinish(cell, record: record, results: results)
      } catch {
        outcome.failures.append((cell.name, "\(error)"))
        cell.main.remember(error)
        observer.didFail(cell, error)
      }
    }
    return outcome
  }

  /// Makes a cell.
  /// - Returns: nil if a signal ended it.
  private func run(
    _ cell: StudyCell, observer: some StudyObserver
  ) throws -> (record: CellRecord, results: [(name: String, value: Double)])? {
    let start = ContinuousClock.now
    var seconds = 0.0
    try cell.main.begin()
    if let assistant = cell.assistant {
      if case .finished(let record) = assistant.state, assistant.hasModel {
        seconds += record.seconds
      } else {
        try assistant.begin()
        guard try run(assistant, of: cell, start: start, observer: observer) != nil else {
          return nil
        }
      }
    }
    let made = try run(
      cell.main, of: cell, start: start, earlierSeconds: seconds, observer: observer)
    if made != nil, !configuration.keepModels {
      cell.main.discardModel()
      cell.assistant?.discardModel()
    }
    return made
  }

  private func run(
    _ run: CellRun, of cell: StudyCell, start: ContinuousClock.Instant, earlierSeconds: Double = 0,
    observer: some StudyObserver
  ) throws -> (record: CellRecord, results: [(name: String, value: Double)])? {
    let prepared = try PreparedRun.distill(run.configuration())
    observer.didNotice(cell, prepared.notices)
    let outcome = try prepared.execute(observer.display(for: cell))
    // Early stopping by patience is part of the configuration, a signal is not.
    if outcome.wasInterrupted { return nil }
    observer.didNotice(cell, outcome.notices)
    let state = try CellRecord.read("\(run.folder)/trainer_state.json")
    let record = CellRecord(
      fingerprint: run.fingerprint, updates: state["global_step"]?.int ?? 0,
      seconds: (ContinuousClock.now - start) / .seconds(1) + earlierSeconds)
    try record.write(to: StudyFolder(run.folder))
    run.discardCheckpoints()
    return (record, outcome.results)
  }
}

/// The folder of a study.
struct StudyFolder {
  let path: String

  /// Makes the folder if it does not exist; anything already in it stays.
  /// - Throws: `FileError`.
  init(_ path: String) throws {
    self.path = path
    try RunFolder.check(path, overwrite: true)
    try ByteFile.makeFolder(path)
  }

  /// Writes a text file.
  /// - Throws: `FileError`.
  func write(_ text: String, to name: String) throws {
    try ByteFile.write(text.utf8, to: "\(path)/\(name)")
  }
}
