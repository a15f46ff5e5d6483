import Kernels

/// Adds up the gradients that the lanes of a run have computed for one update.
///
/// Nothing else stands between the backward passes and the optimiser, so sharing a run among
/// several processes means replacing this.
package protocol GradientReduction: Sendable {
  /// Leaves the sum of all lanes' gradients in the first buffer and zeros in the others.
  ///
  /// - Parameter count: number of gradients.
  /// - Returns: the sum of the squares of the result.
  func reduce(_ lanes: [Buffer], count: Int, pool: ThreadPool) throws -> Double
}

/// The reduction of a single process: sums in the order of the lanes.
package struct LocalReduction: GradientReduction {
  package init() {}

  package func reduce(_ lanes: [Buffer], count: Int, pool: ThreadPool) -> Double {
    Kernel.reduceGradients(lanes, count: count, pool: pool)
  }
}
