import Configuration
import Data
import Models

/// A part of a batch: whole texts, packed, that one tape works on.
public struct Shard: Sendable {
  /// Number of the shard within its batch; part of the name of its random draws.
  public let index: Int
  /// The lane that works on it; the shards of a lane are worked on one after the other.
  public let lane: Int
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
  /// For texts that may have several labels, 1 for each label of a text and 0 for each other one, text
  /// by text; empty for other tasks.
  public let targets: [Float]
  /// Where the answer is in each text; empty unless texts are to be searched for answers.
  public let spans: [TokenSpan]

  /// Number of texts.
  public var count: Int { places.count }

  /// Splits a batch among at most `lanes` lanes of similar cost (longest text first, each to the
  /// cheapest lane so far), and a lane's texts into shards of at most `maximumTokens` tokens, or of
  /// one text where that is longer. The split depends on the arguments alone, never on threads.
  ///
  /// Shards bound the memory of activations: a lane holds those of one shard at a time.
  public static func split(
    _ batch: PackedBatch, lanes: Int, maximumTokens: Int = Int.max
  ) -> [Shard] {
    let lengths = (0..<batch.count).map { batch.offsets[$0 + 1] - batch.offsets[$0] }
    let order = lengths.indices.sorted { (lengths[$0], $1) > (lengths[$1], $0) }
    let parts = max(1, min(lanes, batch.count))
    var members = Array(repeating: [Int](), count: parts)
    var loads = Array(repeating: 0, count: parts)
    for text in order {
      // Attention's quadratic part is small beside the linear layers up to a few hundred tokens.
      let part = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      members[part].append(text)
      loads[part] += lengths[text] * (4096 + lengths[text])
    }
    var shards: [Shard] = []
    for (lane, texts) in members.enumerated() {
      for piece in pieces(texts.sorted(), lengths: lengths, maximumTokens: maximumTokens) {
        shards.append(Shard(index: shards.count, lane: lane, batch: batch, places: piece))
      }
    }
    return shards
  }

  /// Consecutive texts in as few pieces as the budget allows, of similar numbers of tokens: one
  /// full piece and a small rest would make the rest's products slow.
  private static func pieces(
    _ texts: [Int], lengths: [Int], maximumTokens: Int
  ) -> [[Int]] {
    let total = texts.reduce(0) { $0 + lengths[$1] }
    guard total > maximumTokens else { return [texts] }
    let wanted = (total + maximumTokens - 1) / maximumTokens
    var pieces: [[Int]] = []
    var piece: [Int] = []
    var tokens = 0
    var before = 0
    for text in texts {
      let length = lengths[text]
      // The border after piece k lies at (k + 1) / wanted of all tokens.
      let passed = (2 * before + length) * wanted > 2 * total * (pieces.count + 1)
      if !piece.isEmpty, passed || tokens + length > maximumTokens {
        pieces.append(piece)
        piece = []
        tokens = 0
      }
      piece.append(text)
      tokens += length
      before += length
    }
    return pieces + [piece]
  }

  /// The given texts of a batch.
  public init(index: Int, lane: Int = 0, batch: PackedBatch, places: [Int]) {
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
    self.lane = lane
    tokens = PackedTokens(ids: ids, typeIDs: types, offsets: offsets)
    isSpecial = special
    self.places = places
    rows = places.map { batch.rows[$0] }
    classLabels = batch.classLabels.isEmpty ? [] : places.map { batch.classLabels[$0] }
    scores = batch.scores.isEmpty ? [] : places.map { batch.scores[$0] }
    let width = batch.targets.count / max(1, batch.count)
    targets =
      batch.targets.isEmpty
      ? [] : places.flatMap { batch.targets[$0 * width..<($0 + 1) * width] }
    spans = batch.spans.isEmpty ? [] : places.map { batch.spans[$0] }
  }
}
