import Data
import Models

/// A part of a batch: whole texts, packed, that one tape works on.
public struct Shard: Sendable {
  /// Number of the shard; part of the name of its random draws.
  public let index: Int
  /// The texts.
  public let tokens: PackedTokens
  /// True for [CLS], [SEP] and other tokens that are never masked; one per token.
  public let isSpecial: [Bool]
  /// Place of each text within its batch.
  public let places: [Int]
  /// Row of each text in the data set.
  public let rows: [Int]
  /// Class of each text; empty for regression and unlabelled text.
  public let classLabels: [Int32]
  /// Score of each text; empty for classification and unlabelled text.
  public let scores: [Float]

  /// Number of texts.
  public var count: Int { places.count }

  /// Splits a batch into at most `count` shards of similar cost: longest text first, each to the
  /// cheapest shard so far. The split depends on the batch and `count` alone, never on threads.
  public static func split(_ batch: PackedBatch, into count: Int) -> [Shard] {
    let lengths = (0..<batch.count).map { batch.offsets[$0 + 1] - batch.offsets[$0] }
    let order = lengths.indices.sorted { (lengths[$0], $1) > (lengths[$1], $0) }
    let parts = max(1, min(count, batch.count))
    var members = Array(repeating: [Int](), count: parts)
    var loads = Array(repeating: 0, count: parts)
    for text in order {
      // Attention's quadratic part is small beside the linear layers up to a few hundred tokens.
      let part = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      members[part].append(text)
      loads[part] += lengths[text] * (4096 + lengths[text])
    }
    return members.enumerated().map { index, texts in
      Shard(index: index, batch: batch, places: texts.sorted())
    }
  }

  /// The given texts of a batch.
  public init(index: Int, batch: PackedBatch, places: [Int]) {
    var ids: [Int32] = []
    var types: [Int32] = []
    var special: [Bool] = []
    var offsets = [0]
    for place in places {
      let range = batch.offsets[place]..<batch.offsets[place + 1]
      ids.append(contentsOf: batch.tokenIDs[range])
      types.append(contentsOf: batch.typeIDs[range])
      special.append(contentsOf: batch.isSpecial[range])
      offsets.append(ids.count)
    }
    self.index = index
    tokens = PackedTokens(ids: ids, typeIDs: types, offsets: offsets)
    isSpecial = special
    self.places = places
    rows = places.map { batch.rows[$0] }
    classLabels = batch.classLabels.isEmpty ? [] : places.map { batch.classLabels[$0] }
    scores = batch.scores.isEmpty ? [] : places.map { batch.scores[$0] }
  }
}
