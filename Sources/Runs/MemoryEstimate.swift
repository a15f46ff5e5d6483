import Autograd
import Foundation
import Models

/// A rough estimate of the bytes a run will hold at its peak: weights, moments, gradients,
/// activations.
struct MemoryEstimate: CustomStringConvertible {
  let bytes: Double

  init(
    trained: [any Model], frozen: [any Model], tokensPerBatch: Double, maxTokensPerShard: Int,
    shards: Int
  ) {
    let tokens = min(tokensPerBatch, Double(maxTokensPerShard) * Double(shards))
    var floats = 0.0
    var largest = 0.0
    for model in trained {
      let count = Double(model.parameters.count)
      floats += 3 * count
      largest = max(largest, count)
    }
    floats += largest * Double(shards)
    for model in frozen { floats += Double(model.parameters.count) }
    // A layer keeps about 9 H + 2 I floats per token for its backward pass.
    let activations = trained.map { model -> Double in
      let c = model.encoder.configuration
      return Double(c.layers) * Double(9 * c.hiddenSize + 2 * c.intermediateSize) * tokens
    }
    bytes = 4 * (floats + (activations.max() ?? 0) * 1.5)
  }

  /// In megabytes or gigabytes.
  var description: String {
    bytes >= 1e9
      ? String(format: "%.1f GB", bytes / 1e9) : String(format: "%.0f MB", bytes / 1e6)
  }
}
