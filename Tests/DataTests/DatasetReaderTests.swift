import Data
import Files
import Kernels
import TestSupport
import Testing

@Suite("GLUE reader")
struct DatasetReaderTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func folder(_ text: String, as name: String = "train.tsv") throws -> String {
    try folder(Array(text.utf8), as: name)
  }

  private func folder(_ bytes: [UInt8], as name: String = "train.tsv") throws -> String {
    let folder = try scratch.folder()
    try TestFiles.write(bytes, to: "\(folder)/\(name)")
    return folder
  }

  private func read(_ folder: String, _ bad: BadRows = .stop) throws -> TextDataset {
    try DatasetReader.read(task: .sst2, split: .train, directory: folder, badRows: bad)
  }

  private func problem(_ bytes: [UInt8]) throws -> String {
    let folder = try folder(bytes)
    return (#expect(throws: FileError.self) { try read(folder) })?.description
      .replacing(folder, with: "") ?? ""
  }

  @Test("BOM, CR LF, quotes, spaces and a last line without its end")
  func bytesAsTheyAre() throws {
    let dataset = try read(
      folder("\u{FEFF}sentence\tlabel\r\n\"a \"\"b \t1\r\n it 's \t0\r\nlast\t1"))
    #expect(dataset.count == 3)
    #expect(dataset.first(0).elementsEqual("\"a \"\"b ".utf8))
    #expect(dataset.first(1).elementsEqual(" it 's ".utf8))
    #expect(dataset.label(1) == .class(0))
    #expect(dataset.first(2).elementsEqual("last".utf8))
    #expect(dataset.line(2) == 4)
    #expect(dataset.second(0) == nil)
  }

  @Test("mistakes name file, line and what to do")
  func mistakes() throws {
    let head = Array("sentence\tlabel\n".utf8)
    #expect(try problem([]) == "/train.tsv: the file is empty; at least one row of text is needed.")
    #expect(try problem(head).hasPrefix("/train.tsv: the file has no usable row below its header"))
    #expect(
      try problem(Array("it is good\t1\n".utf8)).hasPrefix(
        "/train.tsv:1: the header has no column \"sentence\"; the first line needs the names "
          + "\"sentence\", \"label\", but it holds \"it is good\", \"1\"."))
    #expect(
      try problem(head + Array("a\t1\nb\n".utf8))
        == "/train.tsv:3: the row has 1 tab-separated field where at least 2 are needed.")
    #expect(
      try problem(head + Array("a\t1\n \t1\n".utf8))
        == "/train.tsv:3: the text in column 1 is empty.")
    #expect(
      try problem(head + Array("a\t2\n".utf8))
        == "/train.tsv:2: the label \"2\" is not one of task sst-2, which are \"0\", \"1\".")
    #expect(
      try problem(head + [0x61, 0xE9, 0x62, 0x09, 0x31, 0x0A])
        == "/train.tsv:2: the line is not valid UTF-8; convert the file to UTF-8.")
    let nowhere = try scratch.folder()
    let missing = #expect(throws: FileError.self) { try read(nowhere) }
    #expect(missing?.description.contains("SST-2/train.tsv") == true)
    #expect(throws: TaskRegistry.UnknownTask.self) { try TaskRegistry.named("sst-3") }
    #expect(try TaskRegistry.named("SST2") == .sst2)
  }

  @Test("skipped rows are listed")
  func skipping() throws {
    let dataset = try read(folder("sentence\tlabel\na\t1\nb\tx\n\t0\nc\t0\n"), .skip)
    #expect(dataset.count == 2)
    #expect(dataset.rejections.map(\.line) == [3, 4])
    #expect(dataset.line(1) == 5)
  }

  @Test(
    "forms of UTF-8 that are not well-formed",
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xC3], [0xFF],
    ] as [[UInt8]])
  func malformed(_ bytes: [UInt8]) throws {
    let text = Array("sentence\tlabel\n".utf8) + [0x61] + bytes + Array("\t1\n".utf8)
    #expect(try problem(text).hasPrefix("/train.tsv:2: the line is not valid UTF-8"))
  }

  @Test("input of predict: a text a line, or a TSV with the task's header")
  func input() throws {
    func texts(_ text: String) throws -> [String] {
      let dataset = try DatasetReader.readInput(
        task: .sst2, path: try folder(text, as: "in") + "/in")
      #expect((0..<dataset.count).allSatisfy { dataset.label($0) == .none })
      return (0..<dataset.count).map { String(decoding: dataset.first($0), as: UTF8.self) }
    }
    #expect(try texts("good\nbad\twith tab\n") == ["good", "bad\twith tab"])
    #expect(try texts("sentence\tlabel\ngood\t1\nbad\t0\n") == ["good", "bad"])
    #expect(try texts("index\tsentence\n0\tgood\n1\tbad\n") == ["good", "bad"])
    #expect(throws: FileError.self, "a header, and nothing below it") { try texts("sentence\n") }
  }

  @Test("a corpus passes over blank lines")
  func corpus() throws {
    let path = try folder("one text\n\n  \nanother\n", as: "corpus.txt") + "/corpus.txt"
    let corpus = try DatasetReader.readCorpus(path: path)
    #expect(corpus.count == 2)
    #expect(corpus.line(1) == 4)
  }

  @Test("pairs with scores, the label in the last column")
  func pairs() throws {
    let files: [Split: TaskDescription.File] = [
      .train: .init(
        name: "train.tsv", textColumns: ["a", "b"], labelColumn: -1)
    ]
    let task = TaskDescription(
      name: "pairs", folder: "P", labels: [], scoreRange: 0...5, metrics: [.pearson, .spearman],
      files: files)
    #expect(task.isPair && task.isRegression)
    #expect(task.headlineMetric == .pearson)
    func read(_ rows: String) throws -> TextDataset {
      try DatasetReader.read(
        task: task, split: .train, directory: folder("id\ta\tb\tscore\n" + rows))
    }
    let dataset = try read("7\tone\ttwo\t2.500\n8\tthree\tfour\t5\n")
    #expect(dataset.second(0)?.elementsEqual("two".utf8) == true)
    #expect(dataset.first(1).elementsEqual("three".utf8))
    #expect(dataset.label(0) == .score(2.5))
    #expect(dataset.label(1) == .score(5))
    for (score, value) in [
      ("1e-05", 1e-05), ("1E-5", 1e-5), ("3.3e+0", 3.3), ("0.0033333333333333335", 1 / 300),
      ("+2", 2), ("0000000000000000000000001.5", 1.5),
    ] as [(String, Float)] {
      #expect(try read("7\ta\tb\t\(score)\n").label(0) == .score(value))
    }
    for score in [
      "1e", "e1", "1e1.5", "1e99999999999999999999", "1e--1", "inf", "1,5", "٣", "0x1", "nan",
      "1e2", "", "5.1", "-1", ".5", "1.",
    ] {
      let error = #expect(throws: FileError.self, "\(score)") { try read("7\ta\tb\t\(score)\n") }
      #expect(error?.problem == "the score \"\(score)\" is no number from 0.0 to 5.0.")
    }
    let input = try folder("one\ttwo\nthree\tfour\n", as: "in.tsv") + "/in.tsv"
    let unlabelled = try DatasetReader.readInput(task: task, path: input)
    #expect(unlabelled.second(1)?.elementsEqual("four".utf8) == true)
    let tokenizer = try WordPieceTests.tokenizer("uncased")
    let tokenized = TokenizedDataset(
      dataset, tokenizer: tokenizer, maximumLength: 32, pool: ThreadPool(threads: 1))
    let batch = tokenized.batch([1, 0])
    #expect(batch.targets.scores == [5, 2.5])
    #expect(batch.targets.classes.isEmpty)
    #expect(batch.isSpecial.count { $0 } == 6)
    #expect(batch.tokens.typeIDs.contains(1))
  }

  @Test("real SST-2 is complete")
  func real() throws {
    guard let glue = TestFiles.shared("data/glue") else { return }
    for (split, rows, positive) in [
      (Split.train, 67349, 37569), (.validation, 872, 444), (.test, 1821, 0),
    ] {
      let dataset = try DatasetReader.read(task: .sst2, split: split, directory: glue)
      #expect(dataset.count == rows)
      #expect((0..<rows).count { dataset.label($0) == .class(1) } == positive)
      let part = try DatasetReader.read(
        task: .sst2, split: split, directory: glue + "/SST-2", maximumRows: 10)
      #expect(part.count == 10)
    }
  }
}
