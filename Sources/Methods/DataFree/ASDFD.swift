import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// AS-DFD: adversarial self-supervised data-free distillation.
///
/// There is no training data. Vectors are guessed that the teacher takes for texts of given
/// classes, and whose hidden tokens the student finds hard to restore. The student learns from the
/// teacher on these vectors. Source: Ma et al. 2020 (arXiv 2010.04883). The paper's constants are
/// unknown; docs/methods/data-free.md says what is known and what was chosen.
public struct ASDFD: PseudoTextMethod {
  static let description = MethodDescription(
    name: "as-dfd",
    summary: "no training data: embeddings guessed from the teacher, hard for the student's "
      + "self-supervision (Ma et al. 2020)",
    texts: PseudoTexts.readingStart,
    settings: Settings.init(_:), objective: ASDFD.init(_:settings:))

  /// The method's constants.
  package struct Settings: Sendable {
    package var guessing = EmbeddingGuessing.Settings()
    package var distillation = VectorDistillation.Settings()
    /// alpha: the weight of L_ssl in the guessing, which maximises it; 0 is the ablation without an
    /// adversary.
    package var adversarialWeight = 0.1
    /// Tokens of a text that L_ssl hides.
    package var maskedTokens = 3
    /// Whether, in the guessing, a hidden vector is also moved away from what the student restores.
    /// If not, only its surroundings are made hard.
    package var movesTargets = false
    /// Whether L_ssl is divided by the variance of the word embeddings, summed over their
    /// elements, so that it is 1 for a reconstruction that is as good as the mean word.
    package var normalizesReconstruction = false
    /// beta: the weight of L_ssl in the student's loss.
    package var reconstructionWeight = 1.0
    /// Updates of the student with each batch of pseudo texts.
    package var studentSteps = 5
    /// Batches in which a pseudo text is used before it is guessed again; 0 for no limit.
    package var lifetime = 4

    package init() {}

    package init(_ section: ConfigSection) throws {
      guessing = try EmbeddingGuessing.Settings(section)
      try section.lossWeights { weights in
        distillation = try VectorDistillation.Settings(section, weights: weights, temperature: 1)
        reconstructionWeight = try weights.number(
          "reconstruction", default: 1, in: 0...1e6,
          "Weight of restoring hidden vectors in the student's loss.")
      }
      adversarialWeight = try section.number(
        "adversarial_weight", default: 0.1, in: 0...1e6,
        "Weight in the guessing of making hidden vectors hard to restore; 0 leaves it out.")
      maskedTokens = try section.int(
        "masked_tokens", default: 3, in: 1...512, "Tokens of a text that are hidden.")
      movesTargets = try section.bool(
        "adversary_moves_targets", default: false,
        "Whether a hidden vector itself is moved, too, rather than only its surroundings.")
      normalizesReconstruction = try section.bool(
        "normalize_reconstruction", default: false,
        "Whether the error of hidden vectors is divided by the variance of the word embeddings.")
      if let range = try section.optionalNumbers(
        "stop_confidence", in: .between(0, 1),
        "A text is guessed until the teacher gives its class a probability that is drawn for it "
          + "between these two numbers; by default it makes all steps.")
      {
        guard range.count == 2, range[0] <= range[1] else {
          throw section.fail(
            "stop_confidence",
            "method.stop_confidence must be two numbers, the smaller one first.")
        }
        guessing.stopConfidence = range[0]...range[1]
      }
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
  /// The pseudo texts so far.
  public var memory: [any StatePart] { [texts] }

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    distillation = try VectorDistillation(
      setup, settings: settings.distillation, method: "as-dfd")
    guessing = try EmbeddingGuessing(
      teacher: setup.teacher, settings: settings.guessing, method: "as-dfd")
    texts = PseudoTexts(
      lifetime: settings.lifetime, data: setup.trainingTexts,
      width: setup.student.encoder.configuration.wordWidth)
    let shape = setup.student.encoder.configuration
    // It begins with the mean of the vocabulary for every token. At BERT's standard deviation its
    // outputs would vary some fifty times as much as the vectors that it restores.
    head = Projections(
      [("reconstruction", inputs: shape.hiddenSize, outputs: shape.wordWidth)],
      standardDeviation: 0, seed: setup.seed)
    head.setBias(0, to: guessing.statistics.mean)
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
    let passes = settings.reconstructionWeight > 0 ? 2 : 1
    return try step.forEachShard(backwardPasses: passes) { shard, tape in
      var scalars = Scalars()
      if !due[shard.index].isEmpty {
        let batch = PseudoBatch(shard, due[shard.index])
        let (vectors, sums) = guess(batch, tape: tape)
        texts.keep(vectors, of: batch)
        scalars.add(sums, factor: 1 / guessed)
      }
      let vectors = texts.vectors(
        for: shard, width: setup.student.encoder.configuration.wordWidth, pool: tape.pool)
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
      let step = guessLoss(batch, frozen, vectors: vectors, hidden: hidden)
      scalars = step.scalars
      return step.logits
    }
    return (vectors, scalars)
  }

  /// The loss of one step of guessing, summed over texts, on a tape on which both models are
  /// frozen, and the teacher's logits.
  package func guessLoss(
    _ batch: PseudoBatch, _ tape: Tape, vectors: Tensor, hidden: [Int]
  ) -> (scalars: Scalars, logits: Tensor) {
    var scalars = Scalars()
    let logits = setup.teacher.logits(
      batch.tokens, tape: tape, training: false, vectors: vectors)
    scalars["guess_loss"] = tape.crossEntropy(logits, labels: batch.classLabels, weight: 1)
    guard settings.adversarialWeight > 0 else { return (scalars, logits) }
    scalars["guess_reconstruction_loss"] =
      reconstructionScale
      * reconstructionError(
        batch, tape, vectors: vectors, hidden: hidden, training: false,
        movesTargets: settings.movesTargets,
        weight: Float(-settings.adversarialWeight * reconstructionScale))
    return (scalars, logits)
  }

  /// w_kd KD + w_pt PT + beta L_ssl; the scalars are shares of means over the batch.
  package func studentLoss(
    _ step: StepContext, _ batch: PseudoBatch, _ tape: Tape, vectors: Matrix, hidden: [Int]
  ) -> Scalars {
    let fixed = tape.constant(vectors)
    var loss = LossTerms(step)
    let teacher = distillation.add(to: &loss, batch.tokens, vectors: fixed, tape: tape)
    tape.backward()
    let right = zip(Kernel.argmaxRows(teacher), batch.classLabels).count { $0 == $1 }
    if settings.reconstructionWeight > 0 {
      loss.add(
        "reconstruction_loss", weight: settings.reconstructionWeight, scale: reconstructionScale
      ) {
        reconstructionError(
          batch, tape, vectors: fixed, hidden: hidden, training: true, movesTargets: false,
          weight: $0)
      }
      tape.backward()
    }
    loss.scalars["teacher_accuracy"] = Double(right) / Double(step.count)
    return loss.scalars
  }

  /// The factor from the error of a text's hidden tokens to its L_ssl. It is the same for texts
  /// with fewer hidden tokens, so these count less.
  private var reconstructionScale: Double {
    let variance = settings.normalizesReconstruction ? guessing.statistics.totalVariance : 1
    return 1 / (Double(settings.maskedTokens) * max(variance, .leastNormalMagnitude))
  }

  /// The squared distance between the vectors of hidden tokens and what the student and the layer
  /// above it make of [MASK] in their places, summed over the hidden tokens of all texts.
  private func reconstructionError(
    _ batch: PseudoBatch, _ tape: Tape, vectors: Tensor, hidden: [Int], training: Bool,
    movesTargets: Bool, weight: Float
  ) -> Double {
    let restored = restored(batch, tape, vectors: vectors, hidden: hidden, training: training)
    let targets = tape.gatherRows(movesTargets ? vectors : tape.constant(vectors.value), hidden)
    return tape.squaredError(restored, targets, weight: weight)
  }

  /// What the student and the layer above it make of [MASK] in place of hidden tokens.
  private func restored(
    _ batch: PseudoBatch, _ tape: Tape, vectors: Tensor, hidden: [Int], training: Bool
  ) -> Tensor {
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
    return head.apply(0, to: states, tape: tape)
  }

  /// R^2 of the restored vectors over the texts of the last batch: 1 for a perfect reconstruction,
  /// 0 for one that is as good as the mean of the hidden vectors, and below for a worse one.
  public func diagnostics() throws -> [(name: String, value: Double)] {
    guard setup.probe?.isDetailed == true else { return [] }
    let width = setup.student.encoder.configuration.wordWidth
    var pairs: [(restored: Matrix, target: Matrix)] = []
    for shard in last.shards {
      let tape = Tape(pool: BufferPool())
      let batch = PseudoBatch(shard, Array(0..<shard.count))
      let hidden = hiddenRows(batch, seed: setup.seed, draw: 0, round: 0)
      let vectors = tape.constant(texts.vectors(for: shard, width: width, pool: tape.pool))
      let found = restored(batch, tape, vectors: vectors, hidden: hidden, training: false)
      pairs.append((found.value, tape.gatherRows(vectors, hidden).value))
    }
    guard let score = Self.determination(pairs) else { return [] }
    return [("reconstruction_r2", score)]
  }

  /// R^2 of rows against rows, with the mean of each column as the reference; nil without any.
  package static func determination(_ pairs: [(restored: Matrix, target: Matrix)]) -> Double? {
    let rows = pairs.reduce(0) { $0 + $1.target.rows }
    guard rows > 0, let columns = pairs.first?.target.columns else { return nil }
    var (error, total) = (0.0, 0.0)
    for column in 0..<columns {
      var (sum, squares) = (0.0, 0.0)
      for (restored, target) in pairs {
        for row in 0..<target.rows {
          let value = Double(target[row, column])
          let difference = Double(restored[row, column]) - value
          sum += value
          squares += value * value
          error += difference * difference
        }
      }
      total += squares - sum * sum / Double(rows)
    }
    return 1 - error / total
  }

  /// The ordinary tokens of each text that are hidden, ascending: `masked_tokens` of them, or all
  /// if there are fewer.
  package func hiddenRows(_ batch: PseudoBatch, seed: UInt64, draw: Int, round: Int) -> [Int] {
    var rows: [Int] = []
    for (text, place) in batch.places.enumerated() {
      let offsets = batch.tokens.offsets
      var left = (offsets[text]..<offsets[text + 1]).filter { !batch.isSpecial[$0] }
      var stream = RandomStream(
        seed: seed, purpose: .mask, step: draw, site: .text(place, round: round))
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
          for: shard, width: setup.teacher.encoder.configuration.wordWidth, pool: tape.pool))
    }
  }
}
