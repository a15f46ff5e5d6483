import Glibc

/// The learning rate as a function of the update, as transformers' schedulers define it.
public struct LearningRateSchedule: Sendable {
  /// Shape after the warm-up (`lr_scheduler_type`).
  public let kind: TrainingArguments.Schedule
  /// The highest learning rate.
  public let peak: Double
  /// Updates over which the rate rises linearly from 0.
  public let warmupSteps: Int
  /// Updates until the rate reaches 0, including the warm-up.
  public let totalSteps: Int

  /// A schedule.
  public init(
    kind: TrainingArguments.Schedule, peak: Double, warmupSteps: Int, totalSteps: Int
  ) {
    self.kind = kind
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The rate for update `step`, counted from 0 (so the first update of a warm-up has rate 0).
  public func rate(at step: Int) -> Double {
    if kind != .constant, step < warmupSteps {
      return peak * Double(step) / Double(max(1, warmupSteps))
    }
    let rest = Double(max(1, totalSteps - warmupSteps))
    let progress = Double(step - warmupSteps) / rest
    switch kind {
    case .constant, .constantWithWarmup: return peak
    case .linear: return peak * max(0, Double(totalSteps - step) / rest)
    case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * progress)))
    }
  }
}

extension TrainingArguments {
  /// What to tell about a warm-up that was made for longer runs; nil if it fits the planned
  /// updates.
  package func warmupNotice(updates: Int) -> String? {
    guard lrSchedulerType != .constant, warmupSteps * 2 > updates else { return nil }
    let peak = warmupSteps < updates ? "is at its peak late" : "never reaches its peak"
    return "train.warmup_steps \(warmupSteps) is more than half of the run's \(updates) updates, "
      + "so the learning rate \(peak); take fewer, or train.warmup_ratio"
  }
}

extension LearningRateSchedule {
  /// The schedule of `train` for a number of planned updates.
  public init(_ arguments: TrainingArguments, totalSteps: Int) {
    // As in transformers, the ratio counts only if no number of steps is given.
    let warmup =
      arguments.warmupSteps > 0
      ? arguments.warmupSteps
      : Int((Double(totalSteps) * arguments.warmupRatio).rounded(.up))
    self.init(
      kind: arguments.lrSchedulerType, peak: arguments.learningRate, warmupSteps: warmup,
      totalSteps: totalSteps)
  }
}
