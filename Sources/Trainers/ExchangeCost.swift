import Processes

/// What it takes to add up gradients over processes.
struct ExchangeCost {
  private var updates = 0
  private var seconds = 0.0
  private(set) var sent = GradientExchange.Sent()
  private var gradientBytes = 0

  /// Finishes an exchange.
  mutating func measure<Result>(
    _ exchange: GradientExchange, _ finish: () throws -> Result
  ) rethrows -> Result {
    let start = ContinuousClock.now
    let result = try finish()
    updates += 1
    seconds += (ContinuousClock.now - start) / .seconds(1)
    sent += exchange.sent
    gradientBytes += exchange.gradientBytes
    return result
  }

  /// A sentence about it; nil if there was nothing to exchange.
  ///
  /// - Parameter total: the seconds of training.
  func sentence(_ group: any ProcessGroup, total: Double) -> String? {
    guard group.isShared, updates > 0, gradientBytes > 0 else { return nil }
    func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
    let before = Int((100 * Double(sent.bytesBefore) / Double(max(1, sent.bytes))).rounded())
    return "\(group.count) processes shared the run; process \(group.rank) sent \(sent.bytes) "
      + "bytes of gradients in \(updates) updates, "
      + "\(rounded(Double(sent.bytes) / Double(gradientBytes))) times their size, \(before) % of "
      + "them while backward passes still ran, and adding up the rest took \(rounded(seconds)) of "
      + "\(rounded(total)) s"
  }
}

extension TrainingSession {
  /// What this process has sent.
  package var sentGradients: GradientExchange.Sent { exchange.sent }

  /// What several processes have exchanged, as a sentence; nil for a single one.
  package var exchanged: String? { exchange.sentence(trainer.group, total: seconds) }
}
