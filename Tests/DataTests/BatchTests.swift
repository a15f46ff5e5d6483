import Data
import Kernels
import Testing

@Suite("Tokenised data, batches and samplers")
struct BatchTests {
  private func dataset(threads: Int) throws -> TokenizedDataset {
    let source = SyntheticSentiment(trainRows: 1100, developmentRows: 1, testRows: 1, seed: 3)
    var text = TextDataset(source: "synthetic", task: .sst2)
    for (line, example) in source.examples(.train).enumerated() {
      text.append(
        Array(example.text.utf8)[...], nil, label: .class(Int32(example.label)), line: line + 1)
    }
    let tokenizer = WordPieceTokenizer(
      vocabulary: Vocabulary(tokens: SyntheticSentiment.vocabulary.map { Array($0.utf8) }),
      specialTokens: SpecialTokens(pad: 0, unknown: 1, cls: 2, sep: 3, mask: 4),
      normalization: Normalization(lowersCase: true))
    return TokenizedDataset(
      text, tokenizer: tokenizer, maximumLength: 16, pool: ThreadPool(threads: threads))
  }

  @Test("the number of threads changes nothing")
  func threads() throws {
    let one = try dataset(threads: 1)
    let three = try dataset(threads: 3)
    #expect(one.count == 1100)
    #expect(one.contentHash == three.contentHash)
    #expect(one.batch(0..<1100) == three.batch(0..<1100))
  }

  @Test("a batch packs the rows asked for, in their order")
  func packing() throws {
    let data = try dataset(threads: 2)
    let rows = [700, 3, 3, 1099]
    let batch = data.batch(rows)
    #expect(batch.rows == rows)
    #expect(batch.count == 4)
    #expect(batch.targets.classes.count == 4)
    #expect(batch.targets.scores.isEmpty)
    for (place, row) in rows.enumerated() {
      let tokens = batch.tokens.offsets[place]..<batch.tokens.offsets[place + 1]
      #expect(batch.tokens.ids[tokens].elementsEqual(data.tokenIDs(row)))
      #expect(tokens.count == data.lengths[row])
      #expect(tokens.count <= 16)
      #expect(batch.tokens.ids[tokens.lowerBound] == 2)
      #expect(batch.tokens.ids[tokens.upperBound - 1] == 3)
      #expect(tokens.filter { batch.isSpecial[$0] } == [tokens.lowerBound, tokens.upperBound - 1])
    }
    #expect(data.lengths.max() == 16)
    #expect(data.batch([]).count == 0)
  }

  @Test("every row once an epoch", arguments: Sampler.Strategy.allCases, [1, 7, 32, 5000])
  func coverage(_ strategy: Sampler.Strategy, _ size: Int) {
    let lengths = (0..<1000).map { 3 + $0 * 7919 % 61 }
    let sampler = Sampler(strategy: strategy, lengths: lengths, batchSize: size, seed: 1)
    let batches = sampler.batches(epoch: 2)
    #expect(batches.joined().sorted() == Array(0..<1000))
    #expect(batches.count == (1000 + size - 1) / size)
    #expect(batches.dropLast().allSatisfy { $0.count == size })
    #expect(batches == sampler.batches(epoch: 2))
    let full = Sampler(
      strategy: strategy, lengths: lengths, batchSize: size, seed: 1, dropLast: true)
    #expect(full.batches(epoch: 0).count == 1000 / size)
    #expect(full.batches(epoch: 0).allSatisfy { $0.count == size })
    guard size < 1000 else { return }
    let differs = sampler.batches(epoch: 3) != batches
    #expect(differs == (strategy != .sequential))
  }

  @Test("grouping by length leaves hardly anything to pad")
  func grouping() {
    let lengths = (0..<5000).map { 3 + $0 * 7919 % 61 }
    func padded(_ strategy: Sampler.Strategy) -> Int {
      Sampler(strategy: strategy, lengths: lengths, batchSize: 32, seed: 1).batches(epoch: 0)
        .reduce(0) { $0 + $1.count * ($1.map { lengths[$0] }.max() ?? 0) }
    }
    let real = lengths.reduce(0, +)
    #expect(padded(.groupByLength) < real * 105 / 100)
    #expect(padded(.random) > real * 160 / 100)
    #expect(
      Sampler(strategy: .groupByLength, lengths: [], batchSize: 4, seed: 1).batches(epoch: 0)
        == [])
  }
}
