import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// The adversary of FreeLB: a perturbation delta of a text's word embeddings, which climbs a loss
/// by normalised gradient steps and stays in a ball.
///
/// Norms are Euclidean over all elements of a text (length x width). A text's draws and steps
/// depend only on the text and on its place in the batch, so splitting the batch changes nothing.
/// Source: Zhu et al., "FreeLB: Enhanced Adversarial Training for Natural Language Understanding",
/// ICLR 2020 (arXiv 1909.11764), algorithm 1, and the authors' code (run_glue_freelb.py).
package struct EmbeddingPerturbation: Sendable {
  /// K: forward and backward passes of an update, between which delta makes K - 1 steps.
  package var steps = 3
  /// Length of a step (`adv_lr`).
  package var learningRate = 0.1
  /// delta begins uniform in (-1, 1) times this over the root of length x width; 0: at zero
  /// (`adv_init_mag`).
  package var initialMagnitude = 0.2
  /// Radius of the ball (`adv_max_norm`); 0 for none.
  package var maximumNorm = 0.0

  package init() {}

  /// - Throws: `ConfigError`.
  package init(_ section: ConfigSection) throws {
    steps = try section.int(
      "adversarial_steps", default: 3, in: 1...100, "Forward and backward passes of an update.")
    learningRate = try section.number(
      "adversarial_learning_rate", default: 0.1, in: 0...1e6,
      "Length of a step of the perturbation.")
    initialMagnitude = try section.number(
      "initial_magnitude", default: 0.2, in: 0...1e6,
      "Size of the random perturbation at the beginning; 0 begins at zero.")
    maximumNorm = try section.number(
      "max_norm", default: 0, in: 0...1e6,
      "Radius of the ball that the perturbation stays in; 0 for none.")
  }

  /// Works on the shards of a batch, each with its delta at the beginning. `body` makes `steps`
  /// backward passes.
  func forEachShard(
    of step: StepContext, read student: SequenceClassifier,
    _ body: @Sendable (_ shard: Shard, _ tape: Tape, _ delta: Matrix) throws -> Scalars
  ) throws -> Scalars {
    let width = student.encoder.configuration.wordWidth
    return try step.forEachShard(backwardPasses: steps) { shard, tape in
      try body(
        shard, tape,
        initial(
          shard, width: width, seed: step.seed, draw: step.drawNumber, pool: tape.pool))
    }
  }

  /// delta at the beginning of an update, [tokens, width].
  ///
  /// - Parameter draw: `StepContext.drawNumber`.
  package func initial(
    _ shard: Shard, width: Int, seed: UInt64, draw: Int, pool: BufferPool
  ) -> Matrix {
    let delta = pool.zeros(shard.tokens.ids.count, width)
    guard initialMagnitude > 0 else { return delta }
    for (text, place) in shard.places.enumerated() {
      var stream = RandomStream(seed: seed, purpose: .noise, step: draw, site: .text(place))
      let rows = shard.tokens.offsets[text]..<shard.tokens.offsets[text + 1]
      let magnitude = Float(initialMagnitude / Double(rows.count * width).squareRoot())
      for row in rows {
        for column in 0..<width { delta[row, column] = magnitude * (2 * stream.nextUniform() - 1) }
      }
    }
    return delta
  }

  /// One step of every text's delta, in place: delta + learning rate x gradient / its norm, then
  /// back onto the ball where it left it.
  ///
  /// - Parameters:
  ///   - gradient: of the loss that delta climbs.
  ///   - offsets: the texts' borders.
  package func ascend(_ delta: Matrix, along gradient: Matrix, offsets: [Int]) {
    forEachText(offsets) { rows in
      let (d, g) = (delta.rows(rows), gradient.rows(rows))
      // The bound is the code's: a text without gradient stays where it is.
      let norm = max(Kernel.dot(g, g).squareRoot(), 1e-8)
      Kernel.add(g, to: d, alpha: Float(learningRate / norm))
      let length = Kernel.dot(d, d).squareRoot()
      if maximumNorm > 0, length > maximumNorm {
        Kernel.scale(d, by: Float(maximumNorm / length))
      }
    }
  }

  /// The texts' norms of delta, added up.
  package func sumOfNorms(_ delta: Matrix, offsets: [Int]) -> Double {
    var sum = 0.0
    forEachText(offsets) { rows in
      let d = delta.rows(rows)
      sum += Kernel.dot(d, d).squareRoot()
    }
    return sum
  }

  private func forEachText(_ offsets: [Int], _ body: (Range<Int>) -> Void) {
    for text in 0..<offsets.count - 1 { body(offsets[text]..<offsets[text + 1]) }
  }
}
