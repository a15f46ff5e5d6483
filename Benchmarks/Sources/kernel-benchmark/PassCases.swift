import Kernels

extension KernelCase {
  /// A pass over a matrix of `rows` x `columns` that touches `operands` matrices of this size.
  private static func pass(
    _ name: String, _ rows: Int, _ columns: Int, operands: Int,
    _ make: @escaping @Sendable (_ rows: Int, _ columns: Int) -> @Sendable () -> Void
  ) -> KernelCase {
    KernelCase(
      name: name, shape: "\(rows)x\(columns)", flops: 0, bytes: 4 * operands * rows * columns
    ) { make(rows, columns) }
  }

  private static let dropout = Dropout(probability: 0.1, seed: 1, step: 1, site: .part(1))

  /// Passes over the activations of 512 tokens, or over 64 rows of the vocabulary.
  static var passes: [KernelCase] {
    [
      pass("layer-norm", 512, 768, operands: 4) { rows, columns in
        let (y, residual, out) = (
          filled(rows, columns), filled(rows, columns), filled(rows, columns)
        )
        let (gamma, beta) = (filled(1, columns), filled(1, columns))
        let reciprocals = filled(rows, 1)
        return {
          Kernel.addNorm(
            y, residual: residual, gamma: gamma, beta: beta, epsilon: 1e-12, dropout: dropout,
            into: out, reciprocals: reciprocals)
        }
      },
      pass("layer-norm-gradient", 512, 768, operands: 4) { rows, columns in
        let (dOut, normalised) = (filled(rows, columns), filled(rows, columns))
        let (dSum, dY) = (filled(rows, columns), filled(rows, columns))
        let (gamma, dGamma, dBeta) = (filled(1, columns), filled(1, columns), filled(1, columns))
        let reciprocals = filled(rows, 1)
        return {
          Kernel.addNormGradient(
            dOut: dOut, normalised: normalised, reciprocals: reciprocals, gamma: gamma,
            dGamma: dGamma, dBeta: dBeta, dropout: dropout, dSum: dSum, dY: dY)
        }
      },
      pass("gelu", 512, 3072, operands: 2) { rows, columns in
        let (x, y) = (filled(rows, columns), filled(rows, columns))
        return { Kernel.activate(.gelu, x, into: y) }
      },
      pass("gelu-gradient", 512, 3072, operands: 3) { rows, columns in
        let (x, dy, dx) = (filled(rows, columns), filled(rows, columns), filled(rows, columns))
        return { Kernel.activationGradient(.gelu, x, dy, into: dx) }
      },
      pass("dropout", 512, 768, operands: 2) { rows, columns in
        let (x, y) = (filled(rows, columns), filled(rows, columns))
        return {
          if let dropout { Kernel.applyDropout(dropout, x, into: y) }
        }
      },
      pass("softmax", 64, 30522, operands: 2) { rows, columns in
        let x = filled(rows, columns)
        return { Kernel.softmaxRows(x) }
      },
      pass("softmax-gradient", 64, 30522, operands: 3) { rows, columns in
        let (y, dy, dx) = (filled(rows, columns), filled(rows, columns), filled(rows, columns))
        return { Kernel.softmaxGradient(y, dy, into: dx) }
      },
      pass("gumbel-noise", 64, 30522, operands: 2) { rows, columns in
        let x = filled(rows, columns)
        return { Kernel.addGumbelNoise(x, seed: 1, step: 1, site: .part(1)) }
      },
      pass("argmax", 64, 30522, operands: 1) { rows, columns in
        let x = filled(rows, columns)
        return { _ = Kernel.argmaxRows(x) }
      },
      pass("cross-entropy", 64, 30522, operands: 2) { rows, columns in
        let (x, gradient) = (filled(rows, columns), filled(rows, columns))
        let labels = (0..<rows).map { Int32($0) }
        return { _ = Kernel.crossEntropy(x, labels: labels, gradient: gradient) }
      },
      pass("bias", 512, 3072, operands: 1) { rows, columns in
        let (bias, y) = (filled(1, columns), filled(rows, columns))
        return { Kernel.broadcast(row: bias, into: y) }
      },
      pass("bias-gradient", 512, 3072, operands: 1) { rows, columns in
        let (x, sum) = (filled(rows, columns), filled(1, columns))
        return { Kernel.addColumnSums(x, to: sum) }
      },
    ]
  }

  /// Passes over tables and parameters that do not fit into any cache.
  static var wholeModel: [KernelCase] {
    let weights = 1 << 22
    return [
      pass("embedding", 512, 768, operands: 4) { rows, columns in
        let table = filled(30522, columns)
        let (positions, types) = (filled(512, columns), filled(2, columns))
        let out = filled(rows, columns)
        let (ids, places, segments) = indices(rows)
        return {
          Kernel.embed(
            words: table, ids: ids, positions: positions, positionIDs: places, types: types,
            typeIDs: segments, into: out)
        }
      },
      pass("embedding-gradient", 512, 768, operands: 3) { rows, columns in
        let (table, dOut) = (filled(30522, columns), filled(rows, columns))
        let ids = indices(rows).words
        return { Kernel.embedGradient(dOut, ids: ids, into: table) }
      },
      pass("adam", 1, weights, operands: 8) { _, count in
        let buffers = (0..<4).map { _ in filledBuffer(count) }
        let update = AdamUpdate(learningRate: 1e-5, step: 10)
        return {
          Kernel.adam(
            update, parameters: buffers[0], gradients: buffers[1], firstMoment: buffers[2],
            secondMoment: buffers[3], range: 0..<count)
        }
      },
      pass("gradient-sum", 2, weights, operands: 2) { shards, count in
        let buffers = (0..<shards).map { _ in filledBuffer(count) }
        let pool = ThreadPool(threads: 1)
        return { _ = Kernel.reduceGradients(buffers, count: count, pool: pool) }
      },
    ]
  }

  /// Words from all over the vocabulary, positions of texts of 16 tokens, one segment.
  private static func indices(
    _ rows: Int
  ) -> (words: [Int32], positions: [Int32], segments: [Int32]) {
    (
      (0..<rows).map { Int32(truncatingIfNeeded: $0 * 7919 % 30522) },
      (0..<rows).map { Int32(truncatingIfNeeded: $0 % 16) }, Array(repeating: 0, count: rows)
    )
  }
}
