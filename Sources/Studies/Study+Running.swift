import Files
import Foundation
import Kernels
import Runs
import StrictJSON
import Trainers

/// Follows a study; the command line shows what happens.
public protocol StudyObserver: AnyObject {
  /// A cell is finished already, perhaps by another process, and will not be repeated.
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
  /// There is nothing to do until other processes have finished these cells, or are gone.
  func willWait(for cells: [StudyCell])
  /// True ends the study after the current update.
  var shouldStop: Bool { get }
}

extension StudyObserver {
  /// Nobody is told.
  public func willWait(for cells: [StudyCell]) {}
}

/// The outcome of running a study.
public struct StudyOutcome: Sendable {
  /// Cells that were finished before, and cells that were made now.
  public var skipped = 0, finished = 0
  /// Cells that failed, each with a sentence; also those that failed in another process meanwhile.
  public var failures: [(cell: String, problem: String)] = []
  /// The number of cells that other processes were making when there was nothing else left.
  public var elsewhere = 0
  /// True if a signal ended it.
  public var wasInterrupted = false
}

extension StudyOutcome {
  /// Adds what was done afterwards.
  package mutating func add(_ later: StudyOutcome) {
    skipped += later.skipped
    finished += later.finished
    failures += later.failures
    elsewhere = later.elsewhere
    wasInterrupted = wasInterrupted || later.wasInterrupted
  }
}

extension Study {
  /// Makes all cells that are not finished, one after another, leaving out those that another
  /// process is making. Any number of processes may do that with the same study at the same time.
  ///
  /// A failing cell does not stop the others from being made. One that failed before is made again,
  /// but only by one of the processes; one that fails in another process meanwhile is not.
  ///
  /// - Parameters:
  ///   - waits: whether to stay until other processes have finished their cells, and to take over
  ///     the cells of those that are gone.
  ///   - isSelected: selects the cells to make; all by default.
  /// - Throws: `FileError` if the study's folder cannot be made, or a record of a cell that was
  ///   finished before.
  public func run(
    observer: some StudyObserver, waits: Bool = false,
    isSelected: (StudyCell) -> Bool = { _ in true }
  ) throws -> StudyOutcome {
    _ = try StudyFolder(configuration.outputDir, of: .compare)
    // What the cells of the tables wait for comes first.
    let deciding = selections.flatMap { $0.candidates.flatMap(\.cells) }
    let selected = (deciding + cells).filter(isSelected)
    for cell in selected { try cell.keep(tasks) }
    var worker = StudyWorker(selected, of: self)
    var isTold = false
    while !worker.outcome.wasInterrupted, !worker.left.isEmpty {
      // A cell that was busy may have been left by a process that was killed.
      if worker.pass(observer: observer) { continue }
      guard waits, !worker.left.isEmpty, !hasNews else { break }
      if !isTold { observer.willWait(for: worker.left.map(\.cell)) }
      isTold = true
      worker.pause(observer: observer)
    }
    return worker.outcome
  }

  /// Makes all cells as `run` does, and then those that become known once a method's values have
  /// been chosen.
  ///
  /// - Returns: what was done, and the study with all cells that are known at the end.
  /// - Throws: `FileError` and `ConfigError`.
  public func runWhole(
    observer: some StudyObserver, waits: Bool = false,
    isSelected: (StudyCell) -> Bool = { _ in true }
  ) throws -> (outcome: StudyOutcome, study: Study) {
    var study = self
    var outcome = try study.run(observer: observer, waits: waits, isSelected: isSelected)
    while !outcome.wasInterrupted, study.hasNews {
      study = try Study(configuration)
      let failed = Set(outcome.failures.map(\.cell))
      outcome.add(
        try study.run(observer: observer, waits: waits) {
          isSelected($0) && !failed.contains($0.name)
        })
    }
    return (outcome, study)
  }

  /// Whether values have been chosen for a method whose cells were not known yet.
  var hasNews: Bool {
    selections.contains { selection in
      cells(task: selection.task, method: selection.method).isEmpty && selection.choice != nil
    }
  }

  /// Reads all cells and writes the tables. Whoever does so last, of several processes, writes the
  /// most: the others wait until it is done.
  ///
  /// - Throws: what reading the cells throws, and `FileError`.
  public func report(pool: ThreadPool) throws -> StudyReport {
    _ = try StudyFolder(configuration.outputDir, of: .compare)
    let lock = try FolderLock.waiting(for: configuration.outputDir)
    defer { lock.release() }
    let report = try StudyReport(hasNews ? Study(configuration) : self, pool: pool)
    try report.write(to: configuration.outputDir)
    return report
  }
}

/// The folder of a study, or of one of its cells.
struct StudyFolder {
  let path: String

  /// The command whose results a folder holds.
  enum Kind: String {
    case compare, sweep

    /// The empty file by which a folder is known as one of this kind.
    var mark: String { ".mate-kd-\(rawValue)" }
    /// What folders without a mark have, from before there were marks.
    var content: String { self == .compare ? "cells" : "round-0" }
  }

  /// Makes the folder of a study or sweep if it does not exist.
  ///
  /// - Throws: `FileError`, also if there is something else in it already: a file that has the name
  ///   of a table would be overwritten.
  init(_ path: String, of kind: Kind) throws {
    try self.init(path)
    guard !ByteFile.exists("\(path)/\(kind.mark)") else { return }
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
      .filter { !$0.hasPrefix(".") }
    guard names.isEmpty || names.contains(kind.content) else {
      throw FileError.unwritable(
        path,
        reason:
          "the folder is not empty and not that of a \(kind == .compare ? "study" : "sweep"); "
          + "give another output_dir")
    }
    try ByteFile.write([], to: "\(path)/\(kind.mark)")
  }

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
