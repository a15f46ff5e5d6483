import Trainers

/// The first stage of Annealing-KD and its descendants, in which the teacher's logits grow from a
/// fraction of themselves to their whole.
///
/// The multiplier is Phi(t) = 1 - (t - 1) / t_max with the "temperature" t falling from t_max to 1,
/// so 1/t_max, 2/t_max, ..., 1, each for the same share of the stage. Source: Jafari et al. 2021
/// (arXiv 2104.07163), as restated in Jafari et al. 2022 (arXiv 2212.05998), eq. 2.
package struct Annealing: Sendable {
  /// t_max (`max_temperature`): the number of multipliers.
  package let temperatures: Int
  /// The student's updates of the stage; at least one is left for the stage after it.
  package let updates: Int

  /// A stage.
  ///
  /// - Parameters:
  ///   - fraction: share of the student's updates that belong to the stage.
  ///   - total: all updates of the student.
  package init(temperatures: Int, fraction: Double, of total: Int) {
    self.temperatures = temperatures
    updates = max(1, min(total - 1, Int((fraction * Double(total)).rounded())))
  }

  /// Phi for an update of the student, counted from 0; 1 after the stage.
  package func multiplier(at update: Int) -> Float {
    let place = min(temperatures, update * temperatures / updates + 1)
    return Float(place) / Float(temperatures)
  }
}

extension LearningRateSchedule {
  /// The same shape over a stage of training: the warm-up has the same share of it.
  package func stage(updates: Int) -> LearningRateSchedule {
    LearningRateSchedule(
      kind: kind, peak: peak, warmupSteps: warmupSteps * updates / max(1, totalSteps),
      totalSteps: updates)
  }
}

extension TrainedModel {
  /// The model in a stage of its own, with a fresh optimiser and a schedule over the stage's
  /// updates.
  ///
  /// The training loop counts the updates of all stages, and begins a stage with the best weights
  /// so far where `load_best_model_at_end` keeps them.
  package func stage(updates: Int) -> TrainedModel {
    TrainedModel(
      name: name, parameters: parameters, optimizer: optimizer,
      schedule: schedule.stage(updates: updates), companions: companions)
  }
}
