/// What float32 arithmetic may be off by, from the number of its roundings. The tests' bounds
/// come from here; none was found by trying.
///
/// A sum of n terms, each with its own few roundings, is off by at most gamma(n) times the sum of
/// the terms' absolute values, in whatever order it is formed and with or without fused
/// multiply-adds (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). No processor
/// changes that.
package enum Roundings {
  /// The relative error of one rounding of float32.
  package static let unit = 0x1p-24

  /// n u / (1 - n u): the relative error after n roundings.
  ///
  /// - Parameter evaluations: 2 where both sides of a comparison are float32.
  package static func gamma(_ n: Int, evaluations: Int = 1) -> Double {
    Double(evaluations) * Double(n) * unit / (1 - Double(n) * unit)
  }

  /// Whether a number in double precision is the expected one but for so many roundings of each of
  /// the two; never for NaN.
  ///
  /// - Parameter size: of the largest number that it was computed from, if that is larger.
  package static func agree(
    _ found: Double, _ expected: Double, roundings: Double, of size: Double = 0
  ) -> Bool {
    let largest = max(abs(found), abs(expected), size)
    return abs(found - expected) <= 2 * roundings * 0x1p-53 * largest
  }

  /// The standard deviation of the relative error after n independent roundings, each between
  /// -u and u (Higham and Mary 2019). For differences, which small steps magnify.
  package static func deviation(_ n: Int) -> Double { (Double(n) / 3).squareRoot() * unit }

  /// What a tensor's gradients are measured against: the largest of them.
  ///
  /// They are sums over T tokens whose terms have either sign, so the terms' absolute values come
  /// to about the square root of T times that; as n roundings of either sign add up like the
  /// square root of n (Higham and Mary 2019), gamma(n) times the largest leaves sqrt(n / T)
  /// standard deviations, ten in the networks of the tests. Where the exact sum is zero (key
  /// biases: a constant added to all scores changes no softmax) it says nothing of its terms;
  /// they are those of the other tensors.
  ///
  /// - Parameters:
  ///   - tensor: the tensor's gradients in double precision, which leaves 1e-16 of a zero.
  ///   - largest: the largest gradient of the model.
  package static func scale(of tensor: some Sequence<Float>, largest: Float) -> Float {
    let own = tensor.reduce(0) { max($0, abs($1)) }
    return own < largest * 1e-12 ? largest : own
  }
}

/// The longest path of roundings through a Transformer, counted from its shape.
package struct Network: Sendable {
  /// Roundings from the token ids to the logits.
  package let forward: Int

  /// A chain of layers; the widths are those of the widest.
  ///
  /// - Parameter tokens: the longest text.
  package init(layers: Int, width: Int, inner: Int, tokens: Int) {
    // Mean and variance of LayerNorm are sums over the width; 8 for the rest of it.
    let norm = 2 * width + 8
    let softmax = tokens + 8
    // Projection, scores, softmax, context and output; then GELU, whose error is that of 8
    // roundings.
    let attention = width + width + softmax + tokens + width
    let feedForward = width + 8 + inner
    let layer = attention + 1 + norm + feedForward + 1 + norm
    forward = norm + layers * layer + 2 * width
  }

  /// The models of the methods' goldens and toys, one behind the other: a generator of one layer,
  /// a teacher of four, a student of three; or up to four layers of twice the width.
  package static let ofMethods = Network(layers: 8, width: 24, inner: 48, tokens: 24)

  /// The models of the methods' toys: a generator, a teacher and a student of one layer each, or a
  /// teacher of four layers and a student of two. What compares two models is off by the errors of
  /// both.
  package static let ofToys = Network(layers: 6, width: 16, inner: 32, tokens: 24)

  /// How far logits, states and everything else that is computed forward may be off, relative to
  /// the largest.
  package func values(evaluations: Int = 1) -> Double {
    Roundings.gamma(forward, evaluations: evaluations)
  }

  /// How far gradients may be off, relative to `Roundings.scale`: backward there are two products
  /// for each one forward.
  package func gradients(evaluations: Int = 1) -> Double {
    Roundings.gamma(3 * forward, evaluations: evaluations)
  }

  /// How far a loss may be off, or any mean of squares or of probabilities.
  ///
  /// Cross-entropy, Kullback-Leibler divergence and squared error L all change by at most 2
  /// sqrt(L) e when the logits (a few units at most) change by e: their slopes are differences of
  /// two distributions, whose sums of absolute values are at most 2 (1 - exp(-L)) and sqrt(2 L),
  /// by Pinsker's inequality, and 2 sqrt(L). To that come the roundings of the loss itself.
  package func loss(_ value: Double, evaluations: Int = 1) -> Double {
    values(evaluations: evaluations) * (2 * abs(value).squareRoot() + abs(value))
  }

  /// The standard deviation of a loss whose roundings are independent; see `loss`.
  package func deviation(_ value: Double) -> Double {
    Roundings.deviation(forward) * (2 * abs(value).squareRoot() + abs(value))
  }

  /// Whether a loss is the expected one but for roundings; never for NaN.
  package func agrees(_ found: Double, _ expected: Double, evaluations: Int = 1) -> Bool {
    abs(found - expected) <= loss(expected, evaluations: evaluations)
  }

  /// Whether gradients of a whole model, or of a part of it, are the others but for the roundings
  /// of both; never for NaN.
  package func agree(_ found: [Float], _ expected: [Float], evaluations: Int = 2) -> Bool {
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let bound = gradients(evaluations: evaluations) * Double(largest)
    return found.count == expected.count
      && zip(found, expected).allSatisfy { abs(Double($0) - Double($1)) <= bound }
  }
}
