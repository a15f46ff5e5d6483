import Data
import Files
import Kernels
import TestSupport
import Testing

/// Files of tasks that a configuration describes: CSV, TSV with and without quotes, JSON Lines.
@Suite("Own data")
struct OwnDataTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// A task with three labels and one text, a name for each file.
  private func task(
    _ format: TaskDescription.Format, text: [TaskDescription.Column] = ["text"],
    label: TaskDescription.Column = "topic", header: Bool? = nil
  ) -> TaskDescription {
    func file(_ name: String, _ label: TaskDescription.Column?) -> TaskDescription.File {
      var file = TaskDescription.File(
        name: name, textColumns: text, labelColumn: label, hasHeader: header)
      file.format = format
      return file
    }
    var task = TaskDescription(
      name: "letters", folder: "",
      labels: [
        TaskDescription.Label("praise", spelling: "Lob"),
        TaskDescription.Label("question", spelling: "Frage"),
        TaskDescription.Label("complaint", spelling: "Ärger"),
      ], metrics: [.accuracy],
      files: [.train: file("train", label), .test: file("test", label)],
      alternatives: [.test: [file("test", nil)]])
    task.isOwn = true
    return task
  }

  private func folder(_ text: String, as name: String = "train") throws -> String {
    let folder = try scratch.folder()
    try TestFiles.write(Array(text.utf8), to: "\(folder)/\(name)")
    return folder
  }

  private func read(
    _ task: TaskDescription, _ text: String, as name: String = "train"
  ) throws -> TextDataset {
    try DatasetReader.read(
      task: task, split: name == "train" ? .train : .test, directory: folder(text, as: name))
  }

  private func problem(_ task: TaskDescription, _ text: String) -> String {
    let error = #expect(throws: FileError.self) { try read(task, text) }
    return error.map { "\($0.line ?? 0): \($0.problem)" } ?? ""
  }

  private func texts(_ dataset: TextDataset) -> [String] {
    (0..<dataset.count).map { String(decoding: dataset.first($0), as: UTF8.self) }
  }

  @Test("CSV with German text, emoji, quotes, commas and line breaks inside fields")
  func csv() throws {
    let letters = [
      "Schöne Grüße, \"Müller\"!\r\nBis bald 👋🏽", "Wo bleibt mein Paket?",
      "Straße 7\n\n\"Familie\" 👨‍👩‍👧; kaputt 😡",
    ]
    let dataset = try read(
      task(.quoted()),
      "\u{FEFF}id,text,topic\r\n1,\"Schöne Grüße, \"\"Müller\"\"!\r\nBis bald 👋🏽\",Lob\r\n"
        + "2,Wo bleibt mein Paket?,\"Frage\"\r\n"
        + "\"3\",\"Straße 7\n\n\"\"Familie\"\" 👨‍👩‍👧; kaputt 😡\",Ärger")
    #expect(texts(dataset).map { Array($0.utf8) } == letters.map { Array($0.utf8) })
    #expect((0..<3).map { dataset.label($0) } == [.class(0), .class(1), .class(2)])
    #expect((0..<3).map { dataset.line($0) } == [2, 4, 5])
  }

  @Test("mistakes in CSV name the line in which the record starts")
  func csvMistakes() {
    let csv = task(.quoted())
    let head = "text,topic\n\"zwei\nZeilen\",Lob\n"
    #expect(
      problem(csv, head + "a,Tadel\n")
        == "4: the label \"Tadel\" is not one of task letters, which are \"Lob\", \"Frage\", "
        + "\"Ärger\".")
    #expect(
      problem(csv, head + "a\n")
        == "4: the row has 1 comma-separated field where at least 2 are needed.")
    #expect(
      problem(csv, head + "\"a\" b,Lob\n")
        == "4: there is text between a closing quote and the next comma.")
    #expect(
      problem(csv, head + "\"a,Lob\n\n")
        == "4: a quoted field is not closed before the end of the file.")
    #expect(problem(csv, head + "\" \",Lob\n") == "4: the text in column 1 is empty.")
    #expect(
      problem(csv, "text;topic\na;Lob\n")
        == "1: the header has no column \"text\"; the first line needs the names \"text\", "
        + "\"topic\", but it holds \"text;topic\".")
    let semicolon = task(.quoted(separator: UInt8(ascii: ";")))
    #expect(
      problem(semicolon, "text;topic\na,Lob\n")
        == "2: the row has 1 semicolon-separated field where at least 2 are needed.")
    #expect(
      problem(semicolon, "text;topic\n\"a\"b;Lob\n")
        == "2: there is text between a closing quote and the next semicolon.")
  }

  @Test("quotes in TSV are text unless the description says otherwise")
  func tsv() throws {
    let text = "topic\ttext\nLob\t\"sehr\tgut\"\n"
    #expect(try texts(read(task(.tabSeparated), "topic\ttext\nLob\t\"gut\"\n")) == ["\"gut\""])
    #expect(problem(task(.tabSeparated), text).contains("3 tab-separated fields"))
    let quoted = task(.quoted(separator: UInt8(ascii: "\t")))
    #expect(try texts(read(quoted, text)) == ["sehr\tgut"])
    #expect(
      problem(quoted, "topic\ttext\nLob\n")
        == "2: the row has 1 tab-separated field where at least 2 are needed.")
  }

  @Test("columns by number, with and without a header")
  func numbers() throws {
    let plain = task(.quoted(), text: [1], label: -1, header: false)
    #expect(try texts(read(plain, "1,gut,x,Lob\n2,\"na, ja\",Ärger\n")) == ["gut", "na, ja"])
    let headed = task(.quoted(), text: [1], label: 0, header: true)
    let dataset = try read(headed, "a,b\nFrage,gut\n")
    #expect(texts(dataset) == ["gut"] && dataset.label(0) == .class(1))
  }

  @Test("JSON Lines: keys in any order, blank lines, escapes, labels that are no strings")
  func jsonLines() throws {
    let lines = task(.jsonLines)
    let dataset = try read(
      lines,
      "{\"text\": \"Gr\\u00fc\\u00dfe \\ud83d\\ude00\", \"topic\": \"Lob\", \"more\": [1]}\r\n\n"
        + "{\"topic\": \"Ärger\", \"text\": \"zwei\\nZeilen\"}")
    #expect(texts(dataset) == ["Grüße 😀", "zwei\nZeilen"])
    #expect((0..<2).map { dataset.label($0) } == [.class(0), .class(2)])
    #expect((0..<2).map { dataset.line($0) } == [1, 3])
    var flags = task(.jsonLines)
    flags.labels = ["false", "true"].map { TaskDescription.Label($0) }
    #expect(try read(flags, "{\"text\": \"a\", \"topic\": true}\n").label(0) == .class(1))
    #expect(
      problem(lines, "\n{\"text\": \"a\"}\n")
        == "2: the row needs the keys \"text\", \"topic\" with a text or number each.")
    #expect(
      problem(lines, "{\"text\": \"a\", \"topic\": \"Lob\"}\n  [1]\n")
        == "2: a JSON object is expected in every line, at column 3.")
    let broken = problem(lines, "{\"text\": \"a\",}\n")
    #expect(broken.hasPrefix("1: ") && broken.hasSuffix(", at column 13."), "\(broken)")
  }

  @Test("rows with several labels, or none")
  func severalLabels() throws {
    func sets(_ format: TaskDescription.Format, separator: String = "|") -> TaskDescription {
      var sets = task(format)
      sets.files = sets.files.mapValues { files in
        files.map {
          var file = $0
          file.labelSeparator = separator
          return file
        }
      }
      return sets
    }
    let csv = sets(.quoted(), separator: ", ")
    #expect(csv.isMultiLabel && !task(.quoted()).isMultiLabel)
    let dataset = try read(
      csv, "text,topic\na,\"Ärger, Lob\"\nb,\nc,Frage\nd,\"Lob, Lob\"\ne,\" Frage , Ärger \"\n")
    #expect(
      (0..<5).map { dataset.label($0) } == [
        .classes([0, 2]), .classes([]), .classes([1]), .classes([0]), .classes([1, 2]),
      ])
    #expect(
      problem(csv, "text,topic\na,\"Lob, Tadel\"\n")
        == "2: the label \"Tadel\" is not one of task letters, which are \"Lob\", \"Frage\", "
        + "\"Ärger\".")
    let lines = sets(.jsonLines, separator: "\u{1F}")
    let objects = try read(
      lines,
      "{\"text\": \"a\", \"topic\": [\"Frage\", \"Lob\"]}\n{\"text\": \"b\", \"topic\": []}\n")
    #expect((0..<2).map { objects.label($0) } == [.classes([0, 1]), .classes([])])
    #expect(
      problem(lines, "{\"text\": \"a\", \"topic\": \"Lob\"}\n")
        == "1: the row needs the key \"topic\" with an array of labels.")
    #expect(
      problem(lines, "{\"text\": \"a\", \"topic\": [null]}\n")
        == "1: the labels in \"topic\" must be strings or numbers.")

    let tokenizer = try WordPieceTests.tokenizer("uncased")
    func tokenized(_ text: TextDataset) -> TokenizedDataset {
      TokenizedDataset(
        text, tokenizer: tokenizer, maximumLength: 8, pool: ThreadPool(threads: 1))
    }
    let tokens = tokenized(dataset)
    #expect(tokens.isLabelled)
    let batch = tokens.batch([4, 1, 0])
    #expect(batch.targets == .labelSets([0, 1, 1, 0, 0, 0, 1, 0, 1], labels: 3))
    let others = try read(
      csv, "text,topic\na,\"Ärger, Lob\"\nb,\nc,Frage\nd,\"Lob, Lob\"\ne,\"Frage\"\n")
    #expect(tokenized(others).contentHash != tokens.contentHash)
    #expect(others.contentHash != dataset.contentHash)
    let plain = try read(csv, "text\na\n", as: "test")
    #expect(plain.label(0) == TextDataset.Label.none && !tokenized(plain).isLabelled)
  }

  @Test("a test file has labels or none")
  func testFiles() throws {
    let csv = task(.quoted())
    #expect(try read(csv, "text,topic\ngut,Lob\n", as: "test").label(0) == .class(0))
    #expect(try read(csv, "text\ngut\n", as: "test").label(0) == TextDataset.Label.none)
    let numbered = task(.tabSeparated, text: [0], label: 1, header: false)
    #expect(try read(numbered, "gut\tLob\n", as: "test").label(0) == .class(0))
    #expect(try read(numbered, "gut\nschlecht\n", as: "test").count == 2)
    let headed = task(.tabSeparated, text: [0], label: 1, header: true)
    #expect(try read(headed, "a\ngut\n", as: "test").label(0) == TextDataset.Label.none)
    let lines = task(.jsonLines)
    #expect(try read(lines, "{\"text\": \"gut\"}\n", as: "test").label(0) == TextDataset.Label.none)
    #expect(
      try read(lines, "{\"text\": \"a\", \"topic\": \"Lob\"}\n", as: "test").label(0) == .class(0))
  }

  @Test("input of predict is in the task's layout, or a text a line in a file called .txt")
  func input() throws {
    func input(_ task: TaskDescription, _ text: String, as name: String) throws -> [String] {
      let path = try folder(text, as: name) + "/\(name)"
      return try texts(DatasetReader.readInput(task: task, path: path))
    }
    let csv = task(.quoted())
    #expect(try input(csv, "text,topic\n\"a\nb\",Lob\n", as: "in.csv") == ["a\nb"])
    #expect(try input(csv, "nr,text\n1,\"a, b\"\n", as: "new.csv") == ["a, b"])
    #expect(try input(csv, "a, \"b\"\nc\n", as: "in.txt") == ["a, \"b\"", "c"])
    #expect(
      try input(task(.jsonLines), "{\"text\": \"a\"}\n{\"text\": \"b\"}\n", as: "in.jsonl")
        == ["a", "b"])
    #expect(
      try input(
        task(.quoted(), text: [0], label: 1, header: false), "\"a, b\"\nc\n", as: "in.csv")
        == ["a, b", "c"])
    let error = #expect(throws: FileError.self) { try input(csv, "a\nb\n", as: "in.csv") }
    #expect(error?.problem.hasPrefix("the header has no column \"text\", from which task ") == true)
    #expect(
      error?.problem.hasSuffix(
        "it holds \"a\"; rename the column, or, if every line is a text, give --input-format text.")
        == true)
    // The same columns with something else between them.
    #expect(
      try input(csv, "\u{FEFF}nr;text\n1;\"a; b\"\n", as: "in.csv") == ["a; b"])
    #expect(try input(csv, "nr\ttext\n1\ta, b\n", as: "in.csv") == ["a, b"])
  }

  @Test("a file that is not there is named with the key that names it")
  func missing() throws {
    let empty = try scratch.folder()
    let error = #expect(throws: FileError.self) {
      try DatasetReader.read(task: task(.quoted()), split: .train, directory: empty)
    }
    #expect(
      error?.description
        == "\(empty)/train: the train file of task letters is not here; give the folder that "
        + "holds train, or its name in \"files\".")
  }

  @Test("pairs with scores in JSON Lines")
  func pairs() throws {
    var pairs = task(.jsonLines, text: ["a", "b"])
    pairs.labels = []
    pairs.scoreRange = 0...5
    let dataset = try read(pairs, "{\"b\": \"zwei\", \"a\": \"eins\", \"topic\": 2.5}\n")
    #expect(dataset.second(0)?.elementsEqual("zwei".utf8) == true)
    #expect(dataset.label(0) == .score(2.5))
    #expect(
      problem(pairs, "{\"a\": \"x\", \"b\": \"y\", \"topic\": \"2,5\"}\n")
        == "1: the score \"2,5\" is no number from 0.0 to 5.0.")
  }

  @Test("a row with more fields than the header is refused, with its line")
  func moreFieldsThanTheHeader() throws {
    let comma = problem(task(.quoted()), "text,topic\nfine,Lob\nfine, really,Lob\n")
    #expect(comma.hasPrefix("3: the row has 3 comma-separated fields where the header has 2"))
    let tab = problem(task(.tabSeparated), "text\ttopic\nfine\tLob\t\n")
    #expect(tab.hasPrefix("2: the row has 3 tab-separated fields where the header has 2"))
    let first = problem(
      task(.tabSeparated, text: [0], label: 1), "fine\tLob\nfine\tindeed\tLob\n")
    #expect(first.hasPrefix("2: the row has 3 tab-separated fields where the first row has 2"))
    // They are bad rows like others.
    let text = "text,topic\nfine,Lob\nfine, really,Lob\nwhat,Frage\n"
    let dataset = try DatasetReader.read(
      task: task(.quoted()), split: .train, directory: folder(text), badRows: .skip)
    #expect(texts(dataset) == ["fine", "what"] && dataset.rejections.map(\.line) == [3])
    // Fewer are enough if none of the wanted ones is missing.
    #expect(try texts(read(task(.quoted()), "topic,text,note\nLob,fine\n")) == ["fine"])
  }
}
