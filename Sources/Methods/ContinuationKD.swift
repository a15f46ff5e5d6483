import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Continuation-KD: gold labels gain weight as the teacher's logits grow.
///
/// L = psi CE(S(x), y) + (1 - psi) max(0, || S(x) - Phi T(x) ||^2 - m Phi), averaged over texts.
/// Phi = 1/t_max, 2/t_max, ... over the whole run, a step every floor(updates / t_max) updates; psi
/// rises linearly from 0 over the first stage, and then is 1, so Phi ends near the stage's share.
/// Source: Jafari, Kobyzev, Rezagholizadeh, Poupart and Ghodsi, EMNLP Findings 2022 (arXiv
/// 2212.05998), Algorithm 1: 20 of 30 epochs with psi(i) = i/40 for epoch i, t_max 10, hence Phi
/// 0.7 in epoch 20. We could not verify any value of the margin m, so it is 0 by default.
public struct ContinuationKD: Objective {
  static let description = MethodDescription(
    name: "continuation-kd",
    summary: "from the teacher's growing logits to gold labels by degrees (Jafari et al. 2022)",
    takesSeveralLabels: true, teacherUse: .logits, unlabelledTexts: .besideLabelled
  ) { section in
    var settings = Settings()
    settings.temperatures = try section.int(
      "max_temperature", default: 10, in: 1...1000,
      "Multipliers of the teacher's logits, in equal parts of the whole run; stage I ends before "
        + "the last ones.")
    settings.fraction = try section.number(
      "stage_one_fraction", default: 2.0 / 3, in: .above(0, upTo: 1),
      "Share of the updates that are stage I.")
    settings.goldWeight = try section.number(
      "stage_one_gold_weight", default: 0.5, in: 0...1,
      "Weight of the gold labels at the end of stage I.")
    settings.margin = try section.number(
      "margin", default: 0, in: 0...1e6,
      "Squared distances of logits up to this, times the multiplier, cost nothing.")
    let found = settings
    return { ContinuationKD($0, settings: found) }
  }

  /// The method's constants.
  package struct Settings: Sendable {
    /// t_max: the number of multipliers in the whole run.
    package var temperatures = 10
    /// Share of the updates that are the first stage: 20 of 30 epochs.
    package var fraction = 2.0 / 3
    /// psi at the end of the first stage: 20/40.
    package var goldWeight = 0.5
    /// m: squared distances up to m Phi cost nothing.
    package var margin = 0.0

    package init() {}
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings
  /// Updates of the first stage; at least one is left for the rest.
  private let stageOne: Int

  package init(_ setup: DistillationSetup, settings: Settings) {
    self.setup = setup
    self.settings = settings
    stageOne =
      Annealing(
        temperatures: settings.temperatures, fraction: settings.fraction, of: setup.totalSteps
      ).updates
    trainedModels = [setup.studentTraining]
  }

  /// psi for an update of the student, counted from 0.
  package func goldWeight(at update: Int) -> Double {
    update < stageOne ? settings.goldWeight * Double(update) / Double(stageOne) : 1
  }

  /// Phi for an update of the student, counted from 0: Algorithm 1 of the paper with updates in
  /// place of epochs. The temperature falls by 1 in every k-th update, k = floor(updates / t_max).
  package func multiplier(at update: Int) -> Float {
    let every = max(1, setup.totalSteps / settings.temperatures)
    let place = min(settings.temperatures, (update + 1) / every + 1)
    return Float(place) / Float(settings.temperatures)
  }

  /// After the first stage, when gold labels are all that counts.
  public func isInLastStage(batch: Int) -> Bool { batch >= stageOne }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let psi = goldWeight(at: step.batchNumber)
    let phi = multiplier(at: step.batchNumber)
    var scalars = try step.forEachShard { shard, tape in
      let logits = setup.student.logits(shard.tokens, tape: tape, training: true)
      var loss = LossTerms(step)
      loss.add("ce_loss", weight: psi) {
        setup.supervisedLoss(logits, of: shard, on: tape, weight: $0)
      }
      if psi < 1 {
        let teacher = tape.scaled(setup.teacherCache.logits(for: shard, tape: tape), by: phi)
        loss.add("kd_loss", weight: 1 - psi) {
          tape.hingedSquaredError(
            logits, teacher, margin: Float(settings.margin) * phi, weight: $0)
        }
      }
      tape.backward()
      return loss.scalars
    }
    scalars["gold_weight"] = psi
    scalars["teacher_multiplier"] = Double(phi)
    return scalars
  }
}

extension Tape {
  /// max(0, squared distance of a row - margin), summed over rows; `b` gets no gradient.
  ///
  /// A row within the margin is compared with itself, which adds neither loss nor gradient.
  func hingedSquaredError(_ a: Tensor, _ b: Tensor, margin: Float, weight: Float) -> Double {
    let target = pool.matrix(a.rows, a.columns)
    target.copy(from: b.value)
    var active = 0
    for row in 0..<a.rows {
      let distance = (0..<a.columns).reduce(Float(0)) { sum, column in
        let difference = a.value[row, column] - target[row, column]
        return sum + difference * difference
      }
      if distance > margin {
        active += 1
      } else {
        target.rows(row..<row + 1).copy(from: a.value.rows(row..<row + 1))
      }
    }
    return squaredError(a, constant(target), weight: weight)
      - Double(active) * Double(margin)
  }
}
