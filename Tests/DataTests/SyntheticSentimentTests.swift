import Data
import TestSupport
import Testing

@Suite("Synthetic sentiment")
struct SyntheticSentimentTests {
  let small = SyntheticSentiment(trainRows: 300, developmentRows: 60, testRows: 40, seed: 7)

  @Test("equal seeds give equal data, other seeds other data, and splits share no text")
  func seeds() {
    #expect(small.examples(.train) == small.examples(.train))
    var other = small
    other.seed = 8
    #expect(small.examples(.train) != other.examples(.train))
    let all = Split.allCases.flatMap { small.examples($0).map(\.text) }
    #expect(Set(all).count == 400)
    let held = Set((small.examples(.validation) + small.examples(.test)).map(\.text))
    #expect(held.isDisjoint(with: small.corpus(rows: 200)))
  }

  @Test("labels are balanced and every word is one token of the vocabulary")
  func language() {
    let tokens = SyntheticSentiment.vocabulary
    #expect(Set(tokens).count == tokens.count)
    let tokenizer = WordPieceTokenizer(
      vocabulary: Vocabulary(tokens: tokens.map { Array($0.utf8) }),
      specialTokens: SpecialTokens(pad: 0, unknown: 1, cls: 2, sep: 3, mask: 4),
      normalization: Normalization(lowersCase: true))
    let examples = small.examples(.train)
    let positive = examples.count { $0.label == 1 }
    #expect(positive > 100 && positive < 200)
    for example in examples {
      let ids = tokenizer.encode(example.text)
      #expect(!ids.contains(1), "\(example.text)")
      #expect(ids.count == example.text.split(separator: " ").count)
    }
  }

  @Test("the written files read back as the same examples")
  func files() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.path
    try small.writeDataset(to: folder + "/SST-2")
    let train = try DatasetReader.read(task: .sst2, split: .train, directory: folder)
    #expect(train.count == 300)
    for (row, example) in small.examples(.train).enumerated() {
      #expect(train.first(row).elementsEqual("\(example.text) ".utf8))
      #expect(train.label(row) == .class(Int32(example.label)))
    }
    let test = try DatasetReader.read(task: .sst2, split: .test, directory: folder)
    #expect(test.count == 40)
    #expect(test.label(0) == TextDataset.Label.none)
  }
}
