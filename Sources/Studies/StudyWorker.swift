import Files
import Foundation
import Runs
import Trainers

/// One of the processes that make the cells of a study.
struct StudyWorker {
  /// What has been done so far.
  private(set) var outcome = StudyOutcome()
  /// The cells that are not settled: other processes are making them, or nobody yet.
  private(set) var left: [(number: Int, cell: StudyCell)]
  private let total: Int
  private let keepsModels: Bool
  private let tasks: [Study.Task]
  /// When those cells failed that had failed before the beginning.
  private let failed: [String: Date]

  init(_ cells: [StudyCell], of study: Study) {
    left = cells.enumerated().map { ($0.offset + 1, $0.element) }
    total = cells.count
    keepsModels = study.configuration.keepModels
    tasks = study.tasks
    failed = Dictionary(
      cells.compactMap { cell in cell.main.failed.map { (cell.name, $0) } }
    ) { $1 }
  }

  /// Goes once through all cells that are left, and makes those that nobody else is making.
  ///
  /// - Returns: whether any was settled. If not, all that are left are other processes'.
  mutating func pass(observer: some StudyObserver) -> Bool {
    var busy: [(number: Int, cell: StudyCell)] = []
    for (number, cell) in left {
      if !outcome.wasInterrupted, observer.shouldStop { outcome.wasInterrupted = true }
      if outcome.wasInterrupted || !settle(cell, number: number, observer: observer) {
        busy.append((number, cell))
      }
    }
    let isProgress = busy.count < left.count
    left = busy
    outcome.elsewhere = outcome.wasInterrupted ? 0 : left.count
    return isProgress
  }

  /// Waits a little, as long as nobody asks it to stop.
  mutating func pause(observer: some StudyObserver) {
    for _ in 0..<20 where !observer.shouldStop { usleep(100_000) }
    outcome.wasInterrupted = observer.shouldStop
  }

  /// Makes a cell unless it is finished.
  ///
  /// - Returns: false if it is not settled: another process is making it, or a signal ended it.
  private mutating func settle(
    _ cell: StudyCell, number: Int, observer: some StudyObserver
  ) -> Bool {
    if isSettled(cell, number: number, observer: observer) { return true }
    let lock: FolderLock
    do {
      guard let claimed = try cell.claim() else { return false }
      lock = claimed
    } catch {
      fail(cell, error, observer: observer)
      return true
    }
    // Held until a failure has been written down: whoever has the lock next must see it.
    defer { lock.release() }
    do {
      // Another process may have made it since the first look.
      if isSettled(cell, number: number, observer: observer) { return true }
      observer.willRun(cell, state: cell.state, number: number, of: total)
      guard let (record, results) = try make(cell, holding: lock, observer: observer) else {
        outcome.wasInterrupted = true
        return false
      }
      outcome.finished += 1
      observer.didFinish(cell, record: record, results: results)
      keep(cell, observer: observer)
    } catch {
      // It is another process's cell now, and no failure.
      if lock.isLost {
        observer.didFail(cell, error)
        return false
      }
      fail(cell, error, observer: observer)
    }
    return true
  }

  private mutating func fail(
    _ cell: StudyCell, _ error: any Error, observer: some StudyObserver
  ) {
    observer.didFail(cell, error)
    cell.main.remember(error)
    outcome.failures.append((cell.name, "\(error)"))
  }

  /// Writes the record of a cell. Should that fail, the cell is finished nevertheless, and the next
  /// process that sees it tries again.
  private mutating func keep(_ cell: StudyCell, observer: some StudyObserver) {
    do { try cell.keep(tasks) } catch {
      observer.didFail(cell, error)
      outcome.failures.append((cell.name, "\(error)"))
    }
  }

  /// Whether there is nothing left to do for a cell: it is finished, or has failed in another
  /// process since this one began.
  private mutating func isSettled(
    _ cell: StudyCell, number: Int, observer: some StudyObserver
  ) -> Bool {
    switch cell.state {
    case .finished:
      outcome.skipped += 1
      observer.didSkip(cell, number: number, of: total)
      return true
    case .failed(let problem) where cell.main.failed != failed[cell.name]:
      outcome.failures.append((cell.name, problem))
      return true
    case .failed, .new, .unfinished, .outdated: return false
    }
  }

  /// Makes a cell.
  /// - Returns: nil if a signal ended it.
  private func make(
    _ cell: StudyCell, holding lock: FolderLock, observer: some StudyObserver
  ) throws -> (record: CellRecord, results: [(name: String, value: Double)])? {
    var seconds = 0.0
    try cell.main.begin()
    if let assistant = cell.assistant {
      if case .finished(let record) = assistant.state, assistant.hasModel {
        seconds = record.seconds
      } else {
        try assistant.begin()
        guard let made = try run(assistant, of: cell, observer: observer) else { return nil }
        seconds = made.record.seconds
      }
    }
    let made = try run(
      cell.main, of: cell, holding: lock, assistantSeconds: seconds, observer: observer)
    if made != nil, !keepsModels {
      cell.main.discardModel()
      cell.assistant?.discardModel()
    }
    return made
  }

  private func run(
    _ run: CellRun, of cell: StudyCell, holding lock: FolderLock? = nil,
    assistantSeconds: Double = 0, observer: some StudyObserver
  ) throws -> (record: CellRecord, results: [(name: String, value: Double)])? {
    let start = ContinuousClock.now
    let prepared = try PreparedRun.distill(run.configuration())
    observer.didNotice(cell, prepared.notices)
    let outcome = try prepared.execute(observer.display(for: cell), holding: lock)
    // Early stopping by patience is part of the configuration, a signal is not.
    if outcome.wasInterrupted { return nil }
    observer.didNotice(cell, outcome.notices)
    let state = try CellRecord.read("\(run.folder)/trainer_state.json")
    let record = CellRecord(
      fingerprint: run.fingerprint, updates: state["global_step"]?.int ?? 0,
      seconds: (ContinuousClock.now - start) / .seconds(1) + outcome.earlierSeconds
        + assistantSeconds)
    try lock?.requireHeld()
    try record.write(to: StudyFolder(run.folder))
    run.discardCheckpoints()
    return (record, outcome.results)
  }
}
