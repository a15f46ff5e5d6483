import Glibc
import Kernels

extension Tape {
  /// InfoNCE over the rows of two matrices, summed over anchors; in nats.
  ///
  /// Row k of `anchors` should recognise row k of `candidates` among all of them:
  /// - log( exp(cos(a_k, c_k) / temperature) / sum_j exp(cos(a_k, c_j) / temperature) ).
  /// Source: van den Oord et al. 2018 (arXiv 1807.03748), with cosines.
  /// - Parameters:
  ///   - anchors: [rows, width]; rows may have any length. The gradient flows into each side that
  ///     wants one.
  ///   - candidates: [rows, width], as `anchors`.
  ///   - bank: more candidates, [more, width], rows of length 1, without gradient; nil for none.
  ///   - excluded: pairs of an anchor and a row of `bank` that do not compete, such as an older
  ///     vector of the same text.
  ///   - weight: factor on the gradient.
  public func contrastive(
    _ anchors: Tensor, _ candidates: Tensor, bank: Matrix? = nil,
    excluded: [(anchor: Int, row: Int)] = [], temperature: Float, weight: Float
  ) -> Double {
    precondition(anchors.rows == candidates.rows && anchors.columns == candidates.columns)
    let a = normalizedRows(anchors)
    var cosines = linear(a, weight: normalizedRows(candidates), bias: nil)
    if let bank {
      var others = linear(a, weight: constant(bank), bias: nil)
      if !excluded.isEmpty {
        let absent = pool.zeros(others.rows, others.columns)
        // Far below any cosine, and still finite after division by a small temperature.
        for (anchor, row) in excluded { absent[anchor, row] = -1e30 }
        others = sum(others, constant(absent))
      }
      cosines = concatenated([cosines, others])
    }
    return crossEntropy(
      scaled(cosines, by: 1 / temperature),
      labels: (0..<anchors.rows).map { Int32(truncatingIfNeeded: $0) }, weight: weight)
  }

  /// Noise-contrastive estimation, summed over anchors; in nats. Each pair of an anchor and one of
  /// its candidates is judged true or false on its own.
  ///
  /// With x = a . c / temperature - shift, the loss is -log sigmoid(x) for the first candidate of
  /// an anchor, and -log(1 - sigmoid(x)) for each of the others. Source: contrastive representation
  /// distillation (Tian et al. 2020, arXiv 1910.10699, eq. 18), where sigmoid(x) = p / (p + K / n)
  /// and p = exp(a . c / temperature) / Z, and so shift = log Z + log(K / n), for K noise
  /// candidates out of n.
  /// - Parameters:
  ///   - anchors: [rows, width], by convention of length 1; the gradient flows into them.
  ///   - candidates: [rows times candidates per anchor, width], without gradient. The candidates of
  ///     one anchor are consecutive, and the true one comes first.
  ///   - weight: factor on the gradient.
  public func noiseContrastive(
    _ anchors: Tensor, candidates: Matrix, temperature: Float, shift: Double, weight: Float
  ) -> Double {
    let each = candidates.rows / max(1, anchors.rows)
    precondition(each * anchors.rows == candidates.rows && anchors.columns == candidates.columns)
    let pool = pool
    let gradient = anchors.requiresGradient ? pool.matrix(anchors.rows, anchors.columns) : nil
    let x = pool.matrix(1, each)
    var total = 0.0
    for row in 0..<anchors.rows {
      let own = candidates.rows(row * each..<(row + 1) * each)
      Kernel.gemm(anchors.value.rows(row..<row + 1), .none, own, .transposed, into: x)
      for k in 0..<each {
        // The loss of a pair is log(1 + exp(wrong)).
        let sign = k == 0 ? -1.0 : 1.0
        let wrong = sign * (Double(x[0, k]) / Double(temperature) - shift)
        total += max(wrong, 0) + log1p(exp(-abs(wrong)))
        x[0, k] = Float(sign / (1 + exp(-wrong))) * (weight / temperature)
      }
      if let gradient { Kernel.gemm(x, .none, own, .none, into: gradient.rows(row..<row + 1)) }
    }
    if let gradient { onBackward { anchors.accumulate(gradient, pool: pool) } }
    return total
  }
}
