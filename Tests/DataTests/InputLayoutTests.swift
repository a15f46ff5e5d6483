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
    #expect(try texts("n, Text \n1,a\n", as: "spaces.csv") == ["a"])
    #expect(try texts("Text;id\na;1\nb;2\n", as: "semicolon.csv") == ["a", "b"])
    #expect(try texts("id|review\n1|a\n2|\"b\nc\"\n", as: "bar.csv") == ["a", "b\nc"])
    #expect(try texts("id\ttext\n1\ta\n", as: "tabs.csv") == ["a"])
    #expect(try texts("{\"text\": \"a\"}\n\n{\"text\": \"b\"}\n", as: "in.jsonl") == ["a", "b"])
    #expect(
      try texts("premise,hypothesis\na,b\n", as: "pair.csv", task: .rte) == ["a|b"])
    #expect(
      try texts("{\"text1\": \"a\", \"text2\": \"b\"}\n", as: "pair.jsonl", task: .rte) == ["a|b"])
  }

  @Test("a header in quotes tells the separator")
  func quotedHeaders() throws {
    for mark in [",", ";", "|", "\t"] {
      let rows = "\"sentence\"\(mark)\"label\"\na film\(mark)1\n\"b\"\(mark)0\n"
      #expect(try texts(rows, as: "in.csv") == ["a film", "b"], "\(mark)")
      #expect(try texts(rows, as: "in", format: .csv) == ["a film", "b"], "\(mark)")
    }
    #expect(try texts("sep=;\n\"text\";\"n\"\na;1\n", as: "in.csv") == ["a"])
    // As R writes a table with tabs.
    let quoted = "\"sentence\"\t\"label\"\n\"a film\"\t1\n\"b\"\t0\n"
    #expect(try texts(quoted, as: "in.tsv") == ["a film", "b"])
    #expect(try problem("\"sentence\"x,label\na,1\n", as: "in.csv").contains("no column"))
    // Without spaces, as pandas writes JSON Lines.
    #expect(try texts("{\"id\":1,\"text\":\"a\"}\n", as: "in.jsonl") == ["a"])
    #expect(try texts("{\"id\":1,\"text\":\"a\"}\n", as: "in", format: .jsonl) == ["a"])
    #expect(try problem("[\"a\"]", as: "in.json").contains("a string"))
  }

  @Test("a format that is given decides, whatever the task's own files look like")
  func givenFormat() throws {
    var own = TaskDescription.sst2
    own.files = [
      .test: [TaskDescription.File(name: "test.csv", textColumns: ["text"], labelColumn: nil)]
    ]
    own.files[.test]?[0].format = .quoted(separator: UInt8(ascii: ","))
    own.files[.test]?[0].hasHeader = true
    own.isOwn = true
    #expect(try texts("text\n\"a film\"\n", as: "in", task: own) == ["a film"])
    #expect(
      try texts("text\n\"a film\"\n", as: "in.txt", task: own, format: .tsv) == ["\"a film\""])
    #expect(throws: FileError.self) {
      try texts("text\n\"a film\"\n", as: "in.txt", task: own, format: .jsonl)
    }
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
    for (start, part) in [
      ("PAR1\u{15}\u{4}", "read_parquet"), ("ARROW1\0\0", "read_feather"),
      ("PK\u{3}\u{4}", "unzip -p"), ("PK\u{3}\u{4}..[Content_Types].xml", "read_excel"),
      ("BZh91\u{1}", "bunzip2"), ("SQLite format 3\0", "sqlite3"),
      ("\0\0\0" + String(repeating: "\0", count: 100), "begins with zeros"),
    ] {
      #expect(try problem(start + "xyz", as: "in.csv").contains(part), "\(part)")
    }
    // Texts may begin so.
    #expect(try texts("PAR1, a word\nBZh\nPK\n", as: "in.txt") == ["PAR1, a word", "BZh", "PK"])
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

  @Test("a name without a known ending, such as a pipe's, is told by its content")
  func pipes() throws {
    for name in ["in", "63", "in.dat"] {
      #expect(try texts("sentence\na\nb\n", as: name) == ["a", "b"])
      #expect(try texts("text,n\na,1\n", as: name) == ["a"])
      #expect(try texts("n;Text\n1;\"a;b\"\n", as: name) == ["a;b"])
      #expect(try texts("id\ttext\n1\ta\n", as: name) == ["a"])
      #expect(try texts(" {\"text\": \"a\"}\n", as: name) == ["a"])
      #expect(try texts("[{\"text\": \"a\"}]", as: name) == ["a"])
      // Nothing names a text.
      #expect(try texts("a, b\n{c}\n", as: name) == ["a, b", "{c}"])
      #expect(try texts("{so be it}\n[{]\n", as: name) == ["{so be it}", "[{]"])
      #expect(try texts("[1] a\n", as: name) == ["[1] a"])
      // Rows of JSON that name no text are not texts themselves.
      #expect(try problem("{\"words\": \"a\"}\n", as: name).contains("names no text"))
      #expect(try problem("[{\"words\": \"a\"}]", as: name).contains("names no text"))
    }
  }

  @Test("JSON: an array of objects, or an object a line, whatever the ending")
  func arrays() throws {
    let array = "\u{FEFF}[{\"text\": \"a\", \"n\": null},\r\n {\"n\": 1, \"text\": \"b\"}]\n"
    let lines = "{\"text\": \"a\"}\n{\"text\": \"b\"}\n"
    for name in ["in.json", "in.jsonl", "in.json.gz", "in.ndjson"] {
      #expect(try texts(array, as: name) == ["a", "b"])
      #expect(try texts(lines, as: name) == ["a", "b"])
    }
    #expect(try read(array, as: "in.json").layout?.contains("an array of JSON objects") == true)
    #expect(
      try problem("[{\"text\": \"a\"}, {\"text\": \"\"}]", as: "in.json")
        == "row 2 of the array: a text of the row is empty.")
    #expect(try problem("[{\"text\": \"a\"}, 1]", as: "in.json").hasPrefix("row 2 of the array"))
    #expect(try problem("[{\"text\": \"a\"},]", as: "in.json").contains("at column"))
    #expect(try problem("[]", as: "in.json") == "the file has no object, hence no row.")
    #expect(try problem("{\"text\": {\"0\": \"a\"}}", as: "in.json").contains("with a text"))
    // Rows keep their numbers, though all of them are in one line.
    let gap = try DatasetReader.readInput(
      task: .sst2,
      path: scratch.write("[{\"text\": \"\"}, {\"text\": \"b\"}]", as: "gap.json"), badRows: .skip)
    #expect(gap.indices == [1] && gap.rejections.count == 1)
  }

  @Test("a first line sep=; is obeyed and is no row")
  func declaredSeparators() throws {
    #expect(try texts("sep=;\r\ntext;n\r\na, b;1\r\n", as: "in.csv") == ["a, b"])
    #expect(try texts("\"sep=|\"\ntext|n\na|1\n", as: "in.csv") == ["a"])
    #expect(try texts("\u{FEFF}sep=,\ntext,n\n\"a\nb\",1\n", as: "in.csv") == ["a\nb"])
    #expect(try problem("sep=;\ntext,n\na,1\n", as: "in.csv").contains("names no column"))
    #expect(try problem("sep=;", as: "in.csv").contains("names no column"))
  }

  @Test("empty texts count like the others where that is wanted")
  func emptyTexts() throws {
    var task = TaskDescription.sst2
    task.allowsEmptyTexts = true
    #expect(try texts("a\n\nb\n\n", as: "in.txt", task: task) == ["a", "", "b"])
    #expect(try texts("text,n\na,1\n,2\n\nb,3\n", as: "in.csv", task: task) == ["a", "", "b"])
    #expect(try texts("[{\"text\": \"\"}]", as: "in.json", task: task) == [""])
    #expect(try texts("sentence\tlabel\n \t1\nb\t0\n", as: "in.tsv", task: task) == [" ", "b"])
    task.allowsEmptyTexts = false
    #expect(task == .sst2)
    #expect(throws: FileError.self) { try texts("a\n\nb\n", as: "in.txt", task: task) }
  }

  @Test("two columns of the name wanted are one too many")
  func duplicateHeaders() throws {
    #expect(try problem("text,n,text\na,1,b\n", as: "in.csv").contains("2 columns called \"text\""))
    #expect(try texts("n,text,n\n1,a,2\n", as: "in.csv") == ["a"])
  }

  @Test("input in another format than the user's own task is told by its ending")
  func otherFormatThanTheTask() throws {
    var file = TaskDescription.File(
      name: "test.csv", textColumns: ["letter"], labelColumn: nil)
    file.format = .quoted()
    var task = TaskDescription(
      name: "letters", folder: "", labels: [.init("no"), .init("yes")], metrics: [.accuracy],
      files: [.test: file])
    task.isOwn = true
    #expect(try texts("{\"letter\": \"a\"}\n", as: "in.jsonl", task: task) == ["a"])
    #expect(try texts("n\tletter\n1\ta\n", as: "in.tsv", task: task) == ["a"])
    #expect(try texts("n,letter\n1,a\n", as: "in", task: task) == ["a"])
    #expect(try problem("n,text\n1,a\n", as: "in.csv", task: task).contains("\"letter\""))
  }
}
