import Data
import StrictJSON
import TestSupport
import Testing

@Suite("GLUE tasks")
struct GLUETaskTests {
  /// A split of the data at hand: its rows, and how many have each label.
  struct Expected: CustomTestStringConvertible {
    let task: String
    let split: Split
    let counts: [Int]
    let rows: Int
    var testDescription: String { "\(task) \(split)" }

    init(_ task: String, _ split: Split, _ counts: [Int]) {
      (self.task, self.split, self.counts) = (task, split, counts)
      rows = counts.reduce(0, +)
    }

    init(_ task: String, _ split: Split, rows: Int) {
      (self.task, self.split, self.rows, counts) = (task, split, rows, [])
    }
  }

  /// The counts of each SOURCE.md, labels in the order of the tasks.
  static let expected = [
    Expected("cola", .train, [2528, 6023]), Expected("cola", .validation, [322, 721]),
    Expected("cola", .test, rows: 1063),
    Expected("sst-2", .train, [29780, 37569]), Expected("sst-2", .validation, [428, 444]),
    Expected("sst-2", .test, rows: 1821),
    Expected("mrpc", .train, [1194, 2474]), Expected("mrpc", .validation, [129, 279]),
    Expected("mrpc", .test, rows: 1725),
    Expected("sts-b", .train, rows: 5749), Expected("sts-b", .validation, rows: 1500),
    Expected("sts-b", .test, rows: 1379),
    Expected("qqp", .train, [12577, 7423]), Expected("qqp", .validation, [2173, 1324]),
    Expected("mnli", .train, [3408, 3313, 3278]), Expected("mnli", .validation, [373, 311, 316]),
    Expected("mnli", .validationMismatched, [346, 319, 335]),
    Expected("mnli-mm", .validation, [346, 319, 335]),
    Expected("qnli", .train, [5027, 4972]), Expected("qnli", .validation, [2702, 2761]),
    Expected("qnli", .test, rows: 5463),
    Expected("rte", .train, [1249, 1241]), Expected("rte", .validation, [146, 131]),
    Expected("rte", .test, rows: 3000),
    Expected("wnli", .train, [323, 312]), Expected("wnli", .validation, [40, 31]),
    Expected("wnli", .test, rows: 146),
  ]

  static func read(_ name: String, _ split: Split, _ directory: String) throws -> TextDataset {
    try DatasetReader.read(task: TaskRegistry.named(name), split: split, directory: directory)
  }

  static func classes(_ dataset: TextDataset) -> [Int32] {
    (0..<dataset.count).compactMap {
      if case .class(let label) = dataset.label($0) { label } else { nil }
    }
  }

  @Test("real data has the rows and labels of its SOURCE.md", arguments: expected)
  func real(_ expected: Expected) throws {
    guard let glue = TestFiles.shared("data/glue") else { return }
    let dataset = try Self.read(expected.task, expected.split, glue)
    #expect(dataset.count == expected.rows)
    #expect(dataset.rejections.isEmpty && dataset.undecidedLines.isEmpty)
    let labels = Self.classes(dataset)
    for (label, count) in expected.counts.enumerated() {
      #expect(labels.count { $0 == Int32(label) } == count, "label \(label)")
    }
    if expected.split == .test || expected.split == .testMismatched { #expect(labels.isEmpty) }
    let task = try TaskRegistry.named(expected.task)
    for row in [0, dataset.count - 1] {
      #expect(!dataset.first(row).isEmpty && (dataset.second(row)?.isEmpty == false) == task.isPair)
    }
  }

  @Test("texts stand where they should")
  func texts() throws {
    guard let glue = TestFiles.shared("data/glue") else { return }
    func first(_ name: String, _ split: Split) throws -> [String] {
      let dataset = try Self.read(name, split, glue)
      return [dataset.first(0), dataset.second(0)].compactMap {
        $0.map { String(decoding: $0, as: UTF8.self) }
      }
    }
    #expect(
      try first("cola", .train)
        == ["Our friends won't buy this analysis, let alone the next one we propose."])
    #expect(try first("cola", .test) == ["Bill whistled past the house."])
    // The second text begins with a quote that is never closed.
    #expect(
      try first("mrpc", .validation)[1]
        == "\"The foodservice pie business does not fit our long-term growth strategy.")
    #expect(
      try first("sts-b", .train) == ["A plane is taking off.", "An air plane is taking off."])
    #expect(
      try first("wnli", .validation)
        == ["The drain is clogged with hair. It has to be cleaned.", "The hair has to be cleaned."])
    #expect(
      try first("mnli", .train)[1]
        == "We are especially sad this year because we lost a lot of people.")
    #expect(
      try first("qnli", .validation)[0]
        == "What came into force after the new constitution was herald?")
  }

  @Test("scores of STS-B")
  func scores() throws {
    guard let glue = TestFiles.shared("data/glue") else { return }
    for (split, mean) in [(Split.train, 2.701), (.validation, 2.364)] {
      let dataset = try Self.read("sts-b", split, glue)
      let sum = (0..<dataset.count).reduce(0.0) {
        if case .score(let score) = dataset.label($1) { $0 + Double(score) } else { .nan }
      }
      #expect(abs(sum / Double(dataset.count) - mean) < 5e-4)
    }
  }

  @Test("the most frequent class scores what scikit-learn says")
  func majority() throws {
    let cases = try #require(try MetricTests.golden()["majority"]?.array)
    #expect(cases.count == 13)
    let glue = TestFiles.shared("data/glue")
    for entry in cases {
      let task = try TaskRegistry.named(try #require(entry["task"]?.string))
      let counts = (entry["counts"]?.array ?? []).compactMap(\.int)
      var references = counts.enumerated().flatMap { [Int32](repeating: Int32($0), count: $1) }
      #expect(counts.count == task.labels.count)
      if let glue, let split = Split(rawValue: try #require(entry["split"]?.string)) {
        references = Self.classes(try Self.read(task.name, split, glue))
      }
      for metric in [Metric.accuracy, .f1, .matthews] {
        let value = MajorityBaseline.value(metric, references: references)
        #expect(
          MetricTests.isClose(value, entry[metric.rawValue], rows: references.count),
          "\(task.name) \(metric)")
      }
    }
  }
}
