import Autograd
import Configuration
import Glibc
import Kernels
import Models
import Trainers

/// Zero-shot knowledge distillation, modified for text: data impressions that are vectors in place
/// of words.
///
/// Classes that the teacher's last layer treats alike get a probability in each other's targets,
/// drawn from a Dirichlet distribution; vectors are guessed for which the teacher's output is these
/// probabilities; the student learns from the teacher on them. Source: Nayak et al. 2019 (arXiv
/// 1905.08114), whose images become embeddings as in the baseline of AS-DFD.
public struct ZSKD: PseudoTextMethod {
  static let description = MethodDescription(
    name: "zskd",
    summary: "no training data: embeddings guessed for Dirichlet targets (after Nayak et al. 2019)",
    texts: PseudoTexts.readingStart,
    settings: Settings.init(_:), objective: ZSKD.init(_:settings:))

  /// The method's constants.
  package struct Settings: Sendable {
    package var guessing = EmbeddingGuessing.Settings()
    /// The guessing uses its temperature, too.
    package var distillation = VectorDistillation.Settings()
    /// beta: factors of the similarities in the Dirichlet distribution, taken in turns; the
    /// smaller, the more confident the targets.
    package var concentrations = [1.0, 0.1]

    package init() {}

    package init(_ section: ConfigSection) throws {
      guessing = try EmbeddingGuessing.Settings(section)
      try section.lossWeights { weights in
        distillation = try VectorDistillation.Settings(section, weights: weights, temperature: 4)
      }
      concentrations = try section.numbers(
        "concentrations", default: [1, 0.1], in: .above(0, upTo: 1e6),
        "Factors of the targets' Dirichlet distribution, in turns; small ones make sure targets."
      )
      if concentrations.isEmpty {
        throw section.fail("concentrations", "method.concentrations must have a number.")
      }
    }
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings
  private let guessing: EmbeddingGuessing
  private let distillation: VectorDistillation
  /// Impressions are guessed once.
  private let texts: PseudoTexts
  private let last = LastBatch()
  /// The pseudo texts so far.
  public var memory: [any StatePart] { [texts] }
  /// [classes, classes]; row k is about class k.
  package let similarities: Matrix

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    distillation = try VectorDistillation(setup, settings: settings.distillation, method: "zskd")
    guessing = try EmbeddingGuessing(
      teacher: setup.teacher, settings: settings.guessing, method: "zskd")
    let weight = setup.teacher.outputNames.first.flatMap {
      setup.teacher.parameters.entry(named: $0)
    }
    guard let weight else {
      throw MismatchError(.method, "method zskd: the teacher has no output layer")
    }
    similarities = Self.similarities(setup.teacher.parameters.matrix(weight.slot))
    trainedModels = [setup.studentTraining]
    texts = PseudoTexts(
      lifetime: 0, data: setup.trainingTexts,
      width: setup.student.encoder.configuration.wordWidth)
  }

  /// Cosines of the rows of a last layer, [classes, H], brought to 0...1 in each row of the result.
  package static func similarities(_ weight: Matrix) -> Matrix {
    let normalised = Matrix(zeros: weight.rows, weight.columns)
    _ = Kernel.normalizeRows(weight, into: normalised)
    let result = Matrix(zeros: weight.rows, weight.rows)
    Kernel.gemm(normalised, .none, normalised, .transposed, into: result)
    for row in 0..<result.rows {
      let values = result.rows(row..<row + 1).values
      let (low, high) = (values.min() ?? 0, values.max() ?? 1)
      for column in 0..<result.columns {
        result[row, column] = high > low ? (values[column] - low) / (high - low) : 1
      }
    }
    return result
  }

  /// The target probabilities of a data set's row: Dir(beta times the similarities of its class).
  package func target(row: Int, label: Int) -> [Double] {
    let turn = row / max(1, similarities.rows) % settings.concentrations.count
    var stream = RandomStream(seed: setup.seed, purpose: .synthesis, step: row, site: .part(1))
    // As in the authors' code, because the distribution needs parameters above 0.
    let draws = (0..<similarities.columns).map { column in
      stream.nextGamma(
        shape: settings.concentrations[turn] * Double(similarities[label, column]) + 1e-6)
    }
    let sum = draws.reduce(0, +)
    guard sum > 0 else { return draws.indices.map { $0 == label ? 1 : 0 } }
    return draws.map { $0 / sum }
  }

  /// Guesses the batch's texts that are new, then trains the student on all of them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let due = step.shards.map { texts.due($0.rows) }
    let guessed = Double(due.reduce(0) { $0 + $1.count })
    last.remember(step)
    return try step.forEachShard { shard, tape in
      var scalars = Scalars()
      if !due[shard.index].isEmpty {
        let batch = PseudoBatch(shard, due[shard.index])
        let targets = zip(batch.rows, batch.classLabels).map {
          target(row: $0, label: Int($1))
        }
        let (vectors, sum) = guess(batch, targets: targets, tape: tape)
        texts.keep(vectors, of: batch)
        scalars["guess_loss"] = sum / guessed
      }
      let width = setup.student.encoder.configuration.wordWidth
      let vectors = texts.vectors(for: shard, width: width, pool: tape.pool)
      var loss = LossTerms(step, after: scalars)
      distillation.add(
        to: &loss, shard.tokens, vectors: tape.constant(vectors), tape: tape)
      tape.backward()
      return loss.scalars
    }
  }

  /// min over e of the cross-entropy of softmax(T(e) / T) against targets.
  ///
  /// - Returns: the vectors, and the loss of the last step, summed over texts.
  package func guess(
    _ batch: PseudoBatch, targets: [[Double]], tape: Tape
  ) -> (Matrix, Double) {
    var sum = 0.0
    let vectors = guessing.guess(batch, tape: tape) { frozen, vectors, _ in
      let step = guessLoss(batch, frozen, vectors: vectors, targets: targets)
      sum = step.sum
      return step.logits
    }
    return (vectors, sum)
  }

  /// The loss of one step of guessing, summed over texts, on a tape on which the teacher is frozen,
  /// and the teacher's logits.
  package func guessLoss(
    _ batch: PseudoBatch, _ tape: Tape, vectors: Tensor, targets: [[Double]]
  ) -> (sum: Double, logits: Tensor) {
    let t = settings.distillation.terms.temperature
    // Outputs whose softmax at this temperature is the target.
    let wanted = Matrix(
      targets.joined().map { t * Float(log(max($0, 1e-12))) }, rows: targets.count,
      columns: similarities.columns)
    let logits = setup.teacher.logits(
      batch.tokens, tape: tape, training: false, vectors: vectors)
    let sum = tape.divergence(
      .ce, student: logits, teacher: tape.constant(wanted), temperature: t, weight: 1)
    return (sum, logits)
  }

  package func pseudoTexts() -> [PseudoText] {
    last.texts(teacher: setup.teacher, aimed: true) { shard, _, tape in
      tape.constant(
        texts.vectors(
          for: shard, width: setup.teacher.encoder.configuration.wordWidth, pool: tape.pool))
    }
  }
}

extension RandomStream {
  /// A number of the Gamma distribution with scale 1; 0 where it is too small for a double.
  ///
  /// Source: Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
  package mutating func nextGamma(shape: Double) -> Double {
    if shape < 1 {
      let u = (Double(nextWord()) + 0.5) * 0x1p-32
      return nextGamma(shape: shape + 1) * pow(u, 1 / shape)
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = Double(nextNormal())
      let v = 1 + c * x
      let u = (Double(nextWord()) + 0.5) * 0x1p-32
      if v > 0, log(u) < 0.5 * x * x + d * (1 - v * v * v + log(v * v * v)) {
        return d * v * v * v
      }
    }
  }
}
