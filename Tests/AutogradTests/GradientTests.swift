import Kernels
import TestSupport
import Testing

@Suite struct GradientTests {
  @Test(arguments: Probe.all)
  func gradientsAreTheDifferences(probe: Probe) {
    let run = probe.run(probe.start)
    let gradients = run.inputGradients + run.weightGradients
    for (part, expected) in probe.differences().enumerated() {
      let found = gradients[part] ?? []
      #expect(found.count == expected.count)
      // Backward there are two products for each one forward.
      let largest = expected.reduce(1) { max($0, abs($1.slope)) }
      let rounding = Roundings.gamma(3 * Probe.depth) * largest
      for (index, (found, expected)) in zip(found, expected).enumerated() {
        #expect(
          expected.agrees(with: Double(found), within: rounding),
          "input or weight \(part), element \(index): \(found), \(expected)")
        #expect(expected.error < 1e-3 * largest, "input or weight \(part), element \(index)")
      }
    }
    #expect(run.stayedInside)
  }

  /// Weights, inputs, or both: each the same bits, and nothing where nothing is asked for.
  @Test(arguments: Probe.all)
  func gradientsOnlyWhereAsked(probe: Probe) {
    let both = probe.run(probe.start)
    #expect(both.inputGradients.allSatisfy { $0 != nil })
    #expect(both.weightGradients.allSatisfy { $0 != nil })

    let frozen = probe.run(probe.start, weights: .frozen)
    #expect(frozen.objective == both.objective)
    #expect(frozen.inputGradients == both.inputGradients)
    #expect(frozen.weightGradients.allSatisfy { $0 == nil })
    #expect(frozen.stayedInside)

    let weights = probe.run(probe.start, inputsWanted: false)
    #expect(weights.objective == both.objective)
    #expect(weights.inputGradients.allSatisfy { $0 == nil })
    #expect(weights.weightGradients == both.weightGradients)
    #expect(weights.stayedInside)

    let neither = probe.run(probe.start, inputsWanted: false, weights: .frozen)
    #expect(neither.objective == both.objective)
    #expect((neither.inputGradients + neither.weightGradients).allSatisfy { $0 == nil })
  }

  /// A weight that is a leaf of the tape gets the gradient that a bound parameter gets.
  @Test(arguments: Probe.all)
  func leavesAreAsGoodAsParameters(probe: Probe) {
    let bound = probe.run(probe.start)
    let leaves = probe.run(probe.start, weights: .leaves)
    for (a, b) in zip(bound.weightGradients, leaves.weightGradients) {
      // The first contribution is written instead of added to 0; sums are the same.
      #expect(deviation(b, (a ?? []).map(Double.init)) < Roundings.gamma(16))
    }
    #expect(leaves.inputGradients == bound.inputGradients)
  }

  @Test(arguments: Probe.all)
  func equalNamesGiveEqualRuns(probe: Probe) {
    let (first, second) = (probe.run(probe.start), probe.run(probe.start))
    #expect(first.objective == second.objective)
    #expect(first.inputGradients == second.inputGradients)
    #expect(first.weightGradients == second.weightGradients)
  }

  @Test(arguments: Probe.layers)
  func memorySettles(probe: Probe) {
    let pool = BufferPool()
    for _ in 0..<3 { _ = probe.run(probe.start, pool: pool) }
    let settled = pool.allocatedFloats
    #expect(settled > 0)
    for _ in 0..<20 { _ = probe.run(probe.start, pool: pool) }
    #expect(pool.allocatedFloats == settled)
  }
}
