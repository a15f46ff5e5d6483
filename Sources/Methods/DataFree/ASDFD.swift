import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// AS-DFD: adversarial self-supervised data-free distillation.
///
/// No training data: vectors are guessed that the teacher takes for texts of given classes and that the
/// student finds hard to restore where they are hidden; the student learns from the teacher on them.
/// Source: Ma et al. 2020 (arXiv 2010.04883). The paper's constants are unknown;
/// docs/methods/data-free.md says what is known and what was chosen.
public struct ASDFD: PseudoTextMethod {
  static let description = MethodDescription(
    name: "as-dfd",
    summary: "no training data: embeddings guessed from the teacher, hard for the student's "
      + "self-supervision (Ma et al. 2020)",
    texts: { try SyntheticTexts($0, words: .masks, rows: 1024) }
  ) { section in
    _ = try SyntheticTexts(section, words: .masks, rows: 1024)
    let settings = try Settings(section)
    try section.finish()
    return { try ASDFD($0, settings: settings) }
  }

  /// The method's constants.
  package struct Settings: Sendable {
    package var guessing = EmbeddingGuessing.Settings()
    package var distillation = VectorDistillation.Settings()
    /// alpha: the weight of L_ssl in the guessing, which is to make it large; 0 is the ablation without
    /// adversary.
    package var adversarialWeight = 0.1
    /// Tokens of a text that L_ssl hides.
    package var maskedTokens = 3
    /// Whether, in the guessing, a hidden vector is also moved away from what the student restores.
    /// If not, only its surroundings are made hard.
    package var movesTargets = false
    /// beta: the weight of L_ssl in the student's loss.
    package var reconstructionWeight = 1.0
    /// Updates of the student with each batch of pseudo texts.
    package var studentSteps = 5
    /// Batches in which a pseudo text is used before it is guessed anew; 0: all of the run.
    package var lifetime = 4

    package init() {}

    package init(_ section: ConfigSection) throws {
      guessing = try EmbeddingGuessing.Settings(section)
      let weights = try section.sectionOrEmpty("loss_weights", "The factors of the loss terms.")
      distillation = try VectorDistillation.Settings(section, weights: weights, temperature: 1)
      reconstructionWeight = try weights.number(
        "reconstruction", default: 1, in: 0...1e6,
        "Weight of restoring hidden vectors in the student's loss.")
      try weights.finish()
      adversarialWeight = try section.number(
        "adversarial_weight", default: 0.1, in: 0...1e6,
        "Weight in the guessing of making hidden vectors hard to restore; 0 leaves it out.")
      maskedTokens = try section.int(
        "masked_tokens", default: 3, in: 1...512, "Tokens of a text that are hidden.")
      movesTargets = try section.bool(
        "adversary_moves_targets", default: false,
        "Whether a hidden vector itself is moved, too, rather than only its surroundings.")
      studentSteps = try section.int(
        "student_steps", default: 5, in: 1...1_000_000,
        "Updates of the student with each batch of pseudo texts.")
      lifetime = try section.int(
        "lifetime", default: 4, in: 0...1_000_000,
        "Batches in which a pseudo text is used before it is guessed anew; 0 means all.")
    }
  }

  /// The student with the layer that restores hidden vectors.
  public let trainedModels: [TrainedModel]
  /// Updates of the student with each batch.
  public var updatesPerBatch: Int { settings.studentSteps }
  /// The layer that restores hidden vectors from the student's last states.
  package let head: Projections
  private let setup: DistillationSetup
  private let settings: Settings
  private let guessing: EmbeddingGuessing
  private let distillation: VectorDistillation
  private let texts: PseudoTexts
  private let last = LastBatch()

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    distillation = try VectorDistillation(
      setup, settings: settings.distillation, method: "as-dfd")
    guessing = try EmbeddingGuessing(
      teacher: setup.teacher, settings: settings.guessing, method: "as-dfd")
    texts = PseudoTexts(lifetime: settings.lifetime)
    let width = setup.student.encoder.configuration.hiddenSize
    head = Projections([("reconstruction", inputs: width, outputs: width)], seed: setup.seed)
    var training = setup.studentTraining
    training.companions = head.parameters
    trainedModels = [training]
  }

  /// Guesses the batch's texts that are due, then trains the student on all of them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let begins = step.batchNumber % settings.studentSteps == 0
    let due = step.shards.map { begins ? texts.due($0.rows) : [] }
    let guessed = Double(due.reduce(0) { $0 + $1.count })
    last.remember(step)
    return try step.forEachShard { shard, tape in
      var scalars = Scalars()
      if !due[shard.index].isEmpty {
        let batch = PseudoBatch(shard, due[shard.index])
        let (vectors, sums) = guess(batch, tape: tape)
        texts.keep(vectors, of: batch)
        scalars.add(sums, factor: 1 / guessed)
      }
      let vectors = texts.vectors(
        for: shard, width: setup.student.encoder.configuration.hiddenSize, pool: tape.pool)
      let batch = PseudoBatch(shard, Array(0..<shard.count))
      let hidden = hiddenRows(batch, seed: step.seed, draw: step.drawNumber, round: 0)
      scalars.add(studentLoss(step, batch, tape, vectors: vectors, hidden: hidden))
      return scalars
    }
  }

  /// Plug and play embedding guessing: min over e of CE(T(e), y) - alpha L_ssl(S; e).
  ///
  /// - Returns: the vectors, and sums over texts of both terms in the last step.
  package func guess(_ batch: PseudoBatch, tape: Tape) -> (Matrix, Scalars) {
    var scalars = Scalars()
    let vectors = guessing.guess(batch, tape: tape) { frozen, vectors, round in
      let hidden = hiddenRows(batch, seed: tape.seed, draw: tape.step, round: round)
      scalars = guessLoss(batch, frozen, vectors: vectors, hidden: hidden)
    }
    return (vectors, scalars)
  }

  /// The loss of one step of guessing, summed over texts, on a tape on which both models are frozen.
  package func guessLoss(
    _ batch: PseudoBatch, _ tape: Tape, vectors: Tensor, hidden: [Int]
  ) -> Scalars {
    var scalars = Scalars()
    let logits = setup.teacher.logits(
      batch.tokens, tape: tape, training: false, vectors: vectors)
    scalars["guess_loss"] = tape.crossEntropy(logits, labels: batch.classLabels, weight: 1)
    guard settings.adversarialWeight > 0 else { return scalars }
    scalars["guess_reconstruction_loss"] = reconstruction(
      batch, tape, vectors: vectors, hidden: hidden, training: false,
      movesTargets: settings.movesTargets, weight: -settings.adversarialWeight)
    return scalars
  }

  /// w_kd KD + w_pt PT + beta L_ssl; the scalars are shares of means over the batch.
  package func studentLoss(
    _ step: StepContext, _ batch: PseudoBatch, _ tape: Tape, vectors: Matrix, hidden: [Int]
  ) -> Scalars {
    let count = Double(step.count)
    let weight = step.share / count
    let fixed = tape.constant(vectors)
    let terms = distillation.terms(batch.tokens, vectors: fixed, tape: tape, weight: weight)
    tape.backward()
    let right = zip(Kernel.argmaxRows(terms.teacher), batch.classLabels).count { $0 == $1 }
    var scalars = Scalars()
    scalars["loss"] = terms.total / count
    scalars["kd_loss"] = terms.distillation / count
    if settings.distillation.patienceWeight > 0 {
      scalars["patience_loss"] = terms.patience / count
    }
    if settings.reconstructionWeight > 0 {
      let sum = reconstruction(
        batch, tape, vectors: fixed, hidden: hidden, training: true, movesTargets: false,
        weight: settings.reconstructionWeight * weight)
      tape.backward()
      scalars["loss"] += settings.reconstructionWeight * sum / count
      scalars["reconstruction_loss"] = sum / count
    }
    scalars["teacher_accuracy"] = Double(right) / count
    return scalars
  }

  /// L_ssl, summed over texts: the mean over a text's hidden tokens of the squared distance between
  /// their vectors and what the student and the layer above it make of [MASK] in their places.
  private func reconstruction(
    _ batch: PseudoBatch, _ tape: Tape, vectors: Tensor, hidden: [Int], training: Bool,
    movesTargets: Bool, weight: Double
  ) -> Double {
    let student = setup.student
    let width = vectors.columns
    let masks = tape.pool.matrix(hidden.count, width)
    let words = setup.teacher.parameters.matrix(setup.teacher.encoder.words)
    Kernel.broadcast(row: words.rows(Int(setup.maskID)..<Int(setup.maskID) + 1), into: masks)
    let states = student.encoder.encode(
      batch.tokens, parameters: student.parameters, tape: tape, training: training,
      selection: .rows(hidden),
      vectors: tape.replacingRows(vectors, hidden, with: tape.constant(masks))
    ).last
    let restored = head.apply(0, to: states, tape: tape)
    let targets = tape.gatherRows(movesTargets ? vectors : tape.constant(vectors.value), hidden)
    // Texts shorter than that count less, but none falls out.
    let share = 1 / Double(settings.maskedTokens)
    return share
      * tape.squaredError(restored, targets, weight: Float(weight * share))
  }

  /// As many ordinary tokens of each text as are to be hidden, ascending; all where there are fewer.
  package func hiddenRows(_ batch: PseudoBatch, seed: UInt64, draw: Int, round: Int) -> [Int] {
    var rows: [Int] = []
    for (text, place) in batch.places.enumerated() {
      let offsets = batch.tokens.offsets
      var left = (offsets[text]..<offsets[text + 1]).filter { !batch.isSpecial[$0] }
      var stream = RandomStream(
        seed: seed, purpose: .mask, step: draw, site: place << 12 | round)
      var chosen: [Int] = []
      while chosen.count < settings.maskedTokens, !left.isEmpty {
        chosen.append(left.remove(at: stream.nextBelow(left.count)))
      }
      rows += chosen.sorted()
    }
    return rows
  }

  package func pseudoTexts() -> [PseudoText] {
    last.texts(teacher: setup.teacher, aimed: true) { shard, _, tape in
      tape.constant(
        texts.vectors(
          for: shard, width: setup.teacher.encoder.configuration.hiddenSize, pool: tape.pool))
    }
  }
}
