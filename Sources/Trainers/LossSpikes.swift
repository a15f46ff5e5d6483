import StrictJSON

/// Finds losses that are far above those before them.
///
/// It keeps a running mean and variance of the loss, in which an update weighs as much as the mean
/// over the last 50. A loss above the limit counts as the highest that would not have been one, so
/// the mean follows a loss that stays high, but slowly.
package struct LossSpikes: Sendable, Equatable {
  private var count = 0
  private var mean = 0.0
  private var variance = 0.0
  /// Updates since the latest loss that was too high. Losses near the limit cross it often.
  private var quiet = Self.settled

  /// An update's least weight in the mean.
  private static let leastWeight = 0.02
  /// A spike is this many standard deviations above the mean, and this multiple of it.
  private static let deviations = 6.0
  private static let multiple = 2.0
  /// Before so many updates the deviation means little. Until then a spike is a larger multiple.
  /// After so many updates below the limit a spike is over.
  private static let settled = 20
  private static let firstMultiple = 10.0

  /// No loss yet.
  package init() {}

  /// Takes the loss of an update into account.
  ///
  /// - Returns: what the user should know, at the first update of a spike.
  package mutating func add(_ loss: Double, step: Int) -> String? {
    let level = mean
    guard begins(loss) else { return nil }
    return "the loss of update \(step), \(Float(loss)), is far above its running mean of "
      + "\(Float(level)); if it does not come down again, train with a lower train.learning_rate, "
      + "more warm-up or stronger clipping (train.max_grad_norm)"
  }

  /// - Returns: true at the first update of a spike. Losses whose mean is not positive, such as
  ///   those of an adversary, have none.
  private mutating func begins(_ loss: Double) -> Bool {
    let limit = limit
    let isSpike = limit.map { loss > $0 } ?? false
    let begins = isSpike && quiet >= Self.settled
    quiet = isSpike ? 0 : min(quiet + 1, Self.settled)
    let value = min(loss, limit ?? loss)
    count += 1
    let weight = max(1 / Double(count), Self.leastWeight)
    let change = value - mean
    mean += weight * change
    variance = (1 - weight) * (variance + weight * change * change)
    return begins
  }

  /// The highest loss that is no spike; nil if there is nothing to compare with.
  private var limit: Double? {
    guard count > 0, mean > 0 else { return nil }
    return count < Self.settled
      ? Self.firstMultiple * mean
      : max(Self.multiple * mean, mean + Self.deviations * variance.squareRoot())
  }
}

extension LossSpikes {
  /// Its numbers.
  package var json: JSONValue {
    [.int(count), .double(mean), .double(variance), .int(quiet)]
  }

  /// Reads what `json` wrote; nothing yet where there is nothing, as in states of earlier versions.
  /// - Throws: `StateError`.
  package init(_ json: JSONValue?) throws {
    guard let json else { return }
    guard let parts = json.array, parts.count == 4, let count = parts[0].int,
      let mean = parts[1].double, let variance = parts[2].double, let quiet = parts[3].int,
      StateRecord.counts.contains(count), variance >= 0, (0...Self.settled).contains(quiet)
    else { throw StateError("the running mean of the loss cannot be read") }
    (self.count, self.mean, self.variance, self.quiet) = (count, mean, variance, quiet)
  }
}
