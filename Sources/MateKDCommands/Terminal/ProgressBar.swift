import Synchronization

/// The progress of a run.
package struct RunProgress: Sendable, Equatable {
  /// A metric by name.
  package struct Score: Sendable, Equatable {
    /// Its name, such as `accuracy`.
    package var name: String
    /// Its value.
    package var value: Double

    /// The value of a metric.
    package init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// Updates done.
  package var step: Int
  /// Updates in all.
  package var totalSteps: Int
  /// Mean loss since the last line of the log.
  package var loss: Double?
  /// The learning rate of the last update.
  package var learningRate: Double?
  /// Training rows seen per second.
  package var samplesPerSecond: Double?
  /// The result of the last evaluation.
  package var last: Score?
  /// The best evaluation result so far.
  package var best: Score?

  /// Progress with the given values.
  package init(
    step: Int, totalSteps: Int, loss: Double? = nil, learningRate: Double? = nil,
    samplesPerSecond: Double? = nil, last: Score? = nil, best: Score? = nil
  ) {
    self.step = step
    self.totalSteps = totalSteps
    self.loss = loss
    self.learningRate = learningRate
    self.samplesPerSecond = samplesPerSecond
    self.last = last
    self.best = best
  }
}

/// Shows the progress of a run: as a line that is redrawn on a terminal, as plain lines elsewhere.
package final class ProgressBar: Sendable {
  private let stream: TerminalStream
  private let label: String
  private let now: @Sendable () -> Duration
  private let drawn = Mutex<(start: Duration, startStep: Int, last: Duration?)?>(nil)

  /// A line is redrawn at most this often.
  private static let interval = Duration.milliseconds(100)

  /// A bar for one run.
  /// - Parameters:
  ///   - label: what is running, such as `distill`.
  ///   - stream: where the bar is drawn.
  ///   - now: a clock that never goes back; tests pass another one.
  package init(
    _ label: String, on stream: TerminalStream = .standardError,
    now: @escaping @Sendable () -> Duration = ProgressBar.clock
  ) {
    self.label = label
    self.stream = stream
    self.now = now
  }

  /// The time since some fixed moment of this process.
  package static let clock: @Sendable () -> Duration = {
    let origin = ContinuousClock.now
    return { ContinuousClock.now - origin }
  }()

  /// Shows progress. To be called after every update.
  /// - Parameter isLogged: whether this update has a line in the log. Where nothing can be redrawn,
  ///   a plain line is written only for such updates.
  package func update(_ progress: RunProgress, isLogged: Bool) {
    let moment = now()
    let remaining: Duration? = drawn.withLock { drawn in
      let begun = drawn ?? (start: moment, startStep: progress.step, last: nil)
      drawn = begun
      let done = progress.step - begun.startStep
      guard done > 0 else { return nil }
      return (moment - begun.start) / done * max(0, progress.totalSteps - progress.step)
    }
    if stream.style.redraws {
      let isDue = drawn.withLock { drawn in
        if let last = drawn?.last, moment - last < Self.interval,
          progress.step < progress.totalSteps
        {
          return false
        }
        drawn?.last = moment
        return true
      }
      if isDue { stream.show(status: bar(progress, remaining)) }
    } else if isLogged {
      stream.print(line(progress, remaining))
    }
  }

  /// Leaves the last state on the terminal. To be called when the run ends, however it ends.
  package func end() { stream.endStatus(keepingIt: true) }

  private func bar(_ progress: RunProgress, _ remaining: Duration?) -> String {
    let cells = 16
    let fraction =
      progress.totalSteps > 0 ? Double(progress.step) / Double(progress.totalSteps) : 0
    let filled = Int((min(1, max(0, fraction)) * Double(cells)).rounded(.down))
    let bar =
      String(repeating: "#", count: filled) + String(repeating: "-", count: cells - filled)
    return
      ([
        "\(label) [\(bar)] \(progress.step)/\(progress.totalSteps)"
      ] + numbers(progress, remaining)).joined(separator: "  ")
  }

  private func line(_ progress: RunProgress, _ remaining: Duration?) -> String {
    (["\(label) step \(progress.step)/\(progress.totalSteps)"] + numbers(progress, remaining))
      .joined(separator: "  ")
  }

  private func numbers(_ progress: RunProgress, _ remaining: Duration?) -> [String] {
    var parts: [String] = []
    if let loss = progress.loss { parts.append("loss \(NumberText.fixed(loss, 4))") }
    if let rate = progress.learningRate { parts.append("lr \(NumberText.scientific(rate))") }
    if let speed = progress.samplesPerSecond {
      parts.append("\(NumberText.fixed(speed, speed < 10 ? 1 : 0)) samples/s")
    }
    if let remaining, progress.step < progress.totalSteps {
      parts.append("ETA \(NumberText.time(remaining))")
    }
    if let last = progress.last {
      parts.append("\(last.name) \(NumberText.fixed(last.value, 4))")
    }
    if let best = progress.best { parts.append("best \(NumberText.fixed(best.value, 4))") }
    return parts
  }
}
