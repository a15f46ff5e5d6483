import Trainers

/// Stores what happens during training in the run's folder, and passes it on to the display.
final class RecordingObserver: TrainingObserver {
  private let folder: RunFolder
  private let display: any TrainingObserver
  private let saveBest: ((_ path: String, _ entry: LogEntry) throws -> Void)?
  /// Nil if nobody asked for it, and once an event could not be written.
  private var events: TensorBoardLog?
  /// Nil if the run has no generator that learns, and once one could not be written.
  private var entropies: GeneratorEntropies?
  /// The first error of writing the best model, an event or a histogram.
  private(set) var firstError: (any Error)?

  init(
    folder: RunFolder, display: any TrainingObserver,
    saveBest: ((_ path: String, _ entry: LogEntry) throws -> Void)?
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
    recordEntropies(step: entry.step)
    try display.didEvaluate(entry, isBest: isBest)
    guard isBest else { return }
    let best = "\(folder.path)/best"
    do { try saveBest?(best, entry) } catch {
      firstError = firstError ?? error
      // Then the run does not go on, and says why at its end.
      if folder.lock.isLost { return }
      display.didWarn("the run goes on, but the best model could not be written: \(error)")
    }
  }

  /// Writes events, too, from here on.
  func follow(_ events: TensorBoardLog) { self.events = events }

  /// Writes histograms of the generator's entropy, too, from here on: one at once, unless there are
  /// some of an earlier part of the run.
  ///
  /// - Parameter step: the updates that were made before.
  func follow(_ entropies: GeneratorEntropies, step: Int) {
    self.entropies = entropies
    if entropies.isEmpty { recordEntropies(step: step) }
  }

  /// Writes the numbers at the end of the run as events.
  func didEnd(_ results: [(name: String, value: Double)], step: Int) {
    recordEntropies(step: step)
    writeEvents {
      try $0.add(results, step: step)
      try $0.end()
    }
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

  var shouldStop: Bool { display.shouldStop || folder.lock.isLost }

  private func record(_ entry: LogEntry) {
    // A full disk must not end the training that the user is waiting for. The log is compared with
    // what it should be at the end.
    try? folder.appendLog(entry.json)
    writeEvents { try $0.add(entry.values + [("epoch", entry.epoch)], step: entry.step) }
  }

  private func recordEntropies(step: Int) {
    do {
      try folder.lock.requireHeld()
      guard let histogram = try entropies?.record(step: step) else { return }
      writeEvents { try $0.add(histogram, as: "probe/generator_entropy", step: step) }
    } catch {
      firstError = firstError ?? error
      entropies = nil
      if folder.lock.isLost { return }
      display.didWarn(
        "the run goes on, but the generator's entropies could not be written: \(error)")
    }
  }

  private func writeEvents(_ body: (TensorBoardLog) throws -> Void) {
    guard let events else { return }
    do { try body(events) } catch {
      firstError = firstError ?? error
      self.events = nil
      if folder.lock.isLost { return }
      display.didWarn("the run goes on, but TensorBoard's events could not be written: \(error)")
    }
  }
}
