import Configuration
import Data
import Files
import Glibc
import Runs
import StrictJSON
import TestSupport
import Testing

/// The description of data of one's own in the section `task`.
@Suite struct OwnTaskTests {
  static let draft = """
    {
      "output_dir": "runs/o",
      "task": {
        "name": "letters", "data_dir": "data",
        "format": "csv",
        "text": "text",
        "label": "topic",
        "labels": ["praise", "question", "complaint"]
      },
      "model": { "model_name_or_path": "models/bert" }
    }
    """

  private func read(_ old: String, _ new: String) throws -> TaskConfiguration {
    try Draft.read(Draft.changed(Self.draft, old, new), as: TeacherFinetuneConfiguration.self).task
  }

  private func description(
    _ ending: String, _ texts: [TaskDescription.Column], _ label: TaskDescription.Column,
    _ labels: [String], range: ClosedRange<Float>? = nil, metrics: [Metric],
    names: [String]? = nil, change: (inout TaskDescription.File) -> Void
  ) -> TaskDescription {
    let names = names ?? ["train", "dev", "test"].map { "\($0).\(ending)" }
    func file(_ name: String, _ label: TaskDescription.Column?) -> TaskDescription.File {
      var file = TaskDescription.File(name: name, textColumns: texts, labelColumn: label)
      change(&file)
      return file
    }
    var task = TaskDescription(
      name: "letters", folder: "", labels: labels.map { TaskDescription.Label($0) },
      scoreRange: range, metrics: metrics,
      files: [
        .train: file(names[0], label), .validation: file(names[1], label),
        .test: file(names[2], label),
      ], alternatives: [.test: [file(names[2], nil)]])
    task.isOwn = true
    return task
  }

  @Test func defaults() throws {
    let task = try read("data", "data")
    let expected = description(
      "csv", [.named("text")], .named("topic"), ["praise", "question", "complaint"],
      metrics: [.accuracy]
    ) { $0.format = .quoted() }
    #expect(task.own == expected)
    #expect(task.name == "letters" && task.maxSeqLength == 128)
    let plain: TeacherFinetuneConfiguration = try Draft.read(Draft.teacher)
    #expect(plain.task.own == nil && plain.task.remembered == nil)
  }

  @Test func everyKeyReachesItsField() throws {
    let task = try read(
      "\"csv\"",
      """
      "csv", "separator": ";", "text_pair": -1, "header": true,
      "label_spellings": ["1", "2", "3"], "metrics": ["f1_macro", "matthews_correlation"],
      "files": { "train": "a", "validation": "b", "test": "c" }
      """)
    var expected = description(
      "csv", [.named("text"), .at(-1)], .named("topic"), ["praise", "question", "complaint"],
      metrics: [.macroF1, .matthews], names: ["a", "b", "c"]
    ) { $0.format = .quoted(separator: UInt8(ascii: ";")) }
    for place in 0..<3 { expected.labels[place].spelling = "\(place + 1)" }
    #expect(task.own == expected)
  }

  @Test func severalLabels() throws {
    let usual = try read("\"csv\"", "\"csv\", \"multi_label\": true")
    func separator(_ task: TaskConfiguration) -> String? {
      task.own?.files[.train]?.first?.labelSeparator
    }
    #expect(usual.own?.isMultiLabel == true && separator(usual) == "|")
    #expect(usual.own?.metrics == [.microF1, .macroF1, .accuracy])
    let comma = try read("\"csv\"", "\"csv\", \"multi_label\": true, \"label_separator\": \",\"")
    #expect(separator(comma) == ",")
    let lines = try read("\"csv\"", "\"jsonl\", \"multi_label\": true")
    #expect(lines.own?.isMultiLabel == true && lines.own?.metrics.first == .microF1)
  }

  @Test func scoresAndNumberedColumns() throws {
    let text = try Draft.changed(
      Draft.changed(
        Self.draft, "\"labels\": [\"praise\", \"question\", \"complaint\"]",
        "\"score_range\": [0, 5]"),
      "\"csv\",\n    \"text\": \"text\",\n    \"label\": \"topic\"",
      "\"tsv\", \"quotes\": true, \"text\": 1, \"text_pair\": 2, \"label\": 0")
    let own = try Draft.read(text, as: TeacherFinetuneConfiguration.self).task.own
    let expected = description(
      "tsv", [.at(1), .at(2)], .at(0), [], range: 0...5, metrics: [.pearson, .spearman]
    ) { $0.format = .quoted(separator: UInt8(ascii: "\t")) }
    #expect(own == expected)
  }

  @Test(arguments: [
    Spoiled(
      "\"csv\"", "\"xml\"",
      "5:15: error: task.format must be \"tsv\" or \"csv\" or \"jsonl\" or \"json\", found \"xml\"."
    ),
    Spoiled(
      "    \"format\": \"csv\",\n", "",
      "5:5: error: unknown key \"text\"; it describes data of your own; "
        + "give \"format\" (tsv, csv, jsonl or json), too."),
    Spoiled(
      "\"text\": \"text\"", "\"text\": -2",
      "6:13: error: task.text must be the name or number (from 0) of a column, found -2."),
    Spoiled(
      "    \"label\": \"topic\",\n", "",
      "3:11: error: task.label is missing; the name or number (from 0) of a column is required "
        + "here."),
    Spoiled(
      "\"text\": \"text\"", "\"text\": \"topic\"",
      "6:13: error: task.text and task.label name the same column."),
    Spoiled(
      "\"label\"", "\"lable\"",
      "7:5: error: unknown key \"lable\" in task; did you mean \"label\"?"),
    Spoiled(
      "\"label\": \"topic\"", "\"label\": 3, \"header\": false",
      "6:13: error: task.text names a column, but the files have no header; "
        + "give its number, counted from 0, or set \"header\": true."),
    Spoiled(
      "[\"praise\", \"question\", \"complaint\"]", "[\"praise\"]",
      "8:15: error: task.labels must hold at least two names."),
    Spoiled(
      "\"complaint\"", "\"Praise\"",
      "8:38: error: task.labels[2] must be unlike those before it, found \"Praise\"."),
    Spoiled(
      "\"labels\": [\"praise\", \"question\", \"complaint\"]",
      "\"label_spellings\": [\"1\", \"2\"]",
      "8:24: error: task.label_spellings says how labels are written whose names are not there; "
        + "give labels, too."),
    Spoiled(
      "\"complaint\"]", "\"complaint\"], \"label_spellings\": [\"1\", \"2\"]",
      "8:71: error: task.label_spellings must hold a spelling for each of the 3 labels, "
        + "in their order, found 2."),
    Spoiled(
      "\"complaint\"]", "\"complaint\"], \"score_range\": [0, 5]",
      "8:15: error: task has both score_range and labels; a row has a score or a label."),
    Spoiled(
      "\"labels\": [\"praise\", \"question\", \"complaint\"]", "\"score_range\": [5, 0]",
      "8:20: error: task.score_range must be the smallest and the largest score, such as [0, 5]."),
    Spoiled(
      "\"complaint\"]", "\"complaint\"], \"metrics\": [\"f1\"]",
      "8:64: error: task.metrics[0] must be \"accuracy\" or \"f1_macro\" or "
        + "\"matthews_correlation\", found \"f1\"."),
    Spoiled(
      "\"complaint\"]", "\"complaint\"], \"metrics\": [\"acuracy\"]",
      "8:64: error: task.metrics[0] must be \"accuracy\" or \"f1_macro\" or "
        + "\"matthews_correlation\", found \"acuracy\"; did you mean \"accuracy\"?"),
    Spoiled(
      "\"csv\"", "\"tsv\", \"separator\": \";\"",
      "5:22: error: unknown key \"separator\"; fields of TSV are separated by tabs."),
    Spoiled(
      "\"csv\"", "\"csv\", \"quotes\": true",
      "5:22: error: unknown key \"quotes\"; fields of CSV may always be quoted."),
    Spoiled(
      "\"csv\"", "\"jsonl\", \"header\": true",
      "5:24: error: unknown key \"header\"; JSON has none."),
    Spoiled(
      "\"csv\",\n    \"text\": \"text\"", "\"jsonl\",\n    \"text\": 0",
      "6:13: error: task.text must be a key of the JSON objects."),
    Spoiled(
      "\"csv\"", "\"csv\", \"files\": { \"dev\": \"dev.csv\" }",
      "5:33: error: unknown key \"dev\" in task.files; known are test, train, validation."),
    Spoiled(
      "\"csv\"", "\"csv\", \"label_separator\": \",\"",
      "5:22: error: unknown key \"label_separator\"; "
        + "rows have one label unless multi_label is true."),
    Spoiled(
      "\"csv\"", "\"jsonl\", \"multi_label\": true, \"label_separator\": \",\"",
      "5:45: error: unknown key \"label_separator\"; JSON Lines have an array of labels."),
    Spoiled(
      "\"csv\"", "\"csv\", \"multi_label\": true, \"label_separator\": \"ai\"",
      "5:62: error: task.label_separator is \"ai\", which is part of the label \"praise\"; "
        + "labels could not be told apart."),
    Spoiled(
      "\"csv\"", "\"csv\", \"multi_label\": true, \"metrics\": [\"f1\"]",
      "5:55: error: task.metrics[0] must be \"f1_micro\" or \"f1_macro\" or \"accuracy\", "
        + "found \"f1\"."),
    Spoiled(
      "\"labels\": [\"praise\", \"question\", \"complaint\"]",
      "\"score_range\": [0, 5], \"multi_label\": true",
      "8:43: error: task has both score_range and multi_label; a row has a score or labels."),
  ])
  func mistakes(_ spoiled: Spoiled) throws {
    let text = try Draft.changed(Self.draft, spoiled.old, spoiled.new)
    #expect(Draft.complaint(TeacherFinetuneConfiguration.self, text) == spoiled.message)
  }

  @Test func isKeptWithoutItsPlaceAndReadBack() throws {
    let scratch = try ScratchFolder()
    func load(_ text: String) throws -> TaskConfiguration {
      try TaskConfiguration.load(path: scratch.write(text, as: "task.json"))
    }
    for (old, new) in [
      ("\"csv\"", "\"csv\", \"max_seq_length\": 40"), ("\"csv\"", "\"tsv\", \"quotes\": true"),
      ("\"csv\"", "\"jsonl\""), ("\"csv\"", "\"jsonl\", \"multi_label\": true"),
      ("\"csv\"", "\"csv\", \"multi_label\": true, \"label_separator\": \";\""),
      ("\"labels\": [\"praise\", \"question\", \"complaint\"]", "\"score_range\": [0, 5]"),
    ] {
      let task = try read(old, new)
      let kept = try #require(task.remembered)
      #expect(kept["name"] == "letters" && kept["data_dir"] == nil && kept["bad_rows"] == nil)
      let again = try load(JSONWriter().string(kept))
      #expect(again.own == task.own && again.name == task.name)
      #expect(again.maxSeqLength == task.maxSeqLength && again.dataDir.isEmpty)
    }
    // A run's configuration will do as well, whatever else is in it.
    let whole = try load(Draft.changed(Self.draft, "\"model\"", "\"anything\""))
    #expect(try whole.own == read("data", "data").own && whole.dataDir == "data")
    let error = #expect(throws: ConfigError.self) {
      try load("{ \"name\": \"letters\", \"x\": 1 }")
    }
    #expect(error?.message.hasPrefix("unknown key \"x\"") == true)
  }

  @Test(arguments: ["../train.csv", "/etc/passwd", "a/../../b", "..", "train.csv\\u0000"])
  func filesStayInTheFolderOfTheData(_ name: String) {
    let error = #expect(throws: ConfigError.self) {
      try read(
        "\"label\": \"topic\",", "\"label\": \"topic\", \"files\": {\"train\": \"\(name)\"},")
    }
    #expect(error?.message.contains("task.files.train must be") == true, "\(error as Any)")
  }

  @Test func aLinkUnderAGivenNameIsNotFollowedOutOfTheFolder() throws {
    let scratch = try ScratchFolder()
    let secret = try scratch.write("text,topic\nroot:x:0:0,praise\n", as: "secret")
    let folder = try scratch.folder()
    symlink(secret, "\(folder)/mine.csv")
    symlink(secret, "\(folder)/train.csv")
    let named = try read(
      "\"label\": \"topic\",", "\"label\": \"topic\", \"files\": {\"train\": \"mine.csv\"},")
    let error = #expect(throws: FileError.self) {
      try DatasetReader.read(task: #require(named.own), split: .train, directory: folder)
    }
    #expect(error?.problem.contains("leads out") == true)
    // The usual names are nobody's choice, and people do keep their data elsewhere.
    let usual = try read("data", "data")
    #expect(
      try DatasetReader.read(task: #require(usual.own), split: .train, directory: folder).count == 1
    )
  }

  @Test(arguments: ["9223372036854775807", "65536", "-2"])
  func columnsHaveNumbersThatRowsCanHave(_ number: String) {
    let error = #expect(throws: ConfigError.self) {
      try read("\"text\": \"text\"", "\"text\": \(number)")
    }
    #expect(error?.message.contains("the name or number (from 0) of a column") == true)
  }
}
