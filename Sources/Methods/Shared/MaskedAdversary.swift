import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// The adversary of MATE-KD and its descendants: a masked language model that fills randomly masked
/// tokens of a text x so that teacher and student disagree on the result x'.
///
/// It learns in the first n_G of every n_G + n_S batches, and the student in the rest. Source:
/// Rashid, Lioutas and Rezagholizadeh, ACL 2021 (arXiv 2105.05912), and the authors' code.
package struct MaskedAdversary: Sendable {
  /// The updates over which the generator's learning rate decays. It moves on with the generator's
  /// own updates either way.
  package enum Horizon: String, Sendable, CaseIterable {
    /// The generator's own: the rate falls to 0.
    case generator
    /// The generator's and the student's, as in the official code: with 10 steps in 110 the rate
    /// never falls below 10/11 of its peak.
    case all
  }

  /// The constants; the defaults are the official code's.
  package struct Settings: Sendable {
    /// rho: probability that an ordinary token is masked.
    package var maskProbability: Float = 0.3
    /// Temperature of the Gumbel-softmax.
    package var gumbelTemperature: Float = 1
    /// Temperature of both sides' softmax in the divergence; no T^2 factor.
    package var temperature: Float = 1
    /// The paper writes KL(teacher || student), the official code uses the cross-entropy. For the
    /// student they differ by a constant; the generator is rewarded for teacher entropy only by
    /// `ce`.
    package var divergence: Kernel.Divergence = .kl
    /// n_G and n_S: updates of the generator, then of the student, in turns.
    package var generatorSteps = 10
    package var studentSteps = 100
    package var generatorLearningRate = 5e-7
    package var generatorScheduler = TrainingArguments.Schedule.linear
    package var generatorHorizon = Horizon.generator
    /// What fills the masks; `adversarial` is the method, the others are controls.
    package var fill = MaskFill.Kind.adversarial
    /// The words that the control `topK` draws from.
    package var fillLikeliest = 10
    /// How the teacher reads x'.
    package var teacherInput = TeacherInput.embeddings
    package var generatorWarmupSteps = 0
    package var generatorOptimizer = OptimizerSettings(maxGradNorm: 5)

    package init() {}

    /// - Parameter comparesDistributions: false if the method has a distance of its own, and with
    ///   it neither `temperature` nor `divergence`.
    init(_ section: ConfigSection, comparesDistributions: Bool = true) throws {
      maskProbability = Float(
        try section.number(
          "mask_probability", default: 0.3, in: 0...1, "How likely an ordinary token is masked."))
      gumbelTemperature = Float(
        try section.number(
          "gumbel_temperature", default: 1, in: 0.01...1000,
          "Temperature of the Gumbel-softmax by which the generator draws words."))
      if comparesDistributions {
        temperature = Float(
          try section.number(
            "temperature", default: 1, in: 0.01...1000,
            "What logits are divided by in both softmaxes of the divergence; no factor in the loss."
          ))
        divergence = try section.choice(
          "divergence", default: .kl,
          "KL divergence, or cross-entropy with the teacher's probabilities.")
      }
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
      generatorHorizon = try section.choice(
        "generator_lr_horizon", default: .generator,
        "Over which updates the generator's learning rate decays: its own, or the student's as "
          + "well (`all`, the official code), which keeps it near its peak.")
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
  }

  /// The masked tokens of a shard and the Gumbel noise that is added to the logits there.
  ///
  /// Runs leave the noise nil, and it is drawn. Tests pass their own.
  package typealias Masks = (rows: [Int], noise: Matrix?)

  /// A shard's adversarial texts x'.
  struct Texts {
    /// Their tokens.
    let tokens: PackedTokens
    /// How many tokens were masked, and how many of those were filled with the original.
    let counts: Scalars
  }

  /// The same with a gradient that reaches the generator.
  struct Sample {
    let texts: Texts
    /// What makes a model's word embeddings differentiable.
    let words: (rows: [Int], words: StraightThroughSample)
    /// The generator's logits at the masked tokens.
    let logits: Matrix
  }

  /// Fixed texts to measure it on; nil outside of runs.
  package let probe: ProbeTexts?
  let fill: MaskFill
  /// Whether the generator learns.
  package let trainsGenerator: Bool
  private let settings: Settings
  private let student, teacher: SequenceClassifier
  /// How the teacher reads x' and x if it does not read the student's tokens; nil if it does.
  private let decoded: DecodedTexts?
  /// Nil only for a fill that needs none.
  let generator: MaskedLanguageModel?
  private let maskID: Int32
  /// The generator's weights in the beginning; nil if they do not change.
  private let beginning: Buffer?

  /// The generator of a run.
  ///
  /// - Throws: `MismatchError` if it has none that the fill needs.
  init(_ setup: DistillationSetup, settings: Settings, method: String) throws {
    var settings = settings
    if settings.fill != .adversarial { settings.generatorSteps = 0 }
    self.settings = settings
    student = setup.student
    teacher = setup.teacher
    decoded = settings.teacherInput == .decodedText ? setup.decodedTexts : nil
    guard settings.teacherInput == .embeddings || decoded != nil else {
      throw MismatchError(
        .method,
        "method \(method): teacher_input \"\(settings.teacherInput.rawValue)\" needs tokenizers")
    }
    generator =
      settings.fill.needsGenerator
      ? try setup.requiredGenerator(of: method) : setup.generator
    maskID = setup.maskID
    probe = setup.probe
    fill = try MaskFill(
      setup, kind: settings.fill, likeliest: settings.fillLikeliest, method: method)
    trainsGenerator = settings.generatorSteps > 0 && settings.generatorLearningRate > 0
    beginning = trainsGenerator ? generator?.parameters.buffer.copy() : nil
  }

  /// The Euclidean distance of the generator's weights from those of the beginning; nil if it does
  /// not learn.
  var drift: Double? {
    guard let beginning, let parameters = generator?.parameters else { return nil }
    return Kernel.distance(parameters.buffer, beginning, count: parameters.count)
  }

  /// Whether outputs are scores.
  var isRegression: Bool { student.labels.isRegression }
  /// Whether a text may have several labels.
  var hasSeveralLabels: Bool { student.labels.problem == .severalLabels }

  /// The logits of both models without dropout.
  ///
  /// - Parameter tokens: texts made of the shard's; nil for its own texts.
  func answers(
    _ tokens: PackedTokens?, of shard: Shard, on tape: Tape
  ) -> (student: Tensor, teacher: Tensor) {
    (
      student.logits(tokens ?? shard.tokens, tape: tape, training: false),
      teacher.logits(teacherTokens(tokens, of: shard), tape: tape, training: false)
    )
  }

  /// Texts made of a shard's tokens as the teacher reads them.
  ///
  /// - Parameter tokens: nil for the shard's own texts.
  func teacherTokens(_ tokens: PackedTokens?, of shard: Shard) -> PackedTokens {
    guard let decoded else { return tokens ?? shard.tokens }
    return tokens.map { decoded.tokens($0, of: shard) } ?? decoded.tokens(of: shard)
  }

  /// What makes the teacher's word embeddings differentiable; nil if no gradient passes through it.
  func teacherWords(
    _ words: (rows: [Int], words: StraightThroughSample)
  ) -> (rows: [Int], words: StraightThroughSample)? {
    decoded == nil ? words : nil
  }

  /// The teacher's logits on texts that are made of a shard's tokens.
  func teacherLogits(
    _ tokens: PackedTokens, of shard: Shard, on tape: Tape,
    words: (rows: [Int], words: StraightThroughSample)? = nil
  ) -> Tensor {
    teacher.logits(
      teacherTokens(tokens, of: shard), tape: tape, training: false,
      sample: words.flatMap(teacherWords))
  }

  /// What the teacher reads in place of some of its tokens, if it reads decoded texts: a text, or
  /// the two of a pair.
  func teacherTexts(_ tokens: ArraySlice<Int32>, isSpecial: ArraySlice<Bool>) -> [String]? {
    decoded?.decoded(tokens, isSpecial: isSpecial).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The generator with its optimiser and schedule; nil if it has no turn.
  func trainedModel(studentUpdates: Int, companions: Parameters? = nil) -> TrainedModel? {
    guard let generator, settings.generatorSteps > 0 else { return nil }
    let cycles = (studentUpdates + settings.studentSteps - 1) / settings.studentSteps
    let own = cycles * settings.generatorSteps
    return TrainedModel(
      name: "generator", parameters: generator.parameters, optimizer: settings.generatorOptimizer,
      schedule: LearningRateSchedule(
        kind: settings.generatorScheduler, peak: settings.generatorLearningRate,
        warmupSteps: settings.generatorWarmupSteps,
        totalSteps: max(1, settings.generatorHorizon == .all ? own + studentUpdates : own)),
      companions: companions)
  }

  /// The place of a batch among those of the adversary in its cycle; nil in the student's turn.
  ///
  /// - Parameter batchesPerUpdate: how many batches the adversary takes for an update.
  func turn(batch: Int, batchesPerUpdate: Int = 1) -> Int? {
    let batches = batchesPerUpdate * settings.generatorSteps
    let place = batch % (batches + settings.studentSteps)
    return place < batches ? place : nil
  }

  /// The student's updates before a batch.
  func studentUpdates(before batch: Int) -> Int {
    let cycle = settings.generatorSteps + settings.studentSteps
    return batch / cycle * settings.studentSteps + max(0, batch % cycle - settings.generatorSteps)
  }

  /// The masked tokens of a shard, drawn again in every step.
  func masks(_ shard: Shard, step: StepContext) -> Masks {
    let masking = Masking(probability: settings.maskProbability, seed: step.seed)
    return (masking.rows(of: shard, draw: step.drawNumber), nil)
  }

  /// x' for a step of the adversary.
  func sample(_ shard: Shard, _ masks: Masks, on tape: Tape) -> Sample {
    let logits = logits(shard, masks.rows, on: tape)
    let words = tape.gumbelSoftmax(
      logits, temperature: settings.gumbelTemperature, noise: masks.noise)
    return Sample(
      texts: texts(shard, masks.rows, words.ids), words: (masks.rows, words), logits: logits.value)
  }

  /// x' for a step of the student, in which the generator is fixed.
  func texts(_ shard: Shard, _ masks: Masks, on tape: Tape) -> Texts {
    guard !masks.rows.isEmpty else { return texts(shard, [], []) }
    let words = fill.words(at: masks, of: shard, on: tape) {
      logits(shard, masks.rows, on: tape)
    }
    return texts(shard, masks.rows, words)
  }

  /// The masked tokens of a shard in a step of the student, and the ids of x'.
  package func words(
    of shard: Shard, step: StepContext, on tape: Tape
  ) -> (masked: [Int], ids: [Int32]) {
    let masks = masks(shard, step: step)
    return (masks.rows, texts(shard, masks, on: tape).tokens.ids)
  }

  /// How far the student's logits are from the teacher's: what the generator raises and the
  /// student lowers.
  func divergence(
    _ student: Tensor, _ teacher: Tensor, on tape: Tape, weight: Float
  ) -> Double {
    self.student.divergence(
      settings.divergence, student: student, teacher: teacher, temperature: settings.temperature,
      on: tape, weight: weight)
  }

  /// The generator's logits at the masked tokens. There must be a generator: `init` takes care that
  /// a fill that reads them has one.
  func logits(
    _ shard: Shard, _ rows: [Int], on tape: Tape, training: Bool = true
  ) -> Tensor {
    guard let generator else { preconditionFailure("no generator") }
    let masked = shard.tokens.replacing(rows, with: maskID)
    return generator.logits(masked, rows: rows, tape: tape, training: training)
  }

  private func texts(_ shard: Shard, _ rows: [Int], _ ids: [Int32]) -> Texts {
    var counts = Scalars()
    counts["replacement_rate"] = Double(rows.count)
    counts["unchanged_rate"] = Double(zip(rows, ids).count { shard.tokens.ids[$0] == $1 })
    var tokens = shard.tokens.replacing(rows, with: ids)
    // Both models read them as mixtures of word vectors, here and where the generator learns.
    tokens.standForVectors = true
    return Texts(tokens: tokens, counts: counts)
  }

  /// Turns the sums of a step into what the log says about the generator: the share of ordinary
  /// tokens that were masked, and per masked token the share that came back unchanged and the
  /// entropy in nats.
  static func rates(_ step: StepContext, _ sums: Scalars) -> Scalars {
    let ordinary = step.shards.reduce(0) { $0 + $1.isSpecial.count { !$0 } }
    let masked = max(1, sums["replacement_rate"])
    var scalars = sums
    scalars["replacement_rate"] = sums["replacement_rate"] / Double(max(1, ordinary))
    scalars["unchanged_rate"] = sums["unchanged_rate"] / masked
    if step.turn == 1 { scalars["entropy"] = sums["entropy"] / masked }
    return scalars
  }
}
