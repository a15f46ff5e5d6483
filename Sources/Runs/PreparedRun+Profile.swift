import Trainers

extension PreparedRun {
  /// Makes some updates of each of the run's models, in memory only, and measures what they take.
  ///
  /// The updates are the run's own: its data in its order, its batches, its optimiser. Nothing is
  /// evaluated, logged or written. If several processes share the run, all of them call this, and
  /// each measures itself.
  /// - Parameters:
  ///   - updates: updates of each model to measure; those of a generator come before those of the
  ///     student.
  ///   - warmUp: updates of each model made first, while memory use settles; they are not counted.
  ///   - cutFor: cuts work as on a machine of so many cores; 0 for the threads at hand.
  ///   - shouldStop: asked after every update; true ends the run with what was counted so far.
  /// - Throws: `TrainingError`, as training does; `OtherRun` and `ProcessError`.
  public func profile(
    updates: Int = 20, warmUp: Int = 3, cutFor: Int = 0,
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> RunProfile {
    _ = try setup.group.meet(
      over: RunDescription(setup, hashes: outputs.hashes), goesOn: true)
    return try training.profile(
      updates: updates, warmUp: warmUp, cutFor: cutFor, shouldStop: shouldStop)
  }
}
