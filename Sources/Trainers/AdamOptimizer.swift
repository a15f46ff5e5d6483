import Autograd
import Configuration
import Kernels

/// The constants of an optimiser, by their names in HF's TrainingArguments.
public struct OptimizerSettings: Sendable {
  /// `weight_decay`, never applied to biases and LayerNorm weights.
  public var weightDecay: Double
  /// `adam_beta1`, `adam_beta2`, `adam_epsilon`.
  public var beta1, beta2, epsilon: Double
  /// True for AdamW, false for Adam (weight decay as L2 penalty).
  public var decoupled: Bool
  /// `max_grad_norm`; 0 switches clipping off.
  public var maxGradNorm: Double

  /// Settings; the defaults are HF Trainer's.
  public init(
    weightDecay: Double = 0, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    decoupled: Bool = true, maxGradNorm: Double = 1
  ) {
    self.weightDecay = weightDecay
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.decoupled = decoupled
    self.maxGradNorm = maxGradNorm
  }
}

/// Adam or AdamW over the flat parameters of a model and of what learns beside it.
package final class AdamOptimizer {
  /// Their gradients and moments lie one after the other in this order.
  private let parameters: [Parameters]
  private let settings: OptimizerSettings
  private let firstMoment, secondMoment: Buffer
  /// Pieces of one decay setting, small enough to share out evenly.
  private let pieces: [Piece]
  private struct Piece {
    let parameters: Buffer
    let offset: Int
    let range: Range<Int>
    let decays: Bool
  }
  /// Updates so far.
  package private(set) var updates = 0

  /// An optimiser whose moments are zero.
  package init(_ parameters: [Parameters], settings: OptimizerSettings) {
    self.parameters = parameters
    self.settings = settings
    let count = parameters.reduce(0) { $0 + $1.count }
    firstMoment = Buffer(zeroed: count)
    secondMoment = Buffer(zeroed: count)
    let size = 1 << 16
    var pieces: [Piece] = []
    var offset = 0
    for part in parameters {
      for (range, decays) in part.decayRanges {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
          pieces.append(
            Piece(
              parameters: part.buffer, offset: offset,
              range: start..<min(range.upperBound, start + size), decays: decays))
        }
      }
      offset += part.count
    }
    self.pieces = pieces
  }

  /// Adds up the shards' gradients, clips, updates, and leaves all gradients zero.
  ///
  /// - Returns: the global gradient norm before clipping.
  package func update(gradients: [Buffer], learningRate: Double, pool: ThreadPool) throws -> Double
  {
    let count = parameters.reduce(0) { $0 + $1.count }
    let squares = Kernel.reduceGradients(gradients, count: count, pool: pool)
    let norm = squares.squareRoot()
    guard norm.isFinite else { throw TrainingError.notFinite("gradient norm") }
    updates += 1
    let base = AdamUpdate(
      learningRate: Float(learningRate), beta1: Float(settings.beta1),
      beta2: Float(settings.beta2), epsilon: Float(settings.epsilon),
      decoupled: settings.decoupled, step: updates,
      gradientScale: Kernel.clipFactor(norm: norm, maximum: settings.maxGradNorm))
    let groups = stride(from: 0, to: pieces.count, by: 4).map {
      pieces[$0..<min(pieces.count, $0 + 4)]
    }
    let decay = Float(settings.weightDecay)
    let (first, second) = (firstMoment, secondMoment)
    let gradient = gradients[0]
    try pool.run(count: groups.count) { index in
      for piece in groups[index] {
        var u = base
        u.weightDecay = piece.decays ? decay : 0
        Kernel.adam(
          u, parameters: piece.parameters, gradients: gradient, firstMoment: first,
          secondMoment: second, range: piece.range, offset: piece.offset)
      }
    }
    return norm
  }
}
