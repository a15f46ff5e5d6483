import Processes

/// What it takes to add up gradients over processes.
struct ExchangeCost {
  private var updates = 0
  private var seconds = 0.0
  private var bytes = 0
  private var gradientBytes = 0

  /// Runs one reduction.
  mutating func measure<Result>(
    _ group: any ProcessGroup, gradients: Int, _ reduce: () throws -> Result
  ) rethrows -> Result {
    guard group.isShared else { return try reduce() }
    let (start, before) = (ContinuousClock.now, group.bytesSent)
    let result = try reduce()
    updates += 1
    seconds += (ContinuousClock.now - start) / .seconds(1)
    bytes += group.bytesSent - before
    gradientBytes += 4 * gradients
    return result
  }

  /// A sentence about it; nil if there was nothing to exchange.
  ///
  /// - Parameter total: the seconds of training.
  func sentence(_ group: any ProcessGroup, total: Double) -> String? {
    guard updates > 0, gradientBytes > 0 else { return nil }
    func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
    return "\(group.count) processes shared the run; process \(group.rank) sent \(bytes) bytes of "
      + "gradients in \(updates) updates, \(rounded(Double(bytes) / Double(gradientBytes))) times "
      + "their size, and adding them up took \(rounded(seconds)) of \(rounded(total)) s"
  }
}

extension TrainingSession {
  /// What several processes have exchanged, as a sentence; nil for a single one.
  package var exchanged: String? { exchange.sentence(trainer.group, total: seconds) }
}
