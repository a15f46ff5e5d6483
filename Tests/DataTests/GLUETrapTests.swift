import Data
import Files
import TestSupport
import Testing

@Suite("Traps of the GLUE files")
struct GLUETrapTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func write(_ text: String, as name: String, in folder: String? = nil) throws -> String {
    let folder = try folder ?? scratch.folder()
    try TestFiles.write(Array(text.utf8), to: "\(folder)/\(name)")
    return folder
  }

  private func rows(_ dataset: TextDataset) -> [String] {
    (0..<dataset.count).map { row in
      let texts = [dataset.first(row), dataset.second(row)].compactMap {
        $0.map { String(decoding: $0, as: UTF8.self) }
      }
      switch dataset.label(row) {
      case .class(let label): return texts.joined(separator: "|") + "=\(label)"
      case .score(let score): return texts.joined(separator: "|") + "=\(score)"
      case .classes, .none: return texts.joined(separator: "|")
      }
    }
  }

  private func read(
    _ task: TaskDescription, _ split: Split = .train, _ name: String, _ text: String,
    _ bad: BadRows = .stop
  ) throws -> TextDataset {
    try DatasetReader.read(
      task: task, split: split, directory: write(text, as: name), badRows: bad)
  }

  private func problem(
    _ task: TaskDescription, _ split: Split = .train, _ name: String, _ text: String
  ) throws -> String {
    let folder = try write(text, as: name)
    let error = #expect(throws: FileError.self) {
      try DatasetReader.read(task: task, split: split, directory: folder)
    }
    return error?.description.replacing(folder, with: "") ?? ""
  }

  @Test("CoLA: no header in train.tsv and dev.tsv, marks between, a header in test.tsv")
  func cola() throws {
    let text = "gj04\t1\t\tA sentence.\nks08\t0\t*\tSentence \"a.\n"
    #expect(
      try rows(read(.cola, .train, "train.tsv", text)) == ["A sentence.=1", "Sentence \"a.=0"])
    #expect(
      try rows(read(.cola, .test, "test.tsv", "index\tsentence\n0\tA sentence.\n"))
        == ["A sentence."])
    #expect(
      try problem(.cola, .train, "train.tsv", "source\tlabel\tmark\tsentence\n" + text)
        == "/train.tsv:1: the label \"label\" is not one of task cola, which are \"0\", \"1\".")
    #expect(
      try problem(.cola, .train, "train.tsv", "gj04\t1\tA sentence.\n")
        == "/train.tsv:1: the row has 3 tab-separated fields where at least 4 are needed.")
    // predict knows the layout by its first row, and takes anything else as a text a line.
    let path = try write(text, as: "in.tsv") + "/in.tsv"
    #expect(
      try rows(DatasetReader.readInput(task: .cola, path: path)) == [
        "A sentence.", "Sentence \"a.",
      ])
    let plain = try write("One text.\nAnother\tone.\n", as: "in.txt") + "/in.txt"
    #expect(
      try rows(DatasetReader.readInput(task: .cola, path: plain)) == ["One text.", "Another\tone."])
  }

  @Test("MRPC: BOM, quotes that are never closed, Microsoft's own files")
  func mrpc() throws {
    let text =
      "\u{FEFF}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t7\t8\t\"One.\tTwo.\r\n0\t9\t6\tA\tB\r\n"
    let expected = ["\"One.|Two.=1", "A|B=0"]
    #expect(try rows(read(.mrpc, .train, "train.tsv", text)) == expected)
    #expect(try rows(read(.mrpc, .train, "msr_paraphrase_train.txt", text)) == expected)
    #expect(try rows(read(.mrpc, .test, "msr_paraphrase_test.txt", text)) == expected)
    let both = try write(text, as: "msr_paraphrase_train.txt")
    _ = try write(
      "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t1\t2\tGLUE\ttext\n", as: "train.tsv",
      in: both)
    #expect(
      try rows(DatasetReader.read(task: .mrpc, split: .train, directory: both))
        == ["GLUE|text=1"])
    #expect(
      try rows(
        read(.mrpc, .test, "test.tsv", "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\tA\tB\n")
      )
        == ["A|B"])
    #expect(
      try problem(.mrpc, .validation, "msr_paraphrase_train.txt", text).hasPrefix(
        "/MRPC/dev.tsv: the validation file of task mrpc is not here"))
  }

  @Test("QQP: broken rows of the archive are left out and listed, other mistakes stop")
  func qqp() throws {
    let head = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
    let good = "1\t2\t3\t\"Is \"\"x\"\" y?\"\tWhat?\t1\n"
    let text = head + good + "4\t5\t6\tNo second\n7\t8\t9\t\tWhat?\t0\n" + good
    let dataset = try read(.qqp, .train, "train.tsv", text)
    #expect(
      rows(dataset) == ["\"Is \"\"x\"\" y?\"|What?=1", "\"Is \"\"x\"\" y?\"|What?=1"])
    #expect(dataset.rejections.map(\.line) == [3, 4])
    #expect(
      dataset.rejections[0].problem
        == "the row has 4 tab-separated fields where at least 6 are needed.")
    let many = head + good + String(repeating: "4\t5\t6\tshort\n", count: 11)
    #expect(
      try problem(.qqp, .train, "train.tsv", many)
        == "/train.tsv:13: the row has 4 tab-separated fields where at least 6 are needed.")
    #expect(try read(.qqp, .train, "train.tsv", many, .skip).rejections.count == 11)
    #expect(
      try rows(read(.qqp, .test, "test.tsv", "id\tquestion1\tquestion2\n0\tA?\tB?\n")) == ["A?|B?"])
    #expect(
      try problem(.qqp, .test, "test.tsv", "id\tquestion1\tquestion2\n0\tA?\n").hasPrefix(
        "/test.tsv:2: the row has 2 tab-separated fields"))
  }

  @Test("STS-B: scores from 0 to 5")
  func stsb() throws {
    let head =
      "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
    let row = "0\tmain\tf\t2012\t1\tnone\tnone\tA\tB\t"
    #expect(
      try rows(read(.stsb, .validation, "dev.tsv", head + row + "5.000\n" + row + "0.75\n"))
        == ["A|B=5.0", "A|B=0.75"])
    #expect(
      try problem(.stsb, .validation, "dev.tsv", head + row + "5.2\n")
        == "/dev.tsv:2: the score \"5.2\" is no number from 0.0 to 5.0.")
  }

  @Test("MNLI: columns that differ from file to file, rows that the annotators left undecided")
  func mnli() throws {
    let train = "index\tsentence1\tsentence2\tlabel1\tgold_label\n0\tA\tB\tneutral\tneutral\n"
    #expect(try rows(read(.mnli, .train, "train.tsv", train)) == ["A|B=1"])
    let dev =
      "index\tpairID\tsentence1\tsentence2\tlabel1\tlabel2\tgold_label\n"
      + "0\t1\tA\tB\tneutral\tneutral\tentailment\n1\t1\tC\tD\tneutral\tentailment\t-\n"
      + "2\t1\tE\tF\tneutral\tneutral\tcontradiction\n"
    let dataset = try read(.mnli, .validation, "dev_matched.tsv", dev)
    #expect(rows(dataset) == ["A|B=0", "E|F=2"])
    #expect(dataset.undecidedLines == [3] && dataset.rejections.isEmpty)
    #expect(
      try rows(read(.mnli, .validationMismatched, "dev_mismatched.tsv", dev)) == ["A|B=0", "E|F=2"])
    #expect(
      try rows(read(.mnliMismatched, .validation, "dev_mismatched.tsv", dev))
        == ["A|B=0", "E|F=2"])
    #expect(
      try problem(.mnli, .train, "train.tsv", "index\tsentence1\tsentence2\n0\tA\tB\n").hasPrefix(
        "/train.tsv:1: the header has no column \"gold_label\"; the first line needs the names "
          + "\"sentence1\", \"sentence2\", \"gold_label\", but it holds \"index\""))
    #expect(TaskDescription.mnli.validationSplits.map(\.suffix) == ["", "_mm"])
    #expect(TaskDescription.mnliMismatched.validationSplits.map(\.suffix) == [""])
    #expect(try TaskRegistry.named("MNLI-mm") == .mnliMismatched)
  }

  @Test("QNLI, RTE and WNLI: spellings of the labels")
  func spellings() throws {
    let qnli = "index\tquestion\tsentence\tlabel\n0\tWho?\tHe.\tnot_entailment\n"
    #expect(try rows(read(.qnli, .train, "train.tsv", qnli)) == ["Who?|He.=1"])
    let pair = "index\tsentence1\tsentence2\tlabel\n0\tA\tB\t"
    #expect(try rows(read(.rte, .train, "train.tsv", pair + "entailment\n")) == ["A|B=0"])
    #expect(try rows(read(.wnli, .train, "train.tsv", pair + "1\n")) == ["A|B=1"])
    #expect(TaskDescription.wnli.labelNames == ["not_entailment", "entailment"])
    #expect(
      try problem(.rte, .train, "train.tsv", pair + "1\n")
        == "/train.tsv:2: the label \"1\" is not one of task rte, which are \"entailment\", "
        + "\"not_entailment\".")
  }

  @Test("AX: texts without labels, and the authors' file with them")
  func ax() throws {
    #expect(
      try rows(read(.ax, .test, "diagnostic.tsv", "index\tsentence1\tsentence2\n0\tA\tB\n"))
        == ["A|B"])
    let full =
      "Lexical Semantics\tLogic\tKnowledge\tDomain\tPremise\tHypothesis\tLabel\n"
      + "\tNegation\t\tNews\tA\tB\tcontradiction\n"
    #expect(try rows(read(.ax, .validation, "diagnostic-full.tsv", full)) == ["A|B=2"])
    #expect(
      try problem(.ax, .train, "train.tsv", full).hasSuffix(": task ax has no train file."))
  }
}
