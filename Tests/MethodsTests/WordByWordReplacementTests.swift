import Autograd
import Data
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// TinyBERT's augmentation as in the official code: one word at a time, copies, no stop words.
@Suite struct WordByWordReplacementTests {
  private let toy: ToyWorld
  private let model: MaskedLanguageModel

  init() throws {
    toy = try ToyWorld()
    // Positions for a text twice over.
    var shape = toy.shape(dropout: 0.1)
    shape.maximumPositions = 64
    model = MaskedLanguageModel(shape)
    model.initialize(seed: 3)
  }

  private func replacement(
    _ probability: Float = 0.4, candidates: Int = 5, copies: Int = 4
  ) -> WordByWordReplacement {
    WordByWordReplacement(
      model, tokenizer: toy.tokenizer, borders: WordBorders(toy.tokenizer),
      probability: probability, candidates: candidates, copies: copies, seed: 3)
  }

  private var tape: Tape { Tape(pool: poisonedPool()) }

  /// The texts of a draw, by their place.
  private func texts(
    _ replacement: WordByWordReplacement, draw: Int, lanes: Int = 1
  ) -> [[Int32]] {
    var texts: [[Int32]] = Array(repeating: [], count: 24)
    for shard in Shard.split(toy.train.batch(Array(0..<24)), lanes: lanes) {
      let found = replacement.replacements(in: shard, draw: draw, tape: tape)
      let tokens =
        found.chosen.isEmpty
        ? shard.tokens : shard.tokens.replacing(found.chosen, with: found.new).tokens
      for (text, place) in shard.places.enumerated() {
        texts[place] = Array(tokens.ids[tokens.range(text)])
      }
    }
    return texts
  }

  private func spelled(_ ids: some Sequence<Int32>) -> [String] {
    ids.map { toy.tokenizer.token(for: $0) ?? "?" }
  }

  /// With every word replaced by its likeliest one, a copy is what the model says about each word
  /// alone, with the whole text behind it.
  @Test func aWordIsHiddenAloneBesideTheText() throws {
    let special = toy.tokenizer.specialTokens
    let borders = WordBorders(toy.tokenizer)
    let replacement = replacement(1, candidates: 1, copies: 1)
    let shard = Shard.split(toy.train.batch([0]), lanes: 1)[0]
    let draw = try #require(
      (0..<50).first { !replacement.replacements(in: shard, draw: $0, tape: tape).chosen.isEmpty })
    let found = replacement.replacements(in: shard, draw: draw, tape: tape)
    let text = Array(shard.tokens.ids.dropFirst().dropLast())
    var checked = 0
    for word in borders.words(ofText: 0, in: shard) where word.count == 1 {
      let name = spelled([shard.tokens.ids[word.lowerBound]])[0]
      var hidden = text
      hidden[word.lowerBound - 1] = special.mask
      let ids = [special.cls] + hidden + [special.sep] + text + [special.sep]
      let types = [Int32](repeating: 0, count: hidden.count + 2) + text.map { _ in 1 } + [1]
      let logits = model.logits(
        PackedTokens(ids: ids, typeIDs: types, offsets: [0, ids.count]),
        rows: [word.lowerBound], tape: tape, training: false)
      let best = Kernel.argmaxRows(logits.value)[0]
      let place = found.chosen.firstIndex(of: word)
      let offered = spelled([best])[0]
      if name == "the" || name == "a" || offered.hasPrefix("##") || special.all.contains(best) {
        #expect(place == nil, "\(name)")
      } else if let place {
        #expect(found.new[place] == best, "\(name)")
        checked += 1
      }
    }
    #expect(checked > 0)
    #expect(
      found.chosen.count == found.words, "with probability 1 every candidate word is replaced")
  }

  @Test func stopWordsStay() {
    let replacement = replacement(1, candidates: 40, copies: 1)
    var seen = 0
    for draw in 0..<10 {
      for (old, new) in zip(texts(self.replacement(0), draw: draw), texts(replacement, draw: draw))
      {
        // Words of several pieces become one token, so count what is left of the stop words.
        for stop in ["the", "a", "is", "was", "and", "of"] {
          let before = spelled(old).count { $0 == stop }
          seen += before
          #expect(spelled(new).count { $0 == stop } >= before, "\(stop)")
        }
      }
    }
    #expect(seen > 0, "the toy's texts have stop words")
  }

  @Test func aPassReadsACopyOrTheOriginal() {
    let replacement = replacement(0.9, copies: 4)
    let originals = texts(self.replacement(0), draw: 0)
    #expect(originals.flatMap { $0 } == toy.train.batch(Array(0..<24)).tokens.ids)
    var versions: [Set<[Int32]>] = Array(repeating: [], count: 24)
    var untouched = 0
    for draw in 0..<100 {
      for (text, ids) in texts(replacement, draw: draw).enumerated() {
        versions[text].insert(ids)
        if ids == originals[text] { untouched += 1 }
      }
    }
    // The original and four copies, some of which may be equal; no others.
    #expect(versions.allSatisfy { $0.count <= 5 } && versions.contains { $0.count == 5 })
    // A fifth of 2400 passes at least, within six standard deviations; copies rarely equal it.
    let expected = 2400.0 / 5
    #expect(Double(untouched) > expected - 6 * (2400 * 0.2 * 0.8).squareRoot())
    #expect(untouched < 1200)
  }

  @Test func neitherTheSplitNorTheOrderOfWorkMatters() {
    let once = replacement(0.5)
    let forwards = (0..<6).map { texts(once, draw: $0) }
    let other = replacement(0.5)
    let backwards = (0..<6).reversed().map { texts(other, draw: $0, lanes: 3) }
    #expect(forwards == backwards.reversed())
    #expect(Set(forwards).count > 1)
  }

  /// In a pair first one text changes beside the other's original, then the other beside the last
  /// copy of the first.
  @Test func variantsOfAPair() {
    let variants = (0..<6).map { variant in
      (0..<2).map { WordByWordReplacement.copy(of: $0, variant: variant, copies: 2) }
    }
    #expect(variants == [[0, 0], [1, 0], [2, 0], [2, 0], [2, 1], [2, 2]])
  }

  @Test func bothTextsOfAPairAreFound() throws {
    let special = toy.tokenizer.specialTokens
    let words = toy.train.batch([0, 1])
    let texts = (0..<2).map {
      Array(words.tokens.ids[words.tokens.range($0)].dropFirst().dropLast())
    }
    let data = TokenizedDataset(encodings: [
      Encoding(
        ids: [special.cls] + texts[0] + [special.sep] + texts[1] + [special.sep],
        typeIDs: [UInt8](repeating: 0, count: texts[0].count + 2)
          + [UInt8](repeating: 1, count: texts[1].count + 1),
        isSpecial: [true] + texts[0].map { _ in false } + [true] + texts[1].map { _ in false }
          + [true])
    ])
    let shard = Shard.split([0], of: data, lanes: 1)[0]
    let replacement = replacement(1, copies: 1)
    let border = texts[0].count + 1
    var halves: Set<[Bool]> = []
    for draw in 0..<60 {
      let found = replacement.replacements(in: shard, draw: draw, tape: tape)
      let isFirst = found.chosen.contains { $0.lowerBound < border }
      halves.insert([isFirst, found.chosen.contains { $0.lowerBound > border }])
      #expect(found.chosen == found.chosen.sorted { $0.lowerBound < $1.lowerBound })
    }
    // Neither, the first alone, and both, but never the second alone.
    #expect(halves == [[false, false], [true, false], [true, true]])
  }

  @Test func theMethodsReadTheirKeys() throws {
    let lesson = try LayerMethodsTests.Lesson()
    let tinybert = try #require(MethodRegistry.named("tinybert"))
    let official = #"{"augmentation": "official", "copies": 3, "replacement_probability": 0.9}"#
    #expect(try tinybert.generatorUse(methodSection(official)) == .needed)
    #expect(try tinybert.generatorUse(methodSection(#"{"augmentation": "none"}"#)) == .nothing)
    #expect(try tinybert.generatorUse(methodSection("{}")) == .nothing)
    #expect(throws: (any Error).self) {
      try tinybert.configure(methodSection(#"{"copies": 3}"#))
    }
    let plain = try lesson.step(lesson.method("tinybert"))
    #expect(plain.scalars["words"] == 0)
    for form in ["official", "joint"] {
      let keys = #"{"augmentation": "\#(form)", "replacement_probability": 0.9}"#
      let method = try lesson.method("tinybert", keys)
      let changed = try lesson.step(method)
      #expect(changed.scalars["replacement_rate"] > 0 && changed.scalars["words"] > 0, "\(form)")
      #expect(changed.scalars["hidden_loss"] != plain.scalars["hidden_loss"], "\(form)")
      // Step 2 reads the texts themselves unless told otherwise.
      let second = try lesson.step(method, number: 8)
      #expect(second.scalars["kd_loss"] > 0 && second.scalars["words"] == 0, "\(form)")
    }
    let both = try lesson.step(
      lesson.method(
        "tinybert",
        #"{"augmentation": "joint", "replacement_probability": 0.9, "augment_prediction": true}"#),
      number: 8)
    #expect(both.scalars["kd_loss"] > 0 && both.scalars["words"] > 0)
  }
}
