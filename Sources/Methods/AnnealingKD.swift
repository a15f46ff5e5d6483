import Autograd
import Configuration
import Models
import Trainers

/// Annealing-KD: two stages, regression on the teacher's growing logits, then gold labels alone.
///
/// Stage I: L = || S(x) - Phi T(x) ||^2, the squared norm over classes averaged over texts, with
/// Phi = 1/t_max, ..., 1; stage II, from the best model of stage I: L = CE(S(x), y). The student's
/// logits are not scaled. Source: Jafari, Rezagholizadeh, Sharma and Ghodsi, EACL 2021 (arXiv
/// 2104.07163), and the authors' code (14 + 4 epochs, t_max 7).
public struct AnnealingKD: Objective {
  static let description = MethodDescription(
    name: "annealing-kd",
    summary: "the teacher's logits at growing size, then gold labels (Jafari et al. 2021)",
    takesSeveralLabels: true, teacherUse: .logits, unlabelledTexts: .besideLabelled
  ) { section in
    let settings = Settings(
      temperatures: try section.int(
        "max_temperature", default: 7, in: 1...1000,
        "Multipliers of the teacher's logits that stage I goes through."),
      fraction: try section.number(
        "stage_one_fraction", default: 14.0 / 18, in: .above(0, upTo: 1),
        "Share of the updates that are stage I."))
    return { AnnealingKD($0, settings: settings) }
  }

  /// The method's constants; the defaults are the official code's.
  package struct Settings: Sendable {
    /// t_max: the number of multipliers in stage I.
    package var temperatures = 7
    /// Share of the updates that are stage I: 14 of 18 epochs.
    package var fraction = 14.0 / 18

    package init() {}

    init(temperatures: Int, fraction: Double) {
      self.temperatures = temperatures
      self.fraction = fraction
    }
  }

  /// The student in stage I and the student in stage II.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let annealing: Annealing

  package init(_ setup: DistillationSetup, settings: Settings) {
    self.setup = setup
    annealing = Annealing(
      temperatures: settings.temperatures, fraction: settings.fraction, of: setup.totalSteps)
    let student = setup.studentTraining
    trainedModels = [
      student.stage(updates: annealing.updates),
      student.stage(updates: max(1, setup.totalSteps - annealing.updates)),
    ]
  }

  /// Stage I, then stage II.
  public func turn(batch: Int) -> Int { batch < annealing.updates ? 0 : 1 }

  /// Stage II.
  public func isInLastStage(batch: Int) -> Bool { turn(batch: batch) == 1 }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let student = setup.student
    // Every batch is an update of the student.
    let multiplier = annealing.multiplier(at: step.batchNumber)
    var scalars = try step.forEachShard { shard, tape in
      let logits = student.logits(shard.tokens, tape: tape, training: true)
      var loss = LossTerms(step)
      if step.turn == 0 {
        let teacher = tape.scaled(
          setup.teacherCache.logits(for: shard, tape: tape), by: multiplier)
        loss.add("kd_loss") { tape.squaredError(logits, teacher, weight: $0) }
      } else {
        loss.add("ce_loss") { setup.supervisedLoss(logits, of: shard, on: tape, weight: $0) }
      }
      tape.backward()
      return loss.scalars
    }
    if step.turn == 0 { scalars["teacher_multiplier"] = Double(multiplier) }
    return scalars
  }
}
