import Kernels

/// Adds up the gradients that the lanes of a run have found for one update.
///
/// Between the backward passes and the optimiser stands only this: what shares a run among several
/// processes replaces it.
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
