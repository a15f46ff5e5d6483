import Data
import Foundation
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// Words that a masked language model replaces.
@Suite struct WordReplacementTests {
  private func replacement(
    _ toy: ToyWorld, probability: Float = 0.4, candidates: Int = 5
  ) -> WordReplacement {
    WordReplacement(
      probability: probability, candidates: candidates, borders: WordBorders(toy.tokenizer),
      maskID: toy.tokenizer.specialTokens.mask, seed: 3)
  }

  /// The texts of a batch with replaced words, in the order of the batch.
  private func rewritten(
    _ toy: ToyWorld, _ replacement: WordReplacement, lanes: Int, draw: Int = 0
  ) -> [[Int32]] {
    let vocabulary = toy.tokenizer.vocabularySize
    var texts: [[Int32]] = Array(repeating: [], count: 24)
    for shard in Shard.split(toy.train.batch(Array(0..<24)), lanes: lanes) {
      let chosen = replacement.choose(shard, draw: draw).chosen
      // The same logits everywhere: what is drawn depends on nothing else.
      let logits = Matrix(zeros: chosen.count, vocabulary)
      let new = replacement.draw(chosen, logits: logits, of: shard, draw: draw)
      let tokens = shard.tokens.replacing(chosen, with: new).tokens
      for (text, place) in shard.places.enumerated() {
        texts[place] = Array(tokens.ids[tokens.offsets[text]..<tokens.offsets[text + 1]])
      }
    }
    return texts
  }

  @Test func independentOfTheSplitAndNewInEveryPass() throws {
    let toy = try ToyWorld()
    let replacement = replacement(toy, candidates: toy.tokenizer.vocabularySize)
    let once = rewritten(toy, replacement, lanes: 1)
    #expect(rewritten(toy, replacement, lanes: 3) == once)
    #expect(rewritten(toy, replacement, lanes: 1, draw: 1) != once)
    let original = rewritten(toy, self.replacement(toy, probability: 0), lanes: 2)
    let batch = toy.train.batch(Array(0..<24))
    #expect(original.flatMap { $0 } == batch.tokenIDs)
    #expect(once != original)
  }

  @Test func shareOfWords() throws {
    let toy = try ToyWorld()
    let replacement = replacement(toy)
    let shard = Shard.split(toy.train.batch(Array(0..<24)), lanes: 1)[0]
    var (chosen, words) = (0, 0)
    for draw in 0..<100 {
      let found = replacement.choose(shard, draw: draw)
      chosen += found.chosen.count
      words += found.words
      for word in found.chosen { #expect(!shard.isSpecial[word].contains(true)) }
    }
    // Six standard deviations of a binomial distribution.
    let trials = Double(words)
    #expect(trials > 1000)
    #expect(abs(Double(chosen) - 0.4 * trials) < 6 * (trials * 0.4 * 0.6).squareRoot())
  }

  /// Every candidate is drawn sooner or later, and no other word.
  @Test func drawnAmongTheLikeliestWords() throws {
    let toy = try ToyWorld()
    let replacement = replacement(toy, candidates: 4)
    let borders = WordBorders(toy.tokenizer)
    let shard = Shard.split(toy.train.batch(Array(0..<24)), lanes: 1)[0]
    let ids = (0..<Int32(toy.tokenizer.vocabularySize))
    let words = Array(ids.filter(borders.isWholeWord).prefix(3))
    // The likeliest four: three words, and one token that is none.
    let logits = Matrix(zeros: 1, toy.tokenizer.vocabularySize)
    for id in words + [toy.tokenizer.specialTokens.unknown] { logits[0, Int(id)] = 5 }
    let word = borders.words(ofText: 0, in: shard)[0]
    let drawn = (0..<200).flatMap {
      replacement.draw([word], logits: logits, of: shard, draw: $0)
    }
    for candidate in words {
      // A third of 200, within six standard deviations.
      #expect(abs(drawn.count { $0 == candidate } - 67) < 40)
    }
    #expect(drawn.allSatisfy { $0.map(words.contains) ?? false })
  }

  @Test func noWordAmongTheLikeliestLeavesTheTextAlone() throws {
    let toy = try ToyWorld()
    let shard = Shard.split(toy.train.batch(Array(0..<24)), lanes: 1)[0]
    let replacement = replacement(toy, probability: 1, candidates: 1)
    let chosen = replacement.choose(shard, draw: 0).chosen
    // All logits are equal: the first token is the likeliest, and that is [PAD].
    let logits = Matrix(zeros: chosen.count, toy.tokenizer.vocabularySize)
    let new = replacement.draw(chosen, logits: logits, of: shard, draw: 0)
    #expect(!chosen.isEmpty && new.allSatisfy { $0 == nil })
    #expect(shard.tokens.replacing(chosen, with: new).tokens.ids == shard.tokens.ids)
  }

  @Test func wordsOfSeveralPieces() throws {
    let scratch = try ScratchFolder()
    let vocabulary = [
      "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "un", "##watch", "##able", "film", "a",
      "2",
      "##nd", "b", "##4", "é", "##é",
    ]
    try vocabulary.joined(separator: "\n").write(
      toFile: "\(scratch.path)/vocab.txt", atomically: true, encoding: .utf8)
    let borders = WordBorders(try TokenizerLoader.load(folder: scratch.path))
    let tokens = [
      "[CLS]", "un", "##watch", "##able", "film", ".", "[SEP]", "a", "2", "##nd", "b", "##4", "é",
      "##é", "[UNK]", "##nd", "[SEP]",
    ]
    var batch = PackedBatch()
    batch.tokens = PackedTokens(
      ids: tokens.map { Int32(truncatingIfNeeded: vocabulary.firstIndex(of: $0) ?? 1) },
      typeIDs: tokens.indices.map { $0 > 6 ? 1 : 0 }, offsets: [0, tokens.count])
    batch.isSpecial = tokens.map { $0 == "[CLS]" || $0 == "[SEP]" }
    batch.rows = [0]
    let shard = Shard(index: 0, batch: batch, places: [0])
    let words = borders.words(ofText: 0, in: shard)
    #expect(words == [1..<4, 4..<5, 7..<8, 12..<14])
    #expect(
      vocabulary.indices.filter { borders.isWholeWord(Int32($0)) }.map { vocabulary[$0] }
        == ["un", "film", "a", "b", "é"])
    let (result, rows) = shard.tokens.replacing(
      [words[0], words[1], words[3]], with: [10, nil, 4])
    #expect(result.ids == [2, 10, 9, 5, 3, 10, 11, 12, 13, 14, 4, 1, 12, 3])
    #expect(result.typeIDs == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    #expect(result.offsets == [0, 14] && rows == [1, 10])
  }

  @Test func wordsOfByteLevelEncodings() throws {
    let tokenizer = try TokenizerLoader.load(folder: TestFiles.golden("byte-level/files"))
    let encoding: Encoding = tokenizer.encode("The cat sat. Now, stop", maxLength: 64)
    var batch = PackedBatch()
    batch.tokens = PackedTokens(
      ids: encoding.ids, typeIDs: encoding.ids.map { _ in 0 }, offsets: [0, encoding.ids.count])
    batch.isSpecial = encoding.isSpecial
    batch.rows = [0]
    let shard = Shard(index: 0, batch: batch, places: [0])
    let borders = WordBorders(tokenizer)
    let spelled = borders.words(ofText: 0, in: shard).map { word in
      batch.tokenIDs[word].map { tokenizer.token(for: $0) ?? "?" }.joined()
        .replacing("Ġ", with: "")
    }
    #expect(spelled == ["The", "cat", "sat", "Now", "stop"])
    #expect(encoding.ids.count > 9)  // some word has several pieces
  }

  /// Without replacements both texts are the same.
  @Test func withoutReplacementsTheAugmentedTermIsTheCleanOne() throws {
    let lesson = try LayerMethodsTests.Lesson()
    let (scalars, gradients) = try lesson.step(
      lesson.method("tinybert-augmentation", #"{"replacement_probability": 0}"#))
    #expect(scalars["replacement_rate"] == 0 && scalars["kd_loss"] > 0)
    #expect(
      Network.ofMethods.agrees(scalars["augmented_kd_loss"], scalars["kd_loss"], evaluations: 2))
    let kd = try lesson.step(
      lesson.method("kd", #"{"loss_weights": {"ce": 0.3333333, "kd": 0.6666667}}"#))
    #expect(Network.ofMethods.agrees(scalars["loss"], kd.scalars["loss"], evaluations: 2))
    #expect(Network.ofMethods.agree(gradients, kd.gradients))
  }

  @Test func replacementsChangeTheTextAndAreCounted() throws {
    let lesson = try LayerMethodsTests.Lesson()
    let scalars = try lesson.step(
      lesson.method("tinybert-augmentation", #"{"replacement_probability": 0.6}"#)
    ).scalars
    #expect(scalars["replacement_rate"] > 0.3 && scalars["replacement_rate"] < 0.9)
    #expect(scalars["unchanged_rate"] < 0.9)
    #expect(abs(scalars["augmented_kd_loss"] / scalars["kd_loss"] - 1) > 1e-3)
  }

  @Test func needsAModel() throws {
    let lesson = try LayerMethodsTests.Lesson()
    let setup = DistillationSetup(
      student: lesson.student, teacher: lesson.teacher, generator: nil, maskID: 4,
      teacherCache: lesson.setup.teacherCache, studentTraining: lesson.setup.studentTraining,
      totalSteps: 1, labelSmoothing: 0, tokenizer: lesson.toy.tokenizer)
    #expect(throws: MismatchError.self) {
      try TinyBERTAugmentation(setup, settings: TinyBERTAugmentation.Settings())
    }
  }
}
