import Data
import Methods
import Models
import TestSupport
import Testing

/// The rows that methods make when no training data is opened.
@Suite struct SyntheticTextsTests {
  private func dataset(
    _ texts: SyntheticTexts, task: TaskDescription = .sst2, maximumLength: Int = 24,
    seed: UInt64 = 3
  ) throws -> (TokenizedDataset, any Tokenizer) {
    let toy = try ToyWorld(rows: 1)
    return (
      try texts.dataset(
        for: task, tokenizer: toy.tokenizer, maximumLength: maximumLength, seed: seed,
        pool: toy.pool), toy.tokenizer
    )
  }

  @Test func placeholdersBetweenSpecialTokens() throws {
    let texts = SyntheticTexts(
      words: .masks, rows: 3000, meanLength: 10, lengthDeviation: 2, minimumLength: 4)
    let (data, tokenizer) = try dataset(texts)
    let batch = data.batch(Array(0..<data.count))
    let special = tokenizer.specialTokens
    for text in 0..<batch.count {
      let range = batch.offsets[text]..<batch.offsets[text + 1]
      #expect(Array(batch.tokenIDs[range]).first == special.cls)
      #expect(Array(batch.tokenIDs[range]).last == special.sep)
      #expect(batch.tokenIDs[range].dropFirst().dropLast().allSatisfy { $0 == special.mask })
      #expect(batch.isSpecial[range].count { $0 } == 2)
      #expect(range.count >= 6 && range.count <= 24)
      #expect(batch.typeIDs[range].allSatisfy { $0 == 0 })
    }
    let lengths = data.lengths.map { Double($0 - 2) }
    let mean = lengths.reduce(0, +) / 3000
    let deviation = (lengths.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3000).squareRoot()
    #expect(abs(mean - 10) < 0.25 && abs(deviation - 2) < 0.25)
    for label: Int32 in [0, 1] { #expect(batch.targets.classes.count { $0 == label } == 1500) }
    #expect(try dataset(texts).0.contentHash == data.contentHash)
    #expect(try dataset(texts, seed: 4).0.contentHash != data.contentHash)
  }

  @Test func randomWordsAreNeverSpecial() throws {
    let (data, tokenizer) = try dataset(SyntheticTexts(words: .random, rows: 200))
    let batch = data.batch(Array(0..<data.count))
    let special = Set(tokenizer.specialTokens.all)
    for (id, isSpecial) in zip(batch.tokenIDs, batch.isSpecial) {
      #expect(special.contains(id) == isSpecial)
    }
    let used = Set(batch.tokenIDs)
    #expect(used.count > tokenizer.vocabularySize / 2)
  }

  @Test func pairsHaveBothTexts() throws {
    let (data, tokenizer) = try dataset(
      SyntheticTexts(words: .masks, rows: 6, meanLength: 5, lengthDeviation: 0), task: .mnli)
    let special = tokenizer.specialTokens
    let words = Array(repeating: special.mask, count: 5)
    let batch = data.batch([4])
    #expect(batch.tokenIDs == [special.cls] + words + [special.sep] + words + [special.sep])
    #expect(batch.typeIDs == Array(repeating: 0, count: 7) + Array(repeating: 1, count: 6))
    #expect(batch.isSpecial.indices.filter { batch.isSpecial[$0] } == [0, 6, 12])
    #expect(batch.targets.classes == [1])
  }

  @Test func linesOfACorpus() throws {
    let toy = try ToyWorld(rows: 1)
    let path = "\(toy.scratch.path)/corpus.txt"
    try "good film\nbad\n\nfilm\n".write(toFile: path, atomically: true, encoding: .utf8)
    func tokens(_ task: TaskDescription, rows: Int) throws -> [[Int32]] {
      let data = try SyntheticTexts(words: .corpus(path), rows: rows).dataset(
        for: task, tokenizer: toy.tokenizer, maximumLength: 24, seed: 1, pool: toy.pool)
      return (0..<data.count).map { Array(data.tokenIDs($0)) }
    }
    func words(_ text: String) -> [Int32] { toy.tokenizer.encode(Array(text.utf8)[...]) }
    let special = toy.tokenizer.specialTokens
    #expect(
      try tokens(.sst2, rows: 2)
        == ["good film", "bad"].map {
          [special.cls] + words($0) + [special.sep]
        })
    #expect(try tokens(.sst2, rows: 9).count == 3)
    #expect(
      try tokens(.mnli, rows: 1) == [
        [special.cls] + words("good film") + [special.sep] + words("bad") + [special.sep]
      ])
  }

  @Test func noRoomForWords() throws {
    #expect(throws: MismatchError.self) {
      try dataset(SyntheticTexts(words: .masks, rows: 1), task: .mnli, maximumLength: 4)
    }
  }
}
