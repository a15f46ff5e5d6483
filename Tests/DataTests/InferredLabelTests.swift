import Configuration
import Data
import Files
import StrictJSON
import TestSupport
import Testing

/// Labels that nobody lists are those of the training rows.
@Suite struct InferredLabelTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// The section `task` for a training file with this content.
  private func read(_ rows: String, _ more: JSONValue = [:]) throws -> TaskConfiguration {
    let usual: JSONValue = [
      "name": "own", "data_dir": .string(try scratch.folder(["train.csv": rows])), "format": "csv",
      "text": "text", "label": "label",
    ]
    let document = try ConfigDocument(["task": usual.merged(with: more)], file: "run.json")
    return try TaskConfiguration(reading: document.root.section("task"))
  }

  private func labels(_ rows: String, _ more: JSONValue = [:]) throws -> [String]? {
    try read("text,label\n" + rows, more).own?.labelNames
  }

  private func complaint(_ rows: String) -> String {
    do {
      return "\(try labels(rows) ?? [])"
    } catch {
      return "\(error)".split(separator: "train.csv: ").last.map(String.init) ?? ""
    }
  }

  @Test func orderIsThatOfValuesOrBytes() throws {
    #expect(try labels("a,pos\nb,neg\nc,pos\n") == ["neg", "pos"])
    #expect(try labels("a,10\nb,9\nc,-1\n") == ["-1", "9", "10"])
    #expect(try labels("a,1.0\nb,0.0\n") == ["0.0", "1.0"])
    #expect(try labels("a,10\nb,9\nc,x\n") == ["10", "9", "x"])
  }

  @Test func severalLabelsInARow() throws {
    #expect(try labels("a,x|y\nb,\nc,z|x\n", ["multi_label": true]) == ["x", "y", "z"])
  }

  @Test func theyAreWrittenDown() throws {
    let task = try read("text,label\na,pos\nb,neg\n")
    #expect(task.remembered?["labels"] == ["neg", "pos"])
    #expect(task.remembered?["label_spellings"] == ["neg", "pos"])
    #expect(task.own?.metrics == [.accuracy])
    // What is written beside a model can be read without the data.
    let kept = try ConfigDocument(["task": try #require(task.remembered)], file: "task.json")
    let again = try TaskConfiguration(reading: kept.root.section("task"), for: .otherData)
    #expect(again.own?.labels == task.own?.labels)
  }

  @Test func whatIsNoLabelIsSaid() {
    #expect(
      complaint("a,Pos\nb,pos\n")
        == "the labels \"Pos\" and \"pos\" differ only in case or spaces; write them alike, or "
        + "list labels with other names and these as label_spellings.")
    #expect(
      complaint("a,pos\nb,pos\n")
        == "the training rows have only the label \"pos\"; a model needs two or more to tell apart."
    )
    for none in ["NA", "nan", "None", "null", "n/a"] {
      #expect(
        complaint("a,\(none)\nb,pos\nc,neg\n")
          == "the label \"\(none)\" usually says that there is none; list labels, with "
          + "\"\(none)\" if it is one of them.")
    }
    #expect(
      complaint("a,1\nb,1.0\nc,2\n").hasPrefix("the labels \"1\" and \"1.0\" are the same number"))
    #expect(complaint("a,16777216\nb,16777217\n") == "[\"16777216\", \"16777217\"]")
    #expect(complaint("a,01\nb,1\nc,x\n").contains("are the same number"))
    let many = (0...1000).map { "a,\($0)\n" }.joined()
    #expect(complaint(many).hasPrefix("the label's column has more than 1000 different values"))
  }

  @Test func rowsThatCannotBeUsedAreLeftToTheirReader() throws {
    #expect(try labels("a,pos\nb\nc,neg\n") == ["neg", "pos"])
    #expect(complaint("a\nb\n").contains("2 are needed"))
  }

  /// Whoever lists a label that looks like none has it.
  @Test func listedLabelsMayLookLikeNone() throws {
    let task = try read("text,label\na,NA\nb,US\nc,NA\n", ["labels": ["NA", "US"]])
    let description = try #require(task.own)
    let rows = try DatasetReader.read(
      task: description, split: .train, directory: task.dataDir)
    #expect((0..<3).map { rows.label($0) } == [.class(0), .class(1), .class(0)])
  }

  @Test func dataOfAnotherPlaceMustListThem() throws {
    let document = try ConfigDocument(
      ["name": "own", "format": "csv", "text": "a", "label": "b"], file: "task.json")
    #expect(throws: ConfigError.self) {
      try TaskConfiguration(reading: document.root, for: .otherData)
    }
  }
}
