import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Zero-shot knowledge transfer, modified for text: a generator turns noise into vectors in place
/// of words on which teacher and student disagree; the student learns to agree there.
///
/// Source: Micaelli and Storkey 2019 (arXiv 1905.09768), whose images become embeddings as in the
/// baseline of AS-DFD.
public struct ZSKT: PseudoTextMethod {
  static let description = MethodDescription(
    name: "zskt",
    summary: "no training data: a generator of embeddings on which teacher and student disagree "
      + "(after Micaelli and Storkey 2019)",
    takesSeveralLabels: true, texts: PseudoTexts.reading,
    settings: Settings.init(_:), objective: ZSKT.init(_:settings:))

  /// The method's constants.
  package struct Settings: Sendable {
    package var distillation = VectorDistillation.Settings()
    /// Normal numbers that a token's vector is made of; half are the text's, half the token's own.
    package var noiseSize = 128
    /// Width of the generator's hidden layer.
    package var generatorHiddenSize = 512
    /// Updates of the generator, then of the student, with the same noise.
    package var generatorSteps = 1
    package var studentSteps = 10
    package var generatorLearningRate = 1e-3
    package var generatorScheduler = TrainingArguments.Schedule.cosine
    package var generatorMaxGradNorm = 5.0

    package init() {}

    package init(_ section: ConfigSection) throws {
      try section.lossWeights { weights in
        distillation = try VectorDistillation.Settings(section, weights: weights, temperature: 1)
      }
      noiseSize = try section.int(
        "noise_size", default: 128, in: 2...100_000,
        "Normal numbers that a token's vector is made of.")
      generatorHiddenSize = try section.int(
        "generator_hidden_size", default: 512, in: 1...100_000,
        "Width of the generator's hidden layer.")
      generatorSteps = try section.int(
        "generator_steps", default: 1, in: 0...1_000_000,
        "Updates of the generator with the same noise.")
      studentSteps = try section.int(
        "student_steps", default: 10, in: 1...1_000_000,
        "Updates of the student with the same noise.")
      generatorLearningRate = try section.number(
        "generator_learning_rate", default: 1e-3, in: 0...1,
        "The generator's highest learning rate.")
      generatorScheduler = try section.choice(
        "generator_lr_scheduler_type", default: .cosine,
        "How the generator's learning rate goes on.")
      generatorMaxGradNorm = try section.number(
        "generator_max_grad_norm", default: 5, in: 0...1e9,
        "The generator's gradient is scaled down to this norm; 0 means never.")
    }
  }

  /// The student and the generator.
  public let trainedModels: [TrainedModel]
  /// A batch is the lengths and the noise of its texts: generator and student see the same.
  public var updatesPerBatch: Int { settings.generatorSteps + settings.studentSteps }
  /// The generator.
  package let generator: VectorGenerator
  private let setup: DistillationSetup
  private let settings: Settings
  private let distillation: VectorDistillation
  private let last = LastBatch()

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    distillation = try VectorDistillation(setup, settings: settings.distillation, method: "zskt")
    generator = VectorGenerator(
      teacher: setup.teacher, noise: settings.noiseSize, hidden: settings.generatorHiddenSize,
      seed: setup.seed)
    let cycles = (setup.totalSteps + settings.studentSteps - 1) / settings.studentSteps
    trainedModels = [
      setup.studentTraining,
      TrainedModel(
        name: "generator", parameters: generator.parameters,
        optimizer: OptimizerSettings(maxGradNorm: settings.generatorMaxGradNorm),
        schedule: LearningRateSchedule(
          kind: settings.generatorScheduler, peak: settings.generatorLearningRate, warmupSteps: 0,
          totalSteps: max(1, cycles * settings.generatorSteps))),
    ]
  }

  /// The generator's turn in the first n_G of the n_G + n_S updates with a batch.
  public func turn(batch: Int) -> Int {
    batch % updatesPerBatch < settings.generatorSteps ? 1 : 0
  }

  /// One update; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    last.remember(step)
    return try step.forEachShard { shard, tape in
      let noise = noise(for: shard, seed: step.seed, batch: step.batchNumber, tape: tape)
      return step.turn == 1
        ? generatorLoss(step, shard, tape, noise: noise)
        : studentLoss(step, shard, tape, noise: noise)
    }
  }

  /// max over the generator of D(T(e), S(e)), e = G(z); both models are fixed.
  package func generatorLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, noise: Matrix
  ) -> Scalars {
    let vectors = generator.vectors(for: shard, noise: noise, tape: tape)
    let student = setup.student.logits(
      shard.tokens, tape: tape, training: true, vectors: vectors)
    let teacher = setup.teacher.logits(
      shard.tokens, tape: tape, training: false, vectors: vectors)
    var loss = LossTerms(step)
    loss.add("divergence", weight: -1) {
      setup.student.divergence(
        settings.distillation.terms.divergence, student: student, teacher: teacher,
        temperature: settings.distillation.terms.temperature, on: tape, weight: $0)
    }
    tape.backward()
    return loss.scalars
  }

  /// min over the student of w_kd KD + w_pt PT on e = G(z); the generator is fixed.
  package func studentLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, noise: Matrix
  ) -> Scalars {
    let vectors = generator.vectors(for: shard, noise: noise, tape: tape)
    var loss = LossTerms(step)
    distillation.add(to: &loss, shard.tokens, vectors: vectors, tape: tape)
    tape.backward()
    return loss.scalars
  }

  /// z: a row of normal numbers per ordinary token, the first half the same over a text. It is new
  /// in every batch and does not depend on how the batch is split.
  package func noise(for shard: Shard, seed: UInt64, batch: Int, tape: Tape) -> Matrix {
    let half = settings.noiseSize / 2
    let offsets = shard.tokens.offsets
    let counts = (0..<shard.count).map { text in
      (offsets[text]..<offsets[text + 1]).count { !shard.isSpecial[$0] }
    }
    let result = tape.pool.matrix(counts.reduce(0, +), settings.noiseSize)
    let shared = tape.pool.matrix(1, half)
    var start = 0
    for (text, row) in shard.rows.enumerated() {
      func fill(_ target: Matrix, half: Int) {
        Kernel.fillNormal(
          target, standardDeviation: 1, seed: seed, purpose: .noise,
          step: batch / updatesPerBatch, site: .row(row, half: half))
      }
      let rows = result.rows(start..<start + counts[text])
      fill(shared, half: 0)
      Kernel.broadcast(row: shared, into: rows.columns(0..<half))
      fill(rows.columns(half..<settings.noiseSize), half: 1)
      start += counts[text]
    }
    return result
  }

  package func pseudoTexts() -> [PseudoText] {
    last.texts(teacher: setup.teacher, aimed: false) { shard, batch, tape in
      generator.vectors(
        for: shard, noise: noise(for: shard, seed: setup.seed, batch: batch, tape: tape),
        tape: tape)
    }
  }
}

/// A network from noise to vectors: one hidden layer, then a LayerNorm that gives every vector the
/// mean and the spread of the word embeddings, as ZSKT's generator ends in a batch norm without
/// weights.
package struct VectorGenerator: Sendable {
  private let maps: Projections
  private let words: Matrix
  private let statistics: WordStatistics

  /// A fresh generator for the space of a teacher's word embeddings.
  package init(teacher: SequenceClassifier, noise: Int, hidden: Int, seed: UInt64) {
    words = teacher.parameters.matrix(teacher.encoder.words)
    statistics = WordStatistics(words)
    maps = Projections(
      [
        ("hidden", inputs: noise, outputs: hidden),
        ("output", inputs: hidden, outputs: words.columns),
      ], seed: seed)
  }

  /// All weights.
  package var parameters: Parameters { maps.parameters }

  /// The vectors of a shard, [tokens, H]; special tokens have their own embeddings.
  ///
  /// - Parameter noise: a row per ordinary token.
  package func vectors(for shard: Shard, noise: Matrix, tape: Tape) -> Tensor {
    let hidden = maps.apply(0, to: tape.constant(noise), tape: tape, activation: .gelu)
    let made = tape.addNorm(
      maps.apply(1, to: hidden, tape: tape), residual: nil,
      gamma: tape.constant(statistics.deviation), beta: tape.constant(statistics.mean),
      epsilon: 1e-5)
    let fixed = tape.pool.matrix(shard.tokens.ids.count, words.columns)
    Kernel.gatherRows(words, shard.tokens.ids.map(Int.init), into: fixed)
    let ordinary = shard.isSpecial.indices.filter { !shard.isSpecial[$0] }
    return tape.replacingRows(tape.constant(fixed), ordinary, with: made)
  }
}
