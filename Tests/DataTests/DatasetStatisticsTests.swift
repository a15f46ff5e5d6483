import Data
import Files
import Kernels
import TestSupport
import Testing

@Suite("Statistics of data sets")
struct DatasetStatisticsTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static let pool = ThreadPool(threads: 2)

  @Test("lengths and what a limit cuts off")
  func lengths() {
    let found = LengthStatistics(lengths: [4, 9, 2, 7, 8], limit: 7)
    #expect(found.minimum == 2 && found.maximum == 9)
    #expect(found.mean == 6 && found.median == 7)
    #expect(Roundings.agree(found.percentile95, 8.8, roundings: 4, of: 9))
    #expect(found.truncatedRows == 2 && found.truncatedShare == 0.4)
    #expect(found.lostShare == 0.1)
    #expect(LengthStatistics(lengths: [7], limit: 7).truncatedRows == 0)
    let none = LengthStatistics(lengths: [], limit: 7)
    #expect(none.maximum == 0 && none.mean.isNaN && none.truncatedShare.isNaN)
  }

  @Test("rows, labels and texts that occur more than once")
  func pairs() throws {
    let header = "index\tsentence1\tsentence2\tlabel\n"
    let folder = try scratch.folder([
      "train.tsv": header
        + "0\ta\tb\tentailment\n1\ta\tb\tnot_entailment\n2\ta\tb\tentailment\n"
        + "3\tb\ta\tentailment\n4\tab\tc\tentailment\n5\ta\t\tentailment\n",
      "dev.tsv": header + "0\ta\tb\tnot_entailment\n1\ta\tbc\tentailment\n2\tb\ta\tentailment\n",
      "test.tsv": "index\tsentence1\tsentence2\n0\ta\tbc\n1\ta\tbc\n",
    ])
    let found = try DatasetStatistics(task: .rte, directory: folder, pool: Self.pool)
    #expect(found.parts.map(\.splits) == [[.train], [.validation], [.test]])
    #expect(found.parts.map(\.rows) == [5, 3, 2])
    #expect(found.parts.map(\.rejections.count) == [1, 0, 0])
    #expect(found.parts[0].labels.map(\.name) == ["entailment", "not_entailment"])
    #expect(found.parts[0].labels.map(\.rows) == [4, 1])
    #expect(found.parts[2].labels.isEmpty && found.parts[2].scores == nil)
    #expect(found.parts.map(\.repeats.rows) == [2, 0, 1])
    #expect(found.parts.map(\.repeats.contradictions) == [1, 0, 0])
    #expect(found.parts.allSatisfy { $0.lengths == nil })
    let shared = found.overlaps.map { "\($0.split) in \($0.earlier): \($0.matches.rows)" }
    #expect(shared == ["validation in train: 2", "test in train: 0", "test in validation: 2"])
    #expect(found.overlaps.map(\.matches.contradictions) == [1, 0, 0])
  }

  @Test("scores, and lengths in tokens")
  func scores() throws {
    let folder = try scratch.folder([
      "dev.tsv": "sentence1\tsentence2\tscore\ngood film\tbad film\t1.5\ngood\tgood\t5.000\n"
    ])
    try SyntheticSentiment.writeVocabulary(to: "\(folder)/vocab.txt")
    let found = try DatasetStatistics(
      task: .stsb, directory: folder, tokenizer: TokenizerLoader.load(folder: folder), limit: 6,
      pool: Self.pool)
    let part = try #require(found.parts.first)
    #expect(found.parts.count == 1 && found.overlaps.isEmpty)
    #expect(part.scores?.minimum == 1.5 && part.scores?.mean == 3.25 && part.scores?.maximum == 5)
    // [CLS] good film [SEP] bad film [SEP], [CLS] good [SEP] good [SEP].
    #expect(part.lengths == LengthStatistics(lengths: [7, 5], limit: 6))
  }

  @Test("a file that two splits are read from counts once")
  func oneFileForTwoSplits() throws {
    let folder = try scratch.folder(["test.csv": "\"1\",\"a\",\"b\"\n\"2\",\"c\",\"d\"\n"])
    let found = try DatasetStatistics(task: .agNews, directory: folder, pool: Self.pool)
    #expect(found.parts.map(\.splits) == [[.validation, .test]])
    #expect(found.overlaps.isEmpty)
  }

  @Test("no file at all")
  func nothing() throws {
    let folder = try scratch.folder()
    let error = #expect(throws: FileError.self) {
      try DatasetStatistics(task: .rte, directory: folder, pool: Self.pool)
    }
    #expect(error?.problem.hasPrefix("the train file of task rte is not here") == true)
  }

  @Test("RTE has the rows and labels of its SOURCE.md")
  func real() throws {
    guard let glue = TestFiles.shared("data/glue") else { return }
    let found = try DatasetStatistics(task: .rte, directory: glue, pool: Self.pool)
    #expect(found.parts.map(\.rows) == [2490, 277, 3000])
    #expect(found.parts[0].labels.map(\.rows) == [1249, 1241])
    #expect(found.parts[1].labels.map(\.rows) == [146, 131])
  }
}
