import Trainers

/// Stores what happens during training in the run's folder, and passes it on to the display.
final class RecordingObserver: TrainingObserver {
  private let folder: RunFolder
  private let display: any TrainingObserver
  private let saveBest: ((_ path: String) throws -> Void)?
  private(set) var firstError: (any Error)?

  init(
    folder: RunFolder, display: any TrainingObserver,
    saveBest: ((_ path: String) throws -> Void)?
  ) {
    self.folder = folder
    self.display = display
    self.saveBest = saveBest
  }

  func didLog(_ entry: LogEntry) {
    record(entry)
    display.didLog(entry)
  }

  func didEvaluate(_ entry: LogEntry, isBest: Bool) throws {
    record(entry)
    try display.didEvaluate(entry, isBest: isBest)
    if isBest { try saveBest?("\(folder.path)/best") }
  }

  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {
    display.didStep(step, of: total, loss: loss, learningRate: learningRate, texts: texts)
  }

  func didSkip(_ update: SkippedUpdate) {
    do {
      try folder.write(update.json, to: update.fileName)
    } catch { firstError = firstError ?? error }
    display.didSkip(update)
  }

  func didNotice(_ sentence: String) { display.didNotice(sentence) }

  func didWarn(_ sentence: String) { display.didWarn(sentence) }

  var shouldStop: Bool { display.shouldStop }

  private func record(_ entry: LogEntry) {
    // A full disk must not end the training that the user is waiting for; it is reported at the
    // end.
    do { try folder.appendLog(entry.json) } catch { firstError = firstError ?? error }
  }
}
