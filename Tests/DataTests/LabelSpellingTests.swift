import Data
import Files
import TestSupport
import Testing

/// Labels of files that are not spelled as the task's own files spell them.
@Suite("Spellings of labels")
struct LabelSpellingTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func read(
    _ labels: [String], task: TaskDescription = .sst2, badRows: BadRows = .stop,
    maximumRows: Int? = nil
  ) throws -> TextDataset {
    let isPair = task.isPair
    let head =
      isPair ? "sentence1\tsentence2\t" : "sentence\t"
    let label = isPair ? "gold_label" : "label"
    let rows = labels.map { (isPair ? "a\tb\t" : "a\t") + $0 }
    let folder = try scratch.folder([
      "train.tsv": ([head + label] + rows).joined(separator: "\n") + "\n"
    ])
    return try DatasetReader.read(
      task: task, split: .train, directory: folder, maximumRows: maximumRows, badRows: badRows)
  }

  private func classes(_ labels: [String], task: TaskDescription = .sst2) throws -> [Int32] {
    let dataset = try read(labels, task: task)
    return (0..<dataset.count).map { row in
      if case .class(let id) = dataset.label(row) { id } else { -1 }
    }
  }

  private func problem(_ labels: [String], task: TaskDescription = .sst2) -> String {
    let error = #expect(throws: FileError.self) { try read(labels, task: task) }
    return error.map { "\($0.line ?? 0): \($0.problem)" } ?? ""
  }

  /// Rows of pandas with gaps: `to_csv` writes the others as 1.0.
  @Test("whole numbers as floats, other case, spaces, names, synonyms, numbers")
  func ways() throws {
    #expect(try classes(["1", "0"]) == [1, 0])
    #expect(try classes(["1.0", "0.0", "1.0"]) == [1, 0, 1])
    #expect(try classes(["1 ", "0", " 1"]) == [1, 0, 1])
    #expect(try classes(["Positive", "negative ", "POSITIVE"]) == [1, 0, 1])
    #expect(try classes(["pos", "neg"]) == [1, 0])
    #expect(try classes(["Entailment", "neutral"], task: .mnli) == [0, 1])
    #expect(try classes(["0", "2", "1"], task: .mnli) == [0, 2, 1])
    #expect(try classes(["0.0", "2.0", "-", "1.0"], task: .mnli) == [0, 2, 1])
    #expect(
      try read(["pos", "neg", "pos"]).notices.first?.hasSuffix(
        "/train.tsv: labels are read by their usual meaning: \"neg\" as negative, \"pos\" as "
          + "positive") == true)
    #expect(try read(["1", "0"]).notices == [])
  }

  @Test("what can mean two things, or nothing, is refused")
  func refused() {
    // Counted from 1, or from 0 without the first class? Nothing in the file tells.
    #expect(problem(["1", "2"], task: .mnli).hasPrefix("2: the label \"1\" is not one of task"))
    #expect(problem(["1", "2", "3"], task: .mnli).hasPrefix("2: the label \"1\""))
    #expect(problem(["0", "1", "3"], task: .mnli).hasPrefix("2: the label \"0\""))
    // A number that the task has a meaning for is never taken for another label's number.
    #expect(problem(["0", "1", "2"]).hasPrefix("4: the label \"2\""))
    #expect(problem(["0.5", "1.0"]).hasPrefix("2: the label \"0.5\""))
    // One way for all of them.
    #expect(problem(["1", "positive"]).hasPrefix("3: the label \"positive\""))
    #expect(problem(["pos", "good"]).hasPrefix("2: the label \"pos\""))
  }

  @Test("missing labels do not stand in the way of the others, and are no labels")
  func missing() throws {
    for missing in ["", "NA", "nan", "None"] {
      #expect(problem(["1.0", missing, "0.0"]).hasPrefix("3: the label \"\(missing)\""))
      let dataset = try read(["1.0", missing, "0.0"], badRows: .skip)
      #expect(dataset.count == 2 && dataset.rejections.map(\.line) == [3])
      #expect(dataset.label(0) == .class(1) && dataset.label(1) == .class(0))
    }
  }

  @Test("the whole file decides, however few rows are wanted")
  func wholeFile() throws {
    let dataset = try read(["1", "0", "positive"], maximumRows: 2)
    #expect(dataset.count == 2 && dataset.notices == [])
    #expect(throws: FileError.self) { try read(["pos", "neg", "meh"], maximumRows: 2) }
  }
}
