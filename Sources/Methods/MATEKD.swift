import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// MATE-KD: masked adversarial text, a companion to knowledge distillation.
///
/// A generator fills randomly masked tokens so that teacher and student disagree as much as possible;
/// the student learns from gold labels and teacher on the text, and from the teacher on the
/// adversarial text. Source: Rashid, Lioutas and Rezagholizadeh, ACL 2021 (arXiv 2105.05912), and the
/// authors' code; docs/methods.md lists every difference.
public struct MATEKD: Objective {
  static let description = MethodDescription(
    name: "mate-kd",
    summary: "masked adversarial text by a generator (Rashid et al. 2021)", needsGenerator: true,
    takesSeveralLabels: true
  ) { section in
    let settings = try Settings(section)
    try section.finish()
    return { try MATEKD($0, settings: settings) }
  }

  /// The method's constants; the defaults are the official code's.
  package struct Settings: Sendable {
    /// rho: probability that an ordinary token is masked.
    package var maskProbability: Float = 0.3
    /// Temperature of the Gumbel-softmax.
    package var gumbelTemperature: Float = 1
    /// Temperature of both sides' softmax in the divergence; no T^2 factor.
    package var temperature: Float = 1
    /// The paper writes KL(teacher || student), the official code uses the cross-entropy. For the
    /// student they differ by a constant; the generator is rewarded for teacher entropy only by `ce`.
    package var divergence: Kernel.Divergence = .kl
    /// n_G and n_S: updates of the generator, then of the student, in turns.
    package var generatorSteps = 10
    package var studentSteps = 100
    package var weights = LossWeights(ce: 1.0 / 3, kd: 1.0 / 3, adversarial: 1.0 / 3)
    package var generatorLearningRate = 5e-7
    package var generatorScheduler = TrainingArguments.Schedule.linear
    package var generatorWarmupSteps = 0
    package var generatorOptimizer = OptimizerSettings(maxGradNorm: 5)

    package init() {}

    package init(_ section: ConfigSection) throws {
      try self.init(gameOf: section)
      weights = try LossWeights(section, ce: 1.0 / 3, kd: 1.0 / 3, adversarial: 1.0 / 3)
    }

    /// All keys but the weights of the student's losses, for methods that play the same game.
    init(gameOf section: ConfigSection) throws {
      maskProbability = Float(
        try section.number(
          "mask_probability", default: 0.3, in: 0...1, "How likely an ordinary token is masked."))
      gumbelTemperature = Float(
        try section.number(
          "gumbel_temperature", default: 1, in: 0.01...1000,
          "Temperature of the Gumbel-softmax by which the generator draws words."))
      temperature = Float(
        try section.number(
          "temperature", default: 1, in: 0.01...1000,
          "What logits are divided by in both softmaxes of the divergence; no factor in the loss."))
      divergence = try section.choice(
        "divergence", default: .kl,
        "KL divergence, or cross-entropy with the teacher's probabilities.")
      generatorSteps = try section.int(
        "generator_steps", default: 10, in: 0...1_000_000,
        "Updates of the generator in its turn; 0 leaves it as it is.")
      studentSteps = try section.int(
        "student_steps", default: 100, in: 1...1_000_000, "Updates of the student in its turn.")
      generatorLearningRate = try section.number(
        "generator_learning_rate", default: 5e-7, in: 0...1,
        "The generator's highest learning rate.")
      generatorScheduler = try section.choice(
        "generator_lr_scheduler_type", default: .linear,
        "How the generator's learning rate goes on after the warm-up.")
      generatorWarmupSteps = try section.int(
        "generator_warmup_steps", default: 0, in: 0...1_000_000_000,
        "Updates of the generator's linear warm-up.")
      generatorOptimizer = OptimizerSettings(
        weightDecay: try section.number(
          "generator_weight_decay", default: 0, in: 0...1,
          "The generator's weight decay; never on biases and LayerNorm."),
        beta1: try section.number(
          "generator_adam_beta1", default: 0.9, in: 0...1,
          "Decay of the mean of gradients in the generator's Adam."),
        beta2: try section.number(
          "generator_adam_beta2", default: 0.999, in: 0...1,
          "Decay of the mean of squares in the generator's Adam."),
        epsilon: try section.number(
          "generator_adam_epsilon", default: 1e-8, in: 0...1,
          "What the generator's Adam adds to its divisor."),
        maxGradNorm: try section.number(
          "generator_max_grad_norm", default: 5, in: 0...1e9,
          "The generator's gradient is scaled down to this norm; 0 means never."))
    }

    /// The generator's updates while the student makes `studentUpdates`.
    func generatorUpdates(studentUpdates: Int) -> Int {
      (studentUpdates + studentSteps - 1) / studentSteps * generatorSteps
    }

    /// The generator with its optimiser and schedule.
    func trainedGenerator(
      _ generator: MaskedLanguageModel, studentUpdates: Int, companions: Parameters? = nil
    ) -> TrainedModel {
      TrainedModel(
        name: "generator", parameters: generator.parameters, optimizer: generatorOptimizer,
        schedule: LearningRateSchedule(
          kind: generatorScheduler, peak: generatorLearningRate, warmupSteps: generatorWarmupSteps,
          totalSteps: max(1, generatorUpdates(studentUpdates: studentUpdates))),
        companions: companions)
    }
  }

  /// The student and the generator.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings
  private let generator: MaskedLanguageModel

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    generator = try setup.requiredGenerator(of: "mate-kd")
    trainedModels = [
      setup.studentTraining,
      settings.trainedGenerator(generator, studentUpdates: setup.totalSteps),
    ]
  }

  /// The generator's turn in the first n_G of every n_G + n_S batches.
  public func turn(batch: Int) -> Int {
    batch % (settings.generatorSteps + settings.studentSteps) < settings.generatorSteps ? 1 : 0
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let masking = Masking(probability: settings.maskProbability, seed: step.seed)
    let sums = try step.forEachShard { shard, tape in
      let rows = masking.rows(of: shard, draw: step.drawNumber)
      return step.turn == 1
        ? generatorLoss(step, shard, tape, rows: rows, noise: nil)
        : studentLoss(step, shard, tape, rows: rows, noise: nil)
    }
    return Self.health(step, sums)
  }

  /// Max step: -D(S(x'), T(x')), differentiated through both models' inputs into the generator.
  ///
  /// - Parameter noise: Gumbel noise at the masked tokens, for tests; nil draws it.
  package func generatorLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, rows: [Int], noise: Matrix?
  ) -> Scalars {
    let masked = shard.tokens.replacing(rows, with: setup.maskID)
    let logits = generator.logits(masked, rows: rows, tape: tape, training: true)
    let entropy = Kernel.entropyOfRows(logits.value)
    let sample = tape.gumbelSoftmax(
      logits, temperature: settings.gumbelTemperature, noise: noise)
    let adversarial = shard.tokens.replacing(rows, with: sample.ids)
    let student = setup.student.logits(
      adversarial, tape: tape, training: true, sample: (rows, sample))
    let teacher = setup.teacher.logits(
      adversarial, tape: tape, training: false, sample: (rows, sample))
    let divergence = tape.outputDivergence(
      settings.divergence, student: student, teacher: teacher, labels: setup.student.labels,
      temperature: settings.temperature, weight: Float(-step.share / Double(step.count)))
    tape.backward()
    var scalars = Self.counts(shard, rows: rows, ids: sample.ids)
    scalars["entropy"] = entropy
    scalars["loss"] = -divergence / Double(step.count)
    scalars["adversarial_divergence"] = divergence / Double(step.count)
    return scalars
  }

  /// Min step: w_ce CE(S(x), y) + w_kd D(S(x), T(x)) + w_adv D(S(x'), T(x')); the generator is fixed.
  package func studentLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, rows: [Int], noise: Matrix?
  ) -> Scalars {
    let count = Double(step.count)
    let weight = step.share / count
    let weights = settings.weights
    let labels = setup.student.labels
    let masked = shard.tokens.replacing(rows, with: setup.maskID)
    let ids =
      rows.isEmpty
      ? []
      : tape.gumbelArgmax(
        generator.logits(masked, rows: rows, tape: tape, training: true), noise: noise)
    let adversarial = shard.tokens.replacing(rows, with: ids)
    let teacherClean = setup.teacherCache.logits(for: shard, tape: tape)
    let teacherAdversarial = setup.teacher.logits(adversarial, tape: tape, training: false)

    let logits = setup.student.logits(shard.tokens, tape: tape, training: true)
    let ce = tape.supervisedLoss(
      logits, shard: shard, labels: labels, smoothing: setup.labelSmoothing,
      weight: Float(weights.ce * weight))
    let clean = tape.outputDivergence(
      settings.divergence, student: logits, teacher: teacherClean, labels: labels,
      temperature: settings.temperature, weight: Float(weights.kd * weight))
    // Two passes: the activations of one text at a time are half the memory.
    tape.backward()
    let hostile = tape.outputDivergence(
      settings.divergence,
      student: setup.student.logits(adversarial, tape: tape, training: true),
      teacher: teacherAdversarial, labels: labels, temperature: settings.temperature,
      weight: Float(weights.adversarial * weight))
    tape.backward()
    var scalars = Self.counts(shard, rows: rows, ids: ids)
    scalars["loss"] =
      (weights.ce * ce + weights.kd * clean + weights.adversarial * hostile) / count
    scalars["ce_loss"] = ce / count
    scalars["clean_divergence"] = clean / count
    scalars["adversarial_divergence"] = hostile / count
    return scalars
  }

  /// A shard's numbers of masked tokens and of those that the generator filled with the original.
  static func counts(_ shard: Shard, rows: [Int], ids: [Int32]) -> Scalars {
    var scalars = Scalars()
    scalars["replacement_rate"] = Double(rows.count)
    scalars["unchanged_rate"] = Double(
      zip(rows, ids).count { shard.tokens.ids[$0.0] == $0.1 })
    return scalars
  }

  /// The generator's health: the share of ordinary tokens that were masked, and per masked token the
  /// share that came back unchanged and the entropy in nats. Sums over shards become means here.
  static func health(_ step: StepContext, _ sums: Scalars) -> Scalars {
    let ordinary = step.shards.reduce(0) { $0 + $1.isSpecial.count { !$0 } }
    let masked = max(1, sums["replacement_rate"])
    var scalars = sums
    scalars["replacement_rate"] = sums["replacement_rate"] / Double(max(1, ordinary))
    scalars["unchanged_rate"] = sums["unchanged_rate"] / masked
    if step.turn == 1 { scalars["entropy"] = sums["entropy"] / masked }
    return scalars
  }
}
