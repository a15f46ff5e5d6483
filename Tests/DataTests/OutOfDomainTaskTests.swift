import Data
import Files
import TestSupport
import Testing

@Suite("Tasks out of domain and of topics")
struct OutOfDomainTaskTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func text(_ dataset: TextDataset, _ row: Int) -> String {
    String(decoding: dataset.first(row), as: UTF8.self)
  }

  private func read(
    _ task: TaskDescription, _ split: Split, _ name: String, _ content: String
  ) throws -> TextDataset {
    let folder = try scratch.folder()
    try TestFiles.write(Array(content.utf8), to: "\(folder)/\(name)")
    return try DatasetReader.read(task: task, split: split, directory: folder)
  }

  private func problem(_ task: TaskDescription, _ name: String, _ content: String) -> String {
    let error = #expect(throws: FileError.self) { try read(task, .train, name, content) }
    return error.map { "\($0.line ?? 0): \($0.problem)" } ?? ""
  }

  @Test(
    "real data has the rows and labels of its SOURCE.md",
    arguments: [
      GLUETaskTests.Expected("hans", .validation, [1500, 1500]),
      GLUETaskTests.Expected("paws", .validation, [4461, 3539]),
      GLUETaskTests.Expected("snli", .train, rows: 8999),
      GLUETaskTests.Expected("snli", .validation, rows: 1000),
      GLUETaskTests.Expected("imdb", .validation, [500, 500]),
      GLUETaskTests.Expected("imdb", .test, [500, 500]),
      GLUETaskTests.Expected("ag-news", .train, [2509, 2458, 2496, 2538]),
      GLUETaskTests.Expected("ag-news", .validation, [1900, 1900, 1900, 1900]),
      GLUETaskTests.Expected("ag-news", .test, [1900, 1900, 1900, 1900]),
    ])
  func real(_ expected: GLUETaskTests.Expected) throws {
    guard let data = TestFiles.shared("data") else { return }
    let dataset = try GLUETaskTests.read(expected.task, expected.split, data)
    #expect(dataset.count == expected.rows)
    let labels = GLUETaskTests.classes(dataset)
    #expect(labels.count == expected.rows)
    for (label, count) in expected.counts.enumerated() {
      #expect(labels.count { $0 == Int32(label) } == count, "label \(label)")
    }
  }

  @Test("HANS has thirty subcases of a hundred rows here, ten of each heuristic")
  func hans() throws {
    guard let data = TestFiles.shared("data") else { return }
    let dataset = try GLUETaskTests.read("hans", .validation, data)
    #expect(dataset.groupNames == ["heuristic", "subcase"])
    var subcases: [String: [String: Int]] = [:]
    for row in 0..<dataset.count {
      let groups = dataset.groups(row)
      subcases[groups[0], default: [:]][groups[1], default: 0] += 1
    }
    #expect(subcases.keys.sorted() == ["constituent", "lexical_overlap", "subsequence"])
    for counts in subcases.values {
      #expect(counts.count == 10 && counts.values.allSatisfy { $0 == 100 })
    }
  }

  @Test("AG's News: quotes are resolved, backslashes become spaces, title and text are one")
  func agNews() throws {
    let dataset = try read(
      .agNews, .test, "test.csv",
      "\u{FEFF}\"3\",\"Fears, \"\"T N\"\"\",\"a\\b\\$5\"\r\n\"4\",\"\",\"two\nlines\"\n"
        + "1,plain,fields\n\"2\",\"last\",\"no end\"")
    #expect(dataset.count == 4)
    #expect(text(dataset, 0) == "Fears, \"T N\" a b $5")
    #expect(text(dataset, 1) == "two\nlines")
    #expect(text(dataset, 2) == "plain fields")
    #expect(text(dataset, 3) == "last no end")
    #expect((0..<4).map { dataset.line($0) } == [1, 2, 4, 5])
    #expect(GLUETaskTests.classes(dataset) == [2, 3, 0, 1])
    #expect(!TaskDescription.agNews.isPair)
    let dbpedia = try read(.dbpedia, .train, "train.csv", "14,\"T\",\"a\\nb\\c\"\n")
    #expect(text(dbpedia, 0) == "T a b\\c" && GLUETaskTests.classes(dbpedia) == [13])
    #expect(try TaskRegistry.named("dbpedia").labels.count == 14)
  }

  @Test("mistakes in CSV name the line in which the record starts")
  func mistakes() {
    #expect(
      problem(.agNews, "train.csv", "1,\"a\",\"b\"\n2,\"a\nb\",\"c\n")
        == "2: a quoted field is not closed before the end of the file.")
    #expect(
      problem(.agNews, "train.csv", "1,\"a\"x,b\n")
        == "1: there is text between a closing quote and the next comma.")
    #expect(
      problem(.agNews, "train.csv", "1,a\n")
        == "1: the row has 2 comma-separated fields where at least 3 are needed.")
    #expect(problem(.agNews, "train.csv", "1,\"\",\" \"\n") == "1: all texts of the row are empty.")
    #expect(problem(.agNews, "train.csv", "5,a,b\n").hasPrefix("1: the label \"5\" is not one of"))
  }

  @Test("IMDb in the layouts that go round")
  func imdb() throws {
    for content in [
      "text,label\n\"Good, \"\"very\"\" good.\",1\nBad.,0\n",
      "review,sentiment\n\"Good, \"\"very\"\" good.\",positive\nBad.,negative\n",
      "2,\"Good, \"\"very\"\" good.\"\n1,Bad.\n",
    ] {
      let dataset = try read(.imdb, .train, "train.csv", content)
      #expect(text(dataset, 0) == "Good, \"very\" good." && text(dataset, 1) == "Bad.")
      #expect(GLUETaskTests.classes(dataset) == [1, 0])
    }
  }

  @Test("SNLI and SciTail in their authors' files")
  func inference() throws {
    let snli = try read(
      .snli, .validation, "snli_1.0_dev.txt",
      "gold_label\tsentence1_parse\tsentence1\tsentence2\n-\tp\tA\tB\nneutral\tp\tC\tD\n")
    #expect(text(snli, 0) == "C" && snli.undecidedLines == [2] && snli.count == 1)
    let scitail = try read(
      .scitail, .train, "scitail_1.0_train.tsv", "A\tB\tentails\nC\tD\tneutral\n")
    #expect(GLUETaskTests.classes(scitail) == [0, 1])
  }

  @Test("AdvGLUE's JSON")
  func advGLUE() throws {
    let json = """
      {
        "sst2": [
          {"sentence": "so good", "label": 1, "idx": 0},
          {"sentence": "s\\u006f bad", "label": 0, "idx": 1}
        ],
        "mnli": [{"premise": "A", "hypothesis": "B", "label": 2}]
      }
      """
    let sst2 = try read(TaskRegistry.named("advglue-sst2"), .validation, "dev.json", json)
    #expect(text(sst2, 1) == "so bad" && GLUETaskTests.classes(sst2) == [1, 0])
    #expect(sst2.line(1) == 4)
    let mnli = try read(TaskRegistry.named("advglue-mnli"), .validation, "dev.json", json)
    #expect(mnli.second(0).map { String(decoding: $0, as: UTF8.self) } == "B")
    #expect(GLUETaskTests.classes(mnli) == [2])
    func problem(_ task: String, _ json: String) -> String {
      let error = #expect(throws: FileError.self) {
        try read(TaskRegistry.named(task), .validation, "dev.json", json)
      }
      return error.map { "\($0.line ?? 0): \($0.problem)" } ?? ""
    }
    #expect(
      problem("advglue-rte", json) == "1: the file needs an object with an array \"rte\".")
    #expect(
      problem("advglue-sst2", "{\"sst2\": [\n{\"sentence\": \"a\"}]}")
        == "2: row 1 of the array: the row needs the keys \"sentence\", \"label\" with a text or number each."
    )
    #expect(problem("advglue-sst2", "{\"sst2\": [").hasPrefix("1: "))
  }

  @Test("what the labels of models of other tasks mean")
  func foldings() {
    let hans = TaskDescription.hans
    #expect(hans.foldedOutputs(names: ["CONTRADICTION", "ENTAILMENT", "NEUTRAL"]) == [1, 0, 1])
    #expect(hans.foldedOutputs(names: ["entailment", "neutral", "other"]) == nil)
    #expect(hans.foldedOutputs(names: ["entailment", "entailment", "neutral"]) == nil)
    #expect(hans.foldedOutputs(names: ["entailment", "not_entailment"]) == nil)
    let nameless = ["LABEL_0", "LABEL_1", "LABEL_2"]
    #expect(hans.foldedOutputs(names: nameless, isNameless: true) == [0, 1, 1])
    #expect(hans.foldedOutputs(names: nameless) == nil)
    #expect(TaskDescription.paws.foldedOutputs(names: ["duplicate", "not_duplicate"]) == [1, 0])
    #expect(TaskDescription.paws.foldedOutputs(names: ["not_equivalent", "equivalent"]) == [0, 1])
    #expect(TaskDescription.sst2.foldedOutputs(names: ["negative", "positive"]) == nil)
    // Every meaning of every folding is a label of its task.
    for task in TaskRegistry.all {
      for folding in task.foldings {
        #expect(folding.meanings.allSatisfy { task.labelNames.contains($0.task) }, "\(task.name)")
        #expect((try? TaskRegistry.named(folding.modelTask)) != nil)
      }
    }
  }
}
