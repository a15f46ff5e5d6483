import Logging
import Trainers

/// Shows a training run on standard error: a progress bar on a terminal, log lines elsewhere.
final class RunDisplay: TrainingObserver {
  private let bar: ProgressBar?
  private let logger: Logger
  private let start = ContinuousClock.now
  private var progress = RunProgress(step: 0, totalSteps: 0)

  init(label: String, logger: Logger, quiet: Bool) {
    self.logger = logger
    // On a terminal the bar is redrawn; elsewhere, log lines say the same thing.
    bar =
      quiet || !TerminalStream.standardError.style.redraws
      ? nil : ProgressBar(label)
  }

  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {
    guard let bar else { return }
    progress.step = step
    progress.totalSteps = total
    progress.learningRate = learningRate
    progress.samplesPerSecond =
      Double(texts) / max(1e-9, (ContinuousClock.now - start) / .seconds(1))
    if progress.loss == nil { progress.loss = loss }
    bar.update(progress, isLogged: false)
  }

  func didLog(_ entry: LogEntry) {
    progress.loss = entry["loss"]
    progress.step = entry.step
    if bar == nil { logger.info("\(Self.text(entry))") }
  }

  func didEvaluate(_ entry: LogEntry, isBest: Bool) {
    if let (name, value) = entry.values.first {
      let score = RunProgress.Score(String(name.dropFirst("eval_".count)), value)
      progress.last = score
      if isBest { progress.best = score }
    }
    if bar == nil { logger.info("\(Self.text(entry))\(isBest ? " (best so far)" : "")") }
  }

  func didNotice(_ sentence: String) { logger.notice("\(sentence)") }

  func didWarn(_ sentence: String) { logger.warning("\(sentence)") }

  var shouldStop: Bool { StopSignal.isRaised }

  func end() { bar?.end() }

  private static func text(_ entry: LogEntry) -> String {
    let values = entry.values.map { name, value in
      "\(name) "
        + "\(abs(value) < 1e-3 && value != 0 ? NumberText.scientific(value) : NumberText.fixed(value, 4))"
    }
    return "step \(entry.step) epoch \(NumberText.fixed(entry.epoch, 2)) "
      + values.joined(separator: " ")
  }
}
