import Autograd
import Kernels
import StrictJSON
import Synchronization

/// Adam or AdamW over the flat parameters of a model and of the weights that learn with it.
package final class AdamOptimizer: Sendable {
  /// The name of its part of the run's state.
  package let stateName: String
  /// Their gradients and moments lie one after another in this order.
  private let parameters: [Parameters]
  private let settings: OptimizerSettings
  private let firstMoment, secondMoment: Buffer
  /// Pieces with one weight-decay setting each, small enough to share out evenly.
  private let pieces: [Piece]
  private struct Piece: Sendable {
    let parameters: Buffer
    let offset: Int
    let range: Range<Int>
    let decays: Bool
    let resting: RestingBlocks
  }
  private let made = Mutex(0)

  /// Updates so far.
  package var updates: Int { made.withLock { $0 } }
  /// Number of parameters.
  package var count: Int { parameters.reduce(0) { $0 + $1.count } }

  /// An optimiser whose moments are zero.
  package init(
    _ parameters: [Parameters], settings: OptimizerSettings, stateName: String = "optimizer"
  ) {
    self.stateName = stateName
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
          let piece = start..<min(range.upperBound, start + size)
          pieces.append(
            Piece(
              parameters: part.buffer, offset: offset, range: piece, decays: decays,
              resting: RestingBlocks(count: piece.count)))
        }
      }
      offset += part.count
    }
    self.pieces = pieces
  }

  /// The factor that brings a gradient of the given norm down to `max_grad_norm`.
  package func clipFactor(norm: Double) -> Float {
    Kernel.clipFactor(norm: norm, maximum: settings.maxGradNorm)
  }

  /// One update; leaves the gradients zero.
  ///
  /// - Parameter scale: multiplied with every gradient, see `clipFactor(norm:)`.
  package func update(
    gradients: Buffer, scale: Float, learningRate: Double, pool: ThreadPool
  ) throws {
    let step = made.withLock { made in
      made += 1
      return made
    }
    let base = AdamUpdate(
      learningRate: Float(learningRate), beta1: Float(settings.beta1),
      beta2: Float(settings.beta2), epsilon: Float(settings.epsilon),
      decoupled: settings.decoupled, step: step, gradientScale: scale)
    let groups = stride(from: 0, to: pieces.count, by: 4).map {
      pieces[$0..<min(pieces.count, $0 + 4)]
    }
    let decay = Float(settings.weightDecay)
    try pool.run(count: groups.count) { index in
      for piece in groups[index] {
        var update = base
        update.weightDecay = piece.decays ? decay : 0
        Kernel.adam(
          update, parameters: piece.parameters, gradients: gradients, firstMoment: firstMoment,
          secondMoment: secondMoment, range: piece.range, offset: piece.offset,
          resting: piece.resting)
      }
    }
  }
}

extension AdamOptimizer: StatePart {
  package func record() -> StateRecord {
    StateRecord(
      values: JSONObject([("updates", .int(updates))]),
      arrays: [
        "exp_avg": .init(copying: firstMoment, shape: [count]),
        "exp_avg_sq": .init(copying: secondMoment, shape: [count]),
      ])
  }

  package func restore(_ record: StateRecord) throws {
    let updates = try record.count("updates")
    let squares = try record.floats("exp_avg_sq", shape: [count])
    guard squares.isFinite, squares.buffer.withFloats({ $0[..<count].allSatisfy { $0 >= 0 } })
    else { throw StateError("exp_avg_sq has a mean of squares that is not 0 or more") }
    let means = try record.floats("exp_avg", shape: [count])
    guard means.isFinite else { throw StateError("exp_avg has a mean that is not finite") }
    means.copy(to: firstMoment)
    squares.copy(to: secondMoment)
    for piece in pieces { piece.resting.reset() }
    made.withLock { $0 = updates }
  }
}
