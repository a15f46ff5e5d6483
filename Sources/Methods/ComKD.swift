import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// ComKD: MATE-KD's adversarial text with Annealing-KD's growing logits.
///
/// Generator step: maximise || S(x') - T(x') ||^2. Student step of stage I:
/// L = w_adv || S(x') - Phi T(x') ||^2 + w_kd || S(x) - Phi T(x) ||^2; of stage II, from the best
/// model of stage I: L = CE(S(x), y). Squared norms over classes, averaged over texts. Source: Li et
/// al., EMNLP Findings 2021 (arXiv 2109.05696), and the authors' code (30 + 10 epochs, t_max 10).
public struct ComKD: Objective {
  static let description = MethodDescription(
    name: "comkd",
    summary: "adversarial text and the teacher's growing logits, then labels (Li et al. 2021)",
    needsGenerator: true
  ) { section in
    let settings = try Settings(section)
    try section.finish()
    return { try ComKD($0, settings: settings) }
  }

  /// The method's constants; the defaults are the official code's.
  package struct Settings: Sendable {
    /// t_max: how many multipliers stage I goes through.
    package var temperatures = 10
    /// Share of the student's updates that are stage I: 30 of 40 epochs.
    package var fraction = 0.75
    /// What makes and trains the adversarial text; its divergence and its gold labels have no part.
    package var game = MATEKD.Settings()

    package init() {
      game.weights = LossWeights(ce: 0, kd: 0.5, adversarial: 0.5)
    }

    package init(_ section: ConfigSection) throws {
      self.init()
      temperatures = try section.int(
        "max_temperature", default: 10, in: 1...1000,
        "Multipliers of the teacher's logits that stage I goes through.")
      fraction = try section.number(
        "stage_one_fraction", default: 0.75, in: .above(0, upTo: 1),
        "Share of the student's updates that are stage I.")
      try section.refuse("divergence", "comkd compares logits by their squared distance.")
      try section.refuse("temperature", "comkd compares logits by their squared distance.")
      let weights = try section.sectionOrEmpty("loss_weights", "The factors of the loss terms.")
      game.weights = LossWeights(
        ce: 0,
        kd: try weights.number(
          "kd", default: 0.5, in: 0...1e6,
          "Weight of the distance of logits on the text in stage I."),
        adversarial: try weights.number(
          "adversarial", default: 0.5, in: 0...1e6,
          "Weight of the distance of logits on adversarial text in stage I."))
      try weights.finish()
      game.maskProbability = Float(
        try section.number(
          "mask_probability", default: 0.3, in: 0...1, "How likely an ordinary token is masked."))
      game.gumbelTemperature = Float(
        try section.number(
          "gumbel_temperature", default: 1, in: 0.01...1000,
          "Temperature of the Gumbel-softmax by which the generator draws words."))
      game.generatorSteps = try section.int(
        "generator_steps", default: 10, in: 0...1_000_000,
        "Updates of the generator in its turn; 0 leaves it as it is.")
      game.studentSteps = try section.int(
        "student_steps", default: 100, in: 1...1_000_000, "Updates of the student in its turn.")
      game.generatorLearningRate = try section.number(
        "generator_learning_rate", default: 5e-7, in: 0...1,
        "The generator's highest learning rate.")
      game.generatorScheduler = try section.choice(
        "generator_lr_scheduler_type", default: .linear,
        "How the generator's learning rate goes on after the warm-up.")
      game.generatorOptimizer.maxGradNorm = try section.number(
        "generator_max_grad_norm", default: 5, in: 0...1e9,
        "The generator's gradient is scaled down to this norm; 0 means never.")
    }
  }

  /// The student in stage I, the generator, and the student in stage II.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings
  private let annealing: Annealing
  private let generator: MaskedLanguageModel

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    generator = try setup.requiredGenerator(of: "comkd")
    annealing = Annealing(
      temperatures: settings.temperatures, fraction: settings.fraction, of: setup.totalSteps)
    let game = settings.game
    let student = setup.studentTraining
    trainedModels = [
      student.stage(updates: annealing.updates),
      game.trainedGenerator(generator, studentUpdates: annealing.updates),
      student.stage(updates: max(1, setup.totalSteps - annealing.updates)),
    ]
  }

  /// The student's updates before a batch of stage I.
  package func updates(before batch: Int) -> Int {
    let game = settings.game
    let cycle = game.generatorSteps + game.studentSteps
    return batch / cycle * game.studentSteps + max(0, batch % cycle - game.generatorSteps)
  }

  /// In stage I the generator's turn in the first n_G of every n_G + n_S batches; then the student's.
  public func turn(batch: Int) -> Int {
    let game = settings.game
    if updates(before: batch) >= annealing.updates { return 2 }
    return batch % (game.generatorSteps + game.studentSteps) < game.generatorSteps ? 1 : 0
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    if step.turn == 2 {
      return try step.forEachShard { shard, tape in goldLoss(step, shard, tape) }
    }
    let masking = Masking(probability: settings.game.maskProbability, seed: step.seed)
    let phi = annealing.multiplier(at: updates(before: step.batchNumber))
    var scalars = try step.forEachShard { shard, tape in
      let rows = masking.rows(of: shard, draw: step.drawNumber)
      return step.turn == 1
        ? generatorLoss(step, shard, tape, rows: rows, noise: nil)
        : studentLoss(step, shard, tape, rows: rows, noise: nil, multiplier: phi)
    }
    if step.turn == 0 { scalars["teacher_multiplier"] = Double(phi) }
    return scalars
  }

  /// Stage II: gold labels on the text as it is.
  private func goldLoss(_ step: StepContext, _ shard: Shard, _ tape: Tape) -> Scalars {
    let sum = tape.supervisedLoss(
      setup.student.logits(shard.tokens, tape: tape, training: true), shard: shard,
      labels: setup.student.labels, smoothing: setup.labelSmoothing,
      weight: Float(step.share / Double(step.count)))
    tape.backward()
    var scalars = Scalars()
    scalars["loss"] = sum / Double(step.count)
    scalars["ce_loss"] = sum / Double(step.count)
    return scalars
  }

  /// Max step: minus the squared distance on x', through both models' inputs into the generator.
  ///
  /// - Parameter noise: Gumbel noise at the masked tokens, for tests; nil draws it.
  package func generatorLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, rows: [Int], noise: Matrix?
  ) -> Scalars {
    let masked = shard.tokens.replacing(rows, with: setup.maskID)
    let logits = generator.logits(masked, rows: rows, tape: tape, training: true)
    let sample = tape.gumbelSoftmax(
      logits, temperature: settings.game.gumbelTemperature, noise: noise)
    let adversarial = shard.tokens.replacing(rows, with: sample.ids)
    let distance = tape.squaredError(
      setup.student.logits(adversarial, tape: tape, training: true, sample: (rows, sample)),
      setup.teacher.logits(adversarial, tape: tape, training: false, sample: (rows, sample)),
      weight: Float(-step.share / Double(step.count)))
    tape.backward()
    var scalars = Scalars()
    scalars["loss"] = -distance / Double(step.count)
    scalars["adversarial_distance"] = distance / Double(step.count)
    return scalars
  }

  /// Min step of stage I; the generator is fixed.
  package func studentLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, rows: [Int], noise: Matrix?,
    multiplier: Float
  ) -> Scalars {
    let count = Double(step.count)
    let weight = step.share / count
    let weights = settings.game.weights
    let masked = shard.tokens.replacing(rows, with: setup.maskID)
    let ids =
      rows.isEmpty
      ? []
      : tape.gumbelArgmax(
        generator.logits(masked, rows: rows, tape: tape, training: true), noise: noise)
    let adversarial = shard.tokens.replacing(rows, with: ids)
    let clean = tape.squaredError(
      setup.student.logits(shard.tokens, tape: tape, training: true),
      tape.scaled(setup.teacherCache.logits(for: shard, tape: tape), by: multiplier),
      weight: Float(weights.kd * weight))
    tape.backward()
    let hostile = tape.squaredError(
      setup.student.logits(adversarial, tape: tape, training: true),
      tape.scaled(
        setup.teacher.logits(adversarial, tape: tape, training: false), by: multiplier),
      weight: Float(weights.adversarial * weight))
    tape.backward()
    var scalars = Scalars()
    scalars["loss"] = (weights.kd * clean + weights.adversarial * hostile) / count
    scalars["clean_distance"] = clean / count
    scalars["adversarial_distance"] = hostile / count
    return scalars
  }
}
