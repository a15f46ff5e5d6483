import Logging
import Studies
import Trainers

/// Shows a study on standard error: one line for each cell and, on a terminal, the progress of its
/// run.
final class StudyDisplay: StudyObserver {
  private let logger = Logger(label: "mate-kd")
  private let quiet: Bool
  private let verbose: Bool
  private var display: RunDisplay?
  /// Sentences that have been shown; most are the same for all cells.
  private var told: Set<String> = []
  private var place = ""

  init(quiet: Bool, verbose: Bool) {
    self.quiet = quiet
    self.verbose = verbose
  }

  func didSkip(_ cell: StudyCell, number: Int, of total: Int) {
    logger.info("[\(number)/\(total)] \(cell.name): finished before")
  }

  func willRun(_ cell: StudyCell, state: StudyCell.State, number: Int, of total: Int) {
    // Opening models and data takes a while and leaves nothing to save.
    StopSignal.waitsForRun(false)
    place = "[\(number)/\(total)] \(cell.name)"
    logger.info("\(place): begins (\(state.explanation))")
  }

  func didNotice(_ cell: StudyCell, _ notices: [String]) {
    for notice in notices where told.insert(notice).inserted {
      logger.notice("\(cell.name): \(notice)")
    }
  }

  func display(for cell: StudyCell) -> any TrainingObserver {
    StopSignal.waitsForRun(true)
    display?.end()
    var inner = logger
    if !verbose { inner.logLevel = .warning }
    let new = RunDisplay(label: cell.name, logger: inner, quiet: quiet)
    display = new
    return new
  }

  func didFinish(
    _ cell: StudyCell, record: CellRecord, results: [(name: String, value: Double)]
  ) {
    end()
    let scores = results.filter { $0.name.hasPrefix("eval_") && $0.name != "eval_loss" }.prefix(1)
      .map { "\($0.name.dropFirst("eval_".count)) \(NumberText.fixed($0.value, 4))" }
    let time = NumberText.time(.seconds(record.seconds))
    logger.info("\(place): done in \(time), \(scores.joined())")
  }

  func didFail(_ cell: StudyCell, _ error: any Error) {
    end()
    logger.error("\(place): failed: \(error)")
  }

  func willWait(for cells: [StudyCell]) {
    end()
    StopSignal.waitsForRun(true)
    logger.info("nothing else is left: waiting for \(Self.cells(cells.count)) of other processes")
  }

  var shouldStop: Bool { StopSignal.isRaised }

  /// Says why there is no table.
  static func noticeElsewhere(_ count: Int) {
    TerminalStream.standardError.print(
      "mate-kd: notice: other processes are making \(cells(count)); whoever ends last shows the "
        + "table")
  }

  private static func cells(_ count: Int) -> String { count == 1 ? "a cell" : "\(count) cells" }

  /// Removes the progress bar.
  func end() {
    display?.end()
    display = nil
  }
}
