import Kernels

/// Words drawn from a distribution over the vocabulary, differentiable through their soft weights.
///
/// The forward value of a straight-through sample is one-hot, so only its index is kept. The dense
/// one-hot matrix never exists.
public final class StraightThroughSample {
  /// The drawn word of each row.
  public let ids: [Int32]
  /// softmax((logits + noise) / temperature), [rows, vocabulary].
  public let softmax: Matrix
  let logits: Tensor
  private var gradient: Matrix?

  init(ids: [Int32], softmax: Matrix, logits: Tensor) {
    self.ids = ids
    self.softmax = softmax
    self.logits = logits
  }

  func accumulate(_ pool: BufferPool, _ body: (Matrix, Float) -> Void) {
    if let gradient {
      body(gradient, 1)
    } else {
      let fresh = pool.matrix(softmax.rows, softmax.columns)
      body(fresh, 0)
      gradient = fresh
    }
  }

  func takeGradient() -> Matrix? {
    defer { gradient = nil }
    return gradient
  }
}

extension Tape {
  /// Straight-through Gumbel-softmax over the columns of each row.
  ///
  /// The forward value is the arg-max of y = softmax((logits + Gumbel noise) / temperature). The
  /// backward pass is as if y had been used. Sources: Jang et al. 2017; MATE-KD (Rashid et al.
  /// 2021), section 3.1. The official code takes log_softmax of the logits first; that changes
  /// neither value nor gradient.
  /// - Parameters:
  ///   - logits: [rows, vocabulary].
  ///   - noise: the noise to use, [rows, vocabulary]; nil draws it.
  public func gumbelSoftmax(
    _ logits: Tensor, temperature: Float, noise: Matrix? = nil
  ) -> StraightThroughSample {
    let pool = pool
    let y = pool.matrix(logits.rows, logits.columns)
    y.copy(from: logits.value)
    addNoise(noise, to: y)
    let ids = Kernel.argmaxRows(y)
    Kernel.softmaxRows(y, scale: 1 / temperature)
    let sample = StraightThroughSample(ids: ids, softmax: y, logits: logits)
    onBackward {
      guard let gradient = sample.takeGradient() else { return }
      Kernel.softmaxGradient(y, gradient, into: gradient, factor: 1 / temperature)
      logits.accumulate(gradient, pool: pool)
    }
    return sample
  }

  /// The words that `gumbelSoftmax` would draw, without gradient, for steps in which the generator
  /// is fixed.
  public func gumbelArgmax(_ logits: Tensor, noise: Matrix? = nil) -> [Int32] {
    let y = pool.matrix(logits.rows, logits.columns)
    y.copy(from: logits.value)
    addNoise(noise, to: y)
    return Kernel.argmaxRows(y)
  }

  private func addNoise(_ noise: Matrix?, to y: Matrix) {
    if let noise {
      Kernel.add(noise, to: y)
    } else {
      Kernel.addGumbelNoise(y, seed: seed, step: step, site: nextSite())
    }
  }
}
