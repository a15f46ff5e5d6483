import Kernels
import Trainers

/// Random choice of tokens to hide, drawn again for every forward pass.
package struct Masking: Sendable {
  /// Probability that an ordinary token is chosen; special tokens never are.
  let probability: Float
  let seed: UInt64

  /// Masking with a probability; the seed names its draws.
  package init(probability: Float, seed: UInt64) {
    self.probability = probability
    self.seed = seed
  }

  /// The chosen tokens of a shard, ascending.
  ///
  /// A text's choice depends on its place in the batch, not on how the batch is split.
  ///
  /// - Parameter draw: `StepContext.drawNumber`.
  package func rows(of shard: Shard, draw: Int) -> [Int] {
    var rows: [Int] = []
    for (text, place) in shard.places.enumerated() {
      var stream = RandomStream(seed: seed, purpose: .mask, step: draw, site: .text(place))
      for row in shard.tokens.offsets[text]..<shard.tokens.offsets[text + 1] {
        // Draw for special tokens too, so that a token's draw depends on its position alone.
        if stream.nextUniform() < probability, !shard.isSpecial[row] { rows.append(row) }
      }
    }
    return rows
  }
}

extension PackedTokens {
  /// The same texts with one id at some tokens.
  func replacing(_ rows: [Int], with id: Int32) -> PackedTokens {
    var copy = self
    for row in rows { copy.ids[row] = id }
    return copy
  }

  /// The same texts with new ids at some tokens.
  func replacing(_ rows: [Int], with ids: [Int32]) -> PackedTokens {
    var copy = self
    for (row, id) in zip(rows, ids) { copy.ids[row] = id }
    return copy
  }

  /// Some of the texts.
  func texts(_ indices: [Int]) -> PackedTokens {
    if indices.count == count { return self }
    var ids: [Int32] = []
    var types: [Int32] = []
    var offsets = [0]
    for text in indices {
      ids.append(contentsOf: self.ids[self.offsets[text]..<self.offsets[text + 1]])
      types.append(contentsOf: typeIDs[self.offsets[text]..<self.offsets[text + 1]])
      offsets.append(ids.count)
    }
    var texts = PackedTokens(ids: ids, typeIDs: types, offsets: offsets)
    texts.standForVectors = standForVectors
    return texts
  }

  /// These texts, then those of `other`. If some stand for vectors, all do.
  func followed(by other: PackedTokens) -> PackedTokens {
    var texts = PackedTokens(
      ids: ids + other.ids, typeIDs: typeIDs + other.typeIDs,
      offsets: offsets + other.offsets.dropFirst().map { $0 + ids.count })
    texts.standForVectors = standForVectors || other.standForVectors
    return texts
  }
}
