import Autograd
import Configuration
import Models
import Trainers

/// ComKD: MATE-KD's adversarial text with Annealing-KD's growing logits.
///
/// The generator maximises || S(x') - T(x') ||^2. The student minimises, in stage I,
/// L = w_adv || S(x') - Phi T(x') ||^2 + w_kd || S(x) - Phi T(x) ||^2, and in stage II, from the
/// best model of stage I, L = CE(S(x), y). The norms are over classes, averaged over texts.
/// Source: Li et al., EMNLP Findings 2021 (arXiv 2109.05696), and the authors' code (30 + 10
/// epochs, t_max 10).
public struct ComKD: AdversarialMethod {
  static let description = MethodDescription(
    name: "comkd",
    summary: "adversarial text and the teacher's growing logits, then labels (Li et al. 2021)",
    needsGenerator: true, takesSeveralLabels: true, unlabelledTexts: .besideLabelled,
    settings: Settings.init(_:), objective: ComKD.init(_:settings:))

  /// The method's constants; the defaults are the official code's.
  package struct Settings: Sendable {
    /// t_max: the number of multipliers in stage I.
    package var temperatures = 10
    /// Share of the student's updates that are stage I: 30 of 40 epochs.
    package var fraction = 0.75
    /// Its divergence and its temperature are not used.
    package var adversary = MaskedAdversary.Settings()
    /// The weight of gold labels is not used.
    package var weights = LossWeights(ce: 0, kd: 0.5, adversarial: 0.5)

    package init() {}

    package init(_ section: ConfigSection) throws {
      temperatures = try section.int(
        "max_temperature", default: 10, in: 1...1000,
        "Multipliers of the teacher's logits that stage I goes through.")
      fraction = try section.number(
        "stage_one_fraction", default: 0.75, in: .above(0, upTo: 1),
        "Share of the student's updates that are stage I.")
      try section.refuse("divergence", "comkd compares logits by their squared distance.")
      try section.refuse("temperature", "comkd compares logits by their squared distance.")
      try section.lossWeights { weights in
        self.weights = LossWeights(
          ce: 0,
          kd: try weights.number(
            "kd", default: 0.5, in: 0...1e6,
            "Weight of the distance of logits on the text in stage I."),
          adversarial: try weights.number(
            "adversarial", default: 0.5, in: 0...1e6,
            "Weight of the distance of logits on adversarial text in stage I."))
      }
      adversary = try MaskedAdversary.Settings(section, comparesDistributions: false)
    }
  }

  /// The student in stage I, the generator, and the student in stage II.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings
  private let annealing: Annealing
  /// What makes x'.
  package let adversary: MaskedAdversary

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    adversary = try MaskedAdversary(setup, settings: settings.adversary, method: "comkd")
    annealing = Annealing(
      temperatures: settings.temperatures, fraction: settings.fraction, of: setup.totalSteps)
    let student = setup.studentTraining
    trainedModels = [
      student.stage(updates: annealing.updates),
      adversary.trainedModel(studentUpdates: annealing.updates),
      student.stage(updates: max(1, setup.totalSteps - annealing.updates)),
    ].compactMap { $0 }
  }

  /// In stage I the generator's turn in the first n_G of every n_G + n_S batches; then the
  /// student's.
  public func turn(batch: Int) -> Int {
    if adversary.studentUpdates(before: batch) >= annealing.updates { return 2 }
    return adversary.turn(batch: batch) == nil ? 0 : 1
  }

  /// The generator's drift and what the probe texts tell, with the squared distance of logits.
  public func diagnostics() throws -> [(name: String, value: Double)] {
    try adversary.diagnostics { $2.squaredError($0, $1, weight: 0) }
  }

  /// Stage II.
  public func isInLastStage(batch: Int) -> Bool { turn(batch: batch) == 2 }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    if step.turn == 2 {
      return try step.forEachShard { shard, tape in goldLoss(step, shard, tape) }
    }
    let phi = annealing.multiplier(at: adversary.studentUpdates(before: step.batchNumber))
    var scalars = try step.forEachShard(backwardPasses: step.turn == 1 ? 1 : 2) { shard, tape in
      let masks = adversary.masks(shard, step: step)
      return step.turn == 1
        ? generatorLoss(step, shard, tape, masks)
        : studentLoss(step, shard, tape, masks, multiplier: phi)
    }
    if step.turn == 0 { scalars["teacher_multiplier"] = Double(phi) }
    return scalars
  }

  /// Stage II: gold labels on the text as it is.
  private func goldLoss(_ step: StepContext, _ shard: Shard, _ tape: Tape) -> Scalars {
    let logits = setup.student.logits(shard.tokens, tape: tape, training: true)
    var loss = LossTerms(step)
    loss.add("ce_loss") { setup.supervisedLoss(logits, of: shard, on: tape, weight: $0) }
    tape.backward()
    return loss.scalars
  }

  /// Max step: minus the squared distance on x', through the inputs of both models into the
  /// generator.
  package func generatorLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, _ masks: MaskedAdversary.Masks
  ) -> Scalars {
    let sample = adversary.sample(shard, masks, on: tape)
    let text = sample.texts.tokens
    var loss = LossTerms(step)
    loss.add("adversarial_distance", weight: -1) {
      tape.squaredError(
        setup.student.logits(text, tape: tape, training: true, sample: sample.words),
        setup.teacher.logits(text, tape: tape, training: false, sample: sample.words), weight: $0)
    }
    tape.backward()
    return loss.scalars
  }

  /// Min step of stage I. The generator is fixed.
  package func studentLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, _ masks: MaskedAdversary.Masks,
    multiplier: Float
  ) -> Scalars {
    let adversarial = adversary.texts(shard, masks, on: tape).tokens
    var loss = LossTerms(step)
    loss.add("clean_distance", weight: settings.weights.kd) {
      tape.squaredError(
        setup.student.logits(shard.tokens, tape: tape, training: true),
        tape.scaled(setup.teacherCache.logits(for: shard, tape: tape), by: multiplier), weight: $0)
    }
    tape.backward()
    loss.add("adversarial_distance", weight: settings.weights.adversarial) {
      tape.squaredError(
        setup.student.logits(adversarial, tape: tape, training: true),
        tape.scaled(
          setup.teacher.logits(adversarial, tape: tape, training: false), by: multiplier),
        weight: $0)
    }
    tape.backward()
    return loss.scalars
  }
}
