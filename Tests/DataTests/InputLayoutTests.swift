import Data
import Files
import TestSupport
import Testing

/// Files of texts to be predicted, as people have them.
@Suite("Layouts of input")
struct InputLayoutTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func read(
    _ text: String, as name: String, task: TaskDescription = .sst2, format: InputFormat? = nil,
    passthrough: [String] = []
  ) throws -> TextDataset {
    try DatasetReader.readInput(
      task: task, path: try scratch.write(text, as: name), format: format,
      passthrough: passthrough)
  }

  private func texts(
    _ text: String, as name: String, task: TaskDescription = .sst2, format: InputFormat? = nil
  ) throws -> [String] {
    let dataset = try read(text, as: name, task: task, format: format)
    return (0..<dataset.count).map { row in
      let second = dataset.second(row).map { "|" + String(decoding: $0, as: UTF8.self) } ?? ""
      return String(decoding: dataset.first(row), as: UTF8.self) + second
    }
  }

  private func problem(
    _ text: String, as name: String, task: TaskDescription = .sst2, format: InputFormat? = nil
  ) throws -> String {
    let error = #expect(throws: FileError.self) {
      try texts(text, as: name, task: task, format: format)
    }
    return error?.problem ?? ""
  }

  @Test("a header is never a row")
  func headers() throws {
    #expect(try texts("sentence\na\nb\n", as: "one.tsv") == ["a", "b"])
    #expect(try texts("sentence,label\n\"a, b\",1\nc,0\n", as: "in.csv") == ["a, b", "c"])
    #expect(try texts("\n\nsentence,label\na,1\n", as: "blank.csv") == ["a"])
    #expect(try texts("Text;id\na;1\nb;2\n", as: "semicolon.csv") == ["a", "b"])
    #expect(try texts("id|review\n1|a\n2|\"b\nc\"\n", as: "bar.csv") == ["a", "b\nc"])
    #expect(try texts("id\ttext\n1\ta\n", as: "tabs.csv") == ["a"])
    #expect(try texts("{\"text\": \"a\"}\n\n{\"text\": \"b\"}\n", as: "in.jsonl") == ["a", "b"])
    #expect(
      try texts("premise,hypothesis\na,b\n", as: "pair.csv", task: .rte) == ["a|b"])
    #expect(
      try texts("{\"text1\": \"a\", \"text2\": \"b\"}\n", as: "pair.jsonl", task: .rte) == ["a|b"])
  }

  @Test("what has no header is read as text, or refused by its ending")
  func plain() throws {
    #expect(try texts("a, b\nc\n", as: "in.txt") == ["a, b", "c"])
    #expect(try texts("a, b\nc\n", as: "in") == ["a, b", "c"])
    #expect(try texts("a film\nanother\n", as: "in.tsv") == ["a film", "another"])
    #expect(try texts("a\tb\nc\td\n", as: "pair.tsv", task: .rte) == ["a|b", "c|d"])
    #expect(try problem("a film\nanother\n", as: "in.csv").contains("names no column of texts"))
    #expect(try problem("label\tnumber\n1\t2\n", as: "in.tsv").contains("--input-format text"))
    #expect(try problem("{\"words\": \"a\"}\n", as: "in.jsonl").contains("but it has words"))
    #expect(try texts("sentence\na\n", as: "in.csv", format: .text) == ["sentence", "a"])
    #expect(try texts("text\na\n", as: "in", format: .csv) == ["a"])
    #expect(try texts("{\"text\": \"a\"}\n", as: "other", format: .jsonl) == ["a"])
  }

  @Test("other formats are named")
  func binary() throws {
    for (start, part) in [("PAR1", "Parquet"), ("ARROW1", "Arrow"), ("PK\u{3}\u{4}", "zip")] {
      #expect(try problem(start + "xyz", as: "in.csv").contains(part))
    }
  }

  @Test("the layout is said, columns pass through, and rows keep their numbers")
  func results() throws {
    let dataset = try read("uid,text\nx1,a\nx2,b\n", as: "in.csv", passthrough: ["uid"])
    #expect(
      dataset.layout?.hasSuffix(
        "in.csv is read as a table with \",\" between fields, text in column \"text\"") == true)
    #expect(dataset.groups(1) == ["x2"])
    let error = #expect(throws: FileError.self) {
      try read("a\nb\n", as: "in.txt", passthrough: ["uid"])
    }
    #expect(error?.problem.contains("no column \"uid\"") == true)
    let skipped = try DatasetReader.readInput(
      task: .sst2, path: try scratch.write("text,n\na,1\n,2\nb,3\n", as: "gap.csv"),
      badRows: .skip)
    #expect(skipped.indices == [0, 2] && skipped.rejections.count == 1)
  }

  @Test("blank lines: no rows of tables, and none at the end of texts")
  func blankLines() throws {
    #expect(try texts("sentence\tlabel\na\t1\n\n  \nb\t0\n\n", as: "a.tsv") == ["a", "b"])
    #expect(try texts("text,n\na,1\n\nb,2\r\n\r\n", as: "a.csv") == ["a", "b"])
    #expect(try texts("a\nb\n\n\n", as: "a.txt") == ["a", "b"])
    #expect(try problem("a\n\nb\n", as: "b.txt") == "the text in column 1 is empty.")
    // Quotes with nothing in them are a field, and the field is the text.
    #expect(try problem("text\na\n\"\"\n", as: "b.csv") == "the text in column 1 is empty.")
  }
}
