import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// How the states of a text's tokens become one vector.
package enum Pooling: String, Sendable, CaseIterable {
  /// That of the first token ([CLS], `<s>`).
  case first
  /// Their mean, special tokens included.
  case mean

  /// Reads `pooling`.
  init(_ section: ConfigSection, default fallback: Pooling) throws {
    self = try section.choice(
      "pooling", default: fallback,
      "Which states of a layer stand for a text: the first token's or the mean of all.")
  }
}

extension Tape {
  /// A layer's states, pooled to one row per text.
  func pooled(_ states: Tensor, of tokens: PackedTokens, by pooling: Pooling) -> Tensor {
    switch pooling {
    case .first: gatherRows(states, tokens.firstTokens)
    case .mean: meanRows(states, offsets: tokens.offsets)
    }
  }

  /// The pooled states of some layers side by side, one row per text.
  ///
  /// - Parameter layers: counted from 0, the embedding output left out; nil for all.
  func pooled(
    _ output: Encoder.Output, layers: [Int]? = nil, of tokens: PackedTokens, by pooling: Pooling
  ) -> Tensor {
    let all = Array(output.hiddenStates.dropFirst())
    let chosen = layers.map { $0.map { all[$0] } } ?? all
    return concatenated(chosen.map { pooled($0, of: tokens, by: pooling) })
  }
}

extension StepContext {
  /// Row of each of the batch's texts in the data set, in the order of the batch.
  var rows: [Int] {
    var result = [Int](repeating: 0, count: count)
    for shard in shards {
      for (place, row) in zip(shard.places, shard.rows) { result[place] = row }
    }
    return result
  }
}
