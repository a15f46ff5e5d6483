import Data
import Kernels

/// A part of a batch: whole texts, packed, that one tape works on.
public struct Shard: Sendable {
  /// The shard's number within its batch. It is part of the name of its random draws.
  public let index: Int
  /// The lane that works on it. The shards of a lane are worked on one after another.
  public let lane: Int
  /// The place of each text within its batch.
  public let places: [Int]
  private let texts: PackedBatch

  /// The texts with those places.
  package init(index: Int, lane: Int = 0, places: [Int], texts: PackedBatch) {
    self.index = index
    self.lane = lane
    self.places = places
    self.texts = texts
  }

  /// The texts.
  public var tokens: PackedTokens { texts.tokens }
  /// True for [CLS], [SEP] and other tokens that are never masked; one value per token.
  public var isSpecial: [Bool] { texts.isSpecial }
  /// The row of each text in the data set.
  public var rows: [Int] { texts.rows }
  /// What the model should say about the texts.
  public var targets: Targets { texts.targets }
  /// The number of texts.
  public var count: Int { places.count }

  /// The tokens of a text between special ones: one range, or one for each text of a pair.
  package func halves(ofText text: Int) -> [Range<Int>] {
    var halves: [Range<Int>] = []
    for place in tokens.range(text) where !isSpecial[place] {
      if let last = halves.last, last.upperBound == place {
        halves[halves.count - 1] = last.lowerBound..<place + 1
      } else {
        halves.append(place..<place + 1)
      }
    }
    return Array(halves.prefix(RandomSite.halves.count))
  }

  /// Splits rows of a data set among at most `lanes` lanes of similar cost (longest text first,
  /// each to the cheapest lane so far), and a lane's texts into shards of at most `maximumTokens`
  /// tokens. A text longer than that gets a shard of its own. The split depends only on the
  /// arguments, never on threads.
  ///
  /// Shards bound the memory that activations take: a lane holds those of one shard at a time.
  public static func split(
    _ rows: [Int], of data: TokenizedDataset, lanes: Int, maximumTokens: Int = Int.max
  ) -> [Shard] {
    let lengths = rows.map { data.tokenIDs($0).count }
    return plan(lengths: lengths, lanes: lanes, maximumTokens: maximumTokens).enumerated().map {
      Shard(
        index: $0.offset, lane: $0.element.lane, places: $0.element.places,
        texts: data.batch($0.element.places.map { rows[$0] }))
    }
  }

  /// The lane of each shard and the places of its texts in the batch, for texts of the given
  /// lengths.
  package static func plan(
    lengths: [Int], lanes: Int, maximumTokens: Int
  ) -> [(lane: Int, places: [Int])] {
    let order = lengths.indices.sorted { (lengths[$0], $1) > (lengths[$1], $0) }
    let parts = max(1, min(lanes, lengths.count))
    var members = Array(repeating: [Int](), count: parts)
    var loads = Array(repeating: 0, count: parts)
    for text in order {
      // Up to a few hundred tokens, the quadratic part of attention is small next to the linear
      // layers.
      let part = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      members[part].append(text)
      loads[part] += lengths[text] * (4096 + lengths[text])
    }
    return members.enumerated().flatMap { lane, texts in
      pieces(texts.sorted(), lengths: lengths, maximumTokens: maximumTokens).map {
        (lane: lane, places: $0)
      }
    }
  }

  /// Splits consecutive texts into as few pieces as the budget allows, with similar numbers of
  /// tokens. One full piece and a small remainder would make the products of the remainder slow.
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
}
