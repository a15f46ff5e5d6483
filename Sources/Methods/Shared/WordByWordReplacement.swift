import Autograd
import Data
import Kernels
import Models
import Synchronization
import Trainers

/// TinyBERT's data augmentation as its authors' code does it: one word is hidden at a time.
///
/// For every word of a text that is made of the letters a to z and is no stop word, a masked
/// language model reads the text with that word hidden, followed by the text itself as a second
/// one; the word's candidates are its M likeliest tokens there that begin a word. The original and
/// N copies of the text come of that. In a copy each of these words is replaced with probability p
/// by one of its candidates. In a pair first the one text changes, then the other, while the first
/// stays at its last copy. A pass over a row reads one of the copies or the original, all with the
/// same probability.
///
/// Source: Jiao et al. 2020 (arXiv 1909.10351), algorithm 1, and the behaviour of
/// `data_augmentation.py`; docs/methods/tinybert-augmentation.md lists every difference.
package final class WordByWordReplacement: Sendable {
  /// The replaceable words of a text, or of one of the two.
  private typealias Words = [(range: Range<Int>, candidates: [Int32])]

  private let model: MaskedLanguageModel
  private let tokenizer: any Tokenizer
  private let borders: WordBorders
  private let probability: Float
  private let candidates: Int
  private let copies: Int
  private let seed: UInt64
  private let frame: TextFrame
  private let special: Set<Int32>
  /// Words by row of the data set. What is kept changes no result, because a row's words are always
  /// found by themselves.
  private let known = Mutex<(rows: [Int: [Words]], ids: Int)>(([:], 0))
  /// No more candidates than these are kept.
  private static let keptIDs = 1 << 24
  /// The most tokens that the language model reads at once.
  private static let tokensPerPass = 2048

  /// - Parameter copies: N.
  package init(
    _ model: MaskedLanguageModel, tokenizer: any Tokenizer, borders: WordBorders,
    probability: Float, candidates: Int, copies: Int, seed: UInt64
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.borders = borders
    self.probability = probability
    self.candidates = candidates
    self.copies = copies
    self.seed = seed
    frame = TextFrame(tokenizer, isPair: true)
    special = Set(tokenizer.specialTokens.all)
  }

  /// What replaces what in a shard's texts.
  package struct Replacements {
    /// The chosen words with all their pieces, ascending.
    package var chosen: [Range<Int>] = []
    /// The token in place of each.
    package var new: [Int32?] = []
    /// How many words could have been chosen.
    package var words = 0
  }

  /// Which copies of a shard's texts a pass reads. They depend on a text's place in the batch and
  /// on its row, not on how the batch is split.
  ///
  /// - Parameters:
  ///   - draw: `StepContext.drawNumber`.
  ///   - tape: provides memory; nothing is recorded on it.
  package func replacements(in shard: Shard, draw: Int, tape: Tape) -> Replacements {
    var result = Replacements()
    for (text, place) in shard.places.enumerated() {
      let words = words(ofText: text, in: shard, tape: tape)
      var stream = RandomStream(seed: seed, purpose: .mask, step: draw, site: .text(place))
      let variant = stream.nextBelow(max(1, words.count) * (copies + 1))
      let start = shard.tokens.offsets[text]
      for (half, segment) in words.enumerated() {
        result.words += segment.count
        let copy = Self.copy(of: half, variant: variant, copies: copies)
        for (range, id) in replaced(segment, row: shard.rows[text], half: half, copy: copy) {
          result.chosen.append(start + range.lowerBound..<start + range.upperBound)
          result.new.append(id)
        }
      }
    }
    return result
  }

  /// The copy of a text of a pair (0 is the first, copy 0 the original) in a variant of the pair.
  package static func copy(of half: Int, variant: Int, copies: Int) -> Int {
    if half == 0 { return min(variant, copies) }
    return max(0, variant - (copies + 1))
  }

  /// What a copy of a text replaces.
  private func replaced(
    _ words: Words, row: Int, half: Int, copy: Int
  ) -> [(Range<Int>, Int32)] {
    guard copy > 0 else { return [] }
    var stream = RandomStream(
      seed: seed, purpose: .noise, step: copy, site: .row(row, half: half))
    return words.compactMap { range, candidates in
      let candidate = candidates[stream.nextBelow(candidates.count)]
      return stream.nextUniform() < probability ? (range, candidate) : nil
    }
  }

  /// The replaceable words of the one text or of both, with ranges counted from the beginning of
  /// the row.
  private func words(ofText text: Int, in shard: Shard, tape: Tape) -> [Words] {
    let row = shard.rows[text]
    if let found = known.withLock({ $0.rows[row] }) { return found }
    let offsets = shard.tokens.offsets
    let ids = Array(shard.tokens.ids[offsets[text]..<offsets[text + 1]])
    let ranges = borders.words(ofText: text, in: shard).map {
      $0.lowerBound - offsets[text]..<$0.upperBound - offsets[text]
    }
    let found = shard.halves(ofText: text).map { half in
      let segment = half.lowerBound - offsets[text]..<half.upperBound - offsets[text]
      return words(
        ranges.filter { segment.contains($0.lowerBound) && isReplaceable(ids[$0]) }, of: segment,
        ids: ids, tape: tape)
    }
    known.withLock { known in
      let size = found.joined().reduce(0) { $0 + $1.candidates.count }
      guard known.rows[row] == nil, known.ids + size <= Self.keptIDs else { return }
      known.rows[row] = found
      known.ids += size
    }
    return found
  }

  /// Whether a word is made of the letters a to z and is no stop word.
  private func isReplaceable(_ pieces: ArraySlice<Int32>) -> Bool {
    let word = pieces.compactMap { tokenizer.token(for: $0) }.map { token in
      token.hasPrefix("##") ? String(token.dropFirst(2)) : token.replacing("Ġ", with: "")
    }.joined()
    return !word.isEmpty && word.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) }
      && !EnglishStopWords.contains(word)
  }

  /// The candidates of some words of a text. A word that the model cannot see or for which it names
  /// none stays as it is and is left out.
  private func words(
    _ ranges: [Range<Int>], of segment: Range<Int>, ids: [Int32], tape: Tape
  ) -> Words {
    let limit = model.encoder.configuration.maximumLength
    let whole = Array(ids[segment])
    var words: Words = []
    var passage: [(range: Range<Int>, encoding: Encoding, mask: Int)] = []
    func read() {
      guard !passage.isEmpty else { return }
      for (word, likely) in zip(passage, likeliest(passage.map { ($0.encoding, $0.mask) }, tape)) {
        let fitting = likely.filter { borders.beginsWord($0) && !special.contains($0) }
        if !fitting.isEmpty { words.append((word.range, fitting)) }
      }
      passage = []
    }
    for range in ranges {
      let before = ids[segment.lowerBound..<range.lowerBound]
      let after = ids[range.upperBound..<segment.upperBound]
      let hidden = before + [tokenizer.specialTokens.mask] + after
      var encoding = frame.encoding(first: Array(hidden), second: whole)
      // One special token stands before the text.
      let mask = 1 + before.count
      guard mask < limit else { continue }
      if encoding.ids.count > limit {
        encoding.ids.removeLast(encoding.ids.count - limit)
        encoding.typeIDs.removeLast(encoding.typeIDs.count - limit)
      }
      if (passage.count + 1) * encoding.ids.count > Self.tokensPerPass { read() }
      passage.append((range, encoding, mask))
    }
    read()
    return words
  }

  /// The model's likeliest tokens in place of the hidden one of each text.
  private func likeliest(_ texts: [(encoding: Encoding, mask: Int)], _ tape: Tape) -> [[Int32]] {
    var tokens = PackedTokens(ids: [], typeIDs: [], offsets: [0])
    var rows: [Int] = []
    for (encoding, mask) in texts {
      rows.append(tokens.ids.count + mask)
      tokens.ids += encoding.ids
      tokens.typeIDs += encoding.typeIDs.map(Int32.init)
      tokens.offsets.append(tokens.ids.count)
    }
    let own = Tape(pool: tape.pool, seed: tape.seed, step: tape.step, precision: tape.precision)
    let logits = model.logits(tokens, rows: rows, tape: own, training: false)
    return Kernel.largestColumns(logits.value, count: candidates)
  }
}
