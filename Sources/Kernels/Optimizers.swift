import CBLAS
import Glibc

/// The constants of one Adam or AdamW update.
public struct AdamUpdate: Sendable {
  /// The learning rate of this step.
  public var learningRate: Float
  /// Decay rates of the first and the second moment.
  public var beta1, beta2: Float
  /// Added to the square root of the second moment.
  public var epsilon: Float
  /// AdamW: multiplied by the learning rate and the parameter. Adam: added to the gradient (L2).
  public var weightDecay: Float
  /// True for AdamW's decoupled decay.
  public var decoupled: Bool
  /// The number of this update, from 1.
  public var step: Int
  /// Multiplies every gradient first (clipping).
  public var gradientScale: Float

  /// An update as torch.optim.AdamW (decoupled) or torch.optim.Adam would make it.
  public init(
    learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
    weightDecay: Float = 0, decoupled: Bool = true, step: Int, gradientScale: Float = 1
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decoupled = decoupled
    self.step = step
    self.gradientScale = gradientScale
  }
}

/// Which blocks of parameters have had no gradient yet, so that both their moments are zero and an
/// update has nothing to do but decay them.
///
/// Most rows of a table of word vectors are of this kind, and such tables are a third to two thirds
/// of a model: with this, an update reads their gradients and leaves it at that. It is a matter of
/// speed alone; the numbers are the same.
public struct RestingBlocks: Sendable {
  /// Parameters of a block: a divisor of the usual widths, so that blocks do not lie across rows.
  static let size = 128
  /// For each block 1 if its moments are known to be zero, and 0 if they must be looked at.
  fileprivate let flags: Buffer

  /// Blocks of `count` parameters; their moments will be looked at once.
  public init(count: Int) { flags = Buffer(zeroed: (count + Self.size - 1) / Self.size) }

  /// Forgets what is known, because the moments have changed.
  public func reset() {
    flags.withFloats { $0.update(repeating: 0) }
  }
}

extension Kernel {
  /// One Adam(W) update of the parameters in `range`. The gradients are reset to zero for the next
  /// step.
  ///
  /// Sources: Kingma and Ba 2015, Loshchilov and Hutter 2019; arithmetic order of torch.optim.
  /// - Parameters:
  ///   - offset: where the gradients and moments of parameter 0 begin in their buffers.
  ///   - resting: the blocks of `range`, if all its updates are made with them.
  ///   - touched: which gradients are not zero, if that is known.
  public static func adam(
    _ u: AdamUpdate, parameters: Buffer, gradients: Buffer, firstMoment: Buffer,
    secondMoment: Buffer, range: Range<Int>, offset: Int = 0, resting: RestingBlocks? = nil,
    touched: TouchedBlocks? = nil
  ) {
    let span = Profile.begin(.optimizer)
    var bytes = 0
    defer { span.end(bytes: bytes) }
    let p = parameters.base + range.lowerBound
    let g = gradients.base + offset + range.lowerBound
    let m = firstMoment.base + offset + range.lowerBound
    let v = secondMoment.base + offset + range.lowerBound
    let correction1 = 1 - pow(Double(u.beta1), Double(u.step))
    let correction2 = 1 - pow(Double(u.beta2), Double(u.step))
    let size = Float(Double(u.learningRate) / correction1)
    let root = Float(1 / correction2.squareRoot())
    let shrink = u.decoupled ? 1 - u.learningRate * u.weightDecay : 1
    let l2 = u.decoupled ? 0 : u.weightDecay
    // 0 / (0 + epsilon) is nothing to add; with decay in the gradient there is always something.
    let flags = l2 == 0 && u.epsilon > 0 ? resting?.flags.base : nil
    for (block, start) in stride(from: 0, to: range.count, by: RestingBlocks.size).enumerated() {
      let count = min(RestingBlocks.size, range.count - start)
      let first = offset + range.lowerBound + start
      let isUntouched = touched.map { !$0.mayBeTouched(first..<first + count) } ?? false
      if let flags, isUntouched || isZero(g + start, count) {
        if flags[block] == 1 || isZero(m + start, count) && isZero(v + start, count) {
          bytes += isUntouched ? 0 : 4 * count
          flags[block] = 1
          guard shrink != 1 else { continue }
          bytes += 8 * count
          vectors(count) { i, n in
            store(load(p + start + i, n) * shrink, p + start + i, n)
          }
          continue
        }
      }
      flags?[block] = 0
      bytes += 32 * count
      vectors(count) { j, n in
        let i = start + j
        let parameter = load(p + i, n)
        let gradient = (load(g + i, n) * u.gradientScale).addingProduct(
          parameter, Vector(repeating: l2))
        let old1 = load(m + i, n)
        let first = old1.addingProduct(gradient - old1, Vector(repeating: 1 - u.beta1))
        let second = (load(v + i, n) * u.beta2).addingProduct(
          gradient * gradient, Vector(repeating: 1 - u.beta2))
        let denominator = (mate_kd_sqrt(second) * root) + u.epsilon
        store(parameter * shrink - first / denominator * size, p + i, n)
        store(first, m + i, n)
        store(second, v + i, n)
        store(Vector.zero, g + i, n)
      }
    }
  }

  /// The factor that brings a gradient of the given norm down to `maximum`; 1 if `maximum` is 0.
  ///
  /// As torch.nn.utils.clip_grad_norm_: maximum / (norm + 1e-6), never above 1.
  public static func clipFactor(norm: Double, maximum: Double) -> Float {
    maximum > 0 ? Float(min(1, maximum / (norm + 1e-6))) : 1
  }
}
