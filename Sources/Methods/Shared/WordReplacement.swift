import Data
import Kernels
import Trainers

/// Where words begin in a sequence of tokens, judged by the spelling of the vocabulary.
package struct WordBorders: Sendable {
  /// Whether a token goes on with the word before it.
  private enum Joint: Sendable { case never, always, afterLetters }

  private let joints: [Joint]
  /// True for tokens of letters alone.
  private let isLetters: [Bool]

  /// The borders of WordPiece (`##` continues), or of byte-level encodings and Unigram (`Ġ` or `▁`
  /// begins a word; without it, letters continue a word of letters).
  package init(_ tokenizer: any Tokenizer) {
    let beginning: String? =
      switch tokenizer.kind {
      case .wordPiece: nil
      case .bytePair: "Ġ"
      case .unigram: "\u{2581}"
      }
    var joints: [Joint] = []
    var isLetters: [Bool] = []
    for id in 0..<Int32(tokenizer.vocabularySize) {
      var spelling = Substring(tokenizer.token(for: id) ?? "")
      var joint = Joint.never
      if let beginning {
        joint = spelling.hasPrefix(beginning) ? .never : .afterLetters
        if joint == .never { spelling = spelling.dropFirst() }
      } else if spelling.hasPrefix("##") {
        spelling = spelling.dropFirst(2)
        joint = .always
      }
      let letters = !spelling.isEmpty && spelling.allSatisfy(\.isLetter)
      // A token that begins with punctuation begins a new unit.
      joints.append(joint == .afterLetters && !letters ? .never : joint)
      isLetters.append(letters)
    }
    self.joints = joints
    self.isLetters = isLetters
  }

  /// Whether a token is a whole word wherever it stands: only letters, and no continuation of a
  /// word.
  package func isWholeWord(_ id: Int32) -> Bool {
    let index = Int(id)
    return joints.indices.contains(index) && joints[index] == .never && isLetters[index]
  }

  /// Whether a token begins a word or stands alone, rather than going on with the word before it.
  func beginsWord(_ id: Int32) -> Bool {
    let index = Int(id)
    return joints.indices.contains(index) && joints[index] == .never
  }

  /// The words of a text of a shard, with all their pieces, as ascending ranges of tokens. Only
  /// words made of letters count.
  package func words(ofText text: Int, in shard: Shard) -> [Range<Int>] {
    let tokens = shard.tokens.offsets[text]..<shard.tokens.offsets[text + 1]
    var words: [Range<Int>] = []
    var start = tokens.lowerBound
    var isWord = false
    for row in tokens {
      let id = Int(shard.tokens.ids[row])
      let letters = !shard.isSpecial[row] && isLetters[id]
      let continues =
        row > tokens.lowerBound && !shard.isSpecial[row]
        && (joints[id] == .always || joints[id] == .afterLetters && isWord)
      if continues {
        isWord = isWord && letters
      } else {
        if isWord { words.append(start..<row) }
        start = row
        isWord = letters
      }
    }
    if isWord { words.append(start..<tokens.upperBound) }
    return words
  }
}

/// Replaces words by words that a masked language model finds likely in their place: TinyBERT's
/// data augmentation on the fly, with new draws for every forward pass.
///
/// All chosen words of a text are hidden together; a word of several pieces becomes one [MASK], so
/// that words of one piece can take its place.
package struct WordReplacement: Sendable {
  /// Probability that a word is chosen.
  let probability: Float
  /// Likeliest words among which the new one is drawn.
  let candidates: Int
  let borders: WordBorders
  let maskID: Int32
  let seed: UInt64

  package init(
    probability: Float, candidates: Int, borders: WordBorders, maskID: Int32, seed: UInt64
  ) {
    self.probability = probability
    self.candidates = candidates
    self.borders = borders
    self.maskID = maskID
    self.seed = seed
  }

  /// The chosen words of a shard, and how many there were to choose from.
  ///
  /// A text's choice depends on its place in the batch, not on how the batch is split.
  /// - Parameter draw: `StepContext.drawNumber`.
  package func choose(_ shard: Shard, draw: Int) -> (chosen: [Range<Int>], words: Int) {
    var chosen: [Range<Int>] = []
    var count = 0
    for (text, place) in shard.places.enumerated() {
      var stream = RandomStream(seed: seed, purpose: .mask, step: draw, site: .text(place))
      let words = borders.words(ofText: text, in: shard)
      count += words.count
      for word in words where stream.nextUniform() < probability { chosen.append(word) }
    }
    return (chosen, count)
  }

  /// The words that take the place of the chosen ones; nil if the model offers no word.
  ///
  /// - Parameter logits: the model's, a row for each chosen word.
  package func draw(
    _ chosen: [Range<Int>], logits: Matrix, of shard: Shard, draw: Int
  ) -> [Int32?] {
    var streams = shard.places.map {
      RandomStream(seed: seed, purpose: .noise, step: draw, site: .text($0))
    }
    var text = 0
    return zip(chosen, Kernel.largestColumns(logits, count: candidates)).map { word, likely in
      while shard.tokens.offsets[text + 1] <= word.lowerBound { text += 1 }
      let words = likely.filter(borders.isWholeWord)
      return words.isEmpty ? nil : words[streams[text].nextBelow(words.count)]
    }
  }
}

extension PackedTokens {
  /// The same texts with single tokens in place of some ranges of tokens; nil keeps a range as it
  /// is. A range's segment is that of its first token.
  ///
  /// - Parameter ranges: not empty, ascending, each within one text.
  /// - Returns: the texts, and where the new tokens are.
  package func replacing(
    _ ranges: [Range<Int>], with replacements: [Int32?]
  ) -> (tokens: PackedTokens, rows: [Int]) {
    var result = PackedTokens(ids: [], typeIDs: [], offsets: [0])
    var rows: [Int] = []
    var next = 0
    for text in 0..<count {
      var row = offsets[text]
      while row < offsets[text + 1] {
        var end = row + 1
        var replacement: Int32?
        if next < ranges.count, ranges[next].lowerBound == row {
          replacement = replacements[next]
          end = ranges[next].upperBound
          next += 1
        }
        if let replacement {
          rows.append(result.ids.count)
          result.ids.append(replacement)
          result.typeIDs.append(typeIDs[row])
        } else {
          result.ids.append(contentsOf: ids[row..<end])
          result.typeIDs.append(contentsOf: typeIDs[row..<end])
        }
        row = end
      }
      result.offsets.append(result.ids.count)
    }
    return (result, rows)
  }
}
