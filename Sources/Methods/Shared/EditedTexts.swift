import Data
import Kernels
import Trainers

/// The edited copies of training texts from which passes read: of every text there are N copies,
/// each with one of the four edits of EDA, and a pass reads one of them or the original, all with
/// the same probability (`WordEdits`).
///
/// A copy depends on the row and the seed, so it is the same whenever it is read.
package struct EditedTexts: Sendable {
  private let edits: WordEdits
  private let copies: Int
  private let tokenizer: any Tokenizer
  private let borders: WordBorders
  private let maximumLength: Int
  private let seed: UInt64

  /// - Parameters:
  ///   - copies: N.
  ///   - maximumLength: the most tokens of a text. What is too long loses words at the end.
  package init(
    _ edits: WordEdits, copies: Int, tokenizer: any Tokenizer, maximumLength: Int, seed: UInt64
  ) {
    self.edits = edits
    self.copies = copies
    self.tokenizer = tokenizer
    borders = WordBorders(tokenizer)
    self.maximumLength = maximumLength
    self.seed = seed
  }

  /// What a pass reads in place of a shard's texts, and how many of them differ from the original.
  ///
  /// The choice depends on a text's place in the batch and on its row, not on how the batch is
  /// split. The two texts of a pair are edited each by itself.
  ///
  /// - Parameter draw: `StepContext.drawNumber`.
  /// - Throws: whatever the synonyms throw.
  package func texts(
    of shard: Shard, draw: Int
  ) throws -> (tokens: PackedTokens, changed: Int) {
    var result = PackedTokens(ids: [], typeIDs: [], offsets: [0])
    var changed = 0
    for (text, place) in shard.places.enumerated() {
      let range = shard.tokens.range(text)
      var stream = RandomStream(seed: seed, purpose: .mask, step: draw, site: .text(place))
      let copy = stream.nextBelow(copies + 1)
      let start = result.ids.count
      if copy == 0 {
        result.ids += shard.tokens.ids[range]
        result.typeIDs += shard.tokens.typeIDs[range]
      } else {
        try append(copy, ofText: text, in: shard, to: &result)
      }
      result.offsets.append(result.ids.count)
      if !result.ids[start...].elementsEqual(shard.tokens.ids[range]) { changed += 1 }
    }
    return (result, changed)
  }

  private func append(
    _ copy: Int, ofText text: Int, in shard: Shard, to result: inout PackedTokens
  ) throws {
    let range = shard.tokens.range(text)
    let halves = shard.halves(ofText: text)
    let words = borders.words(ofText: text, in: shard)
    let spare = max(0, maximumLength - range.count) / max(1, halves.count)
    var next = range.lowerBound
    func keep(upTo end: Int) {
      result.ids += shard.tokens.ids[next..<end]
      result.typeIDs += shard.tokens.typeIDs[next..<end]
    }
    for (number, half) in halves.enumerated() {
      keep(upTo: half.lowerBound)
      next = half.upperBound
      var stream = RandomStream(
        seed: seed, purpose: .noise, step: copy, site: .row(shard.rows[text], half: number))
      let edit = WordEdits.Edit.allCases[stream.nextBelow(WordEdits.Edit.allCases.count)]
      let units = units(of: half, words: words, in: shard)
      let ids = try edits.apply(edit, to: units, stream: &stream).flatMap(\.ids)
        .prefix(half.count + spare)
      result.ids += ids
      result.typeIDs += repeatElement(shard.tokens.typeIDs[half.lowerBound], count: ids.count)
    }
    keep(upTo: range.upperBound)
  }

  /// A text, or one of the two, cut into its words and the tokens between them.
  private func units(
    of half: Range<Int>, words: [Range<Int>], in shard: Shard
  ) -> [WordEdits.Unit] {
    var units: [WordEdits.Unit] = []
    var next = half.lowerBound
    func keep(upTo end: Int) {
      units += shard.tokens.ids[next..<end].map { WordEdits.Unit(ids: [$0], word: nil) }
    }
    for word in words where half.contains(word.lowerBound) {
      keep(upTo: word.lowerBound)
      next = word.upperBound
      let ids = Array(shard.tokens.ids[word])
      let spelling = tokenizer.decode(ids).lowercased().filter { !$0.isWhitespace }
      units.append(WordEdits.Unit(ids: ids, word: spelling))
    }
    keep(upTo: half.upperBound)
    return units
  }
}
