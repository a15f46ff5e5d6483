import Data
import StrictJSON
import TestSupport
import Testing

@Suite("Metrics against scikit-learn and scipy")
struct MetricTests {
  static func golden() throws -> JSONValue {
    let path = TestFiles.golden("metrics/values.json")
    return try StrictJSON.parse(try TestFiles.bytes(path), file: path)
  }

  /// Equality but for roundings, four for each row or label of the sums of a metric; null is NaN.
  ///
  /// - Parameter size: of what cancels, where 1 is the largest value of the metric.
  static func isClose(
    _ value: Double?, _ expected: JSONValue?, rows: Int, size: Double = 1
  ) -> Bool {
    guard let value, let expected else { return false }
    guard let number = expected.double else { return value.isNaN }
    return Roundings.agree(value, number, roundings: Double(4 * rows + 8), of: size)
  }

  /// The largest number, relative to the root mean square of what is left without the mean: by so
  /// much a correlation magnifies roundings.
  private static func condition(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return values.reduce(0) { max($0, abs($1)) } / square.squareRoot()
  }

  @Test("accuracy, F1 and Matthews' coefficient")
  func labels() throws {
    let cases = try #require(try Self.golden()["labels"]?.array)
    #expect(cases.count == 16)
    for entry in cases {
      func numbers(_ key: String) -> [Int32] {
        (entry[key]?.array ?? []).compactMap { $0.int.map(Int32.init) }
      }
      let (p, r) = (numbers("predictions"), numbers("references"))
      #expect(
        Self.isClose(
          Metric.accuracy.value(predictions: p, references: r), entry["accuracy"], rows: p.count))
      #expect(
        Self.isClose(
          Metric.f1.value(predictions: p, references: r), entry["f1"], rows: p.count))
      #expect(
        Self.isClose(
          Metric.macroF1.value(predictions: p, references: r), entry["macro_f1"], rows: p.count))
      #expect(
        Self.isClose(
          Metric.matthews.value(predictions: p, references: r), entry["matthews"], rows: p.count))
      #expect(Metric.pearson.value(predictions: p, references: r) == nil)
    }
    #expect(Metric.accuracy.value(predictions: [], references: [] as [Int32])?.isNaN == true)
  }

  @Test("accuracy and F1 of sets of labels")
  func sets() throws {
    let cases = try #require(try Self.golden()["sets"]?.array)
    #expect(cases.count == 7)
    for entry in cases {
      func flags(_ key: String) -> [Bool] {
        (entry[key]?.array ?? []).compactMap { $0.int.map { $0 == 1 } }
      }
      let counts = LabelSetCounts(
        predictions: flags("predictions"), references: flags("references"),
        labels: try #require(entry["labels"]?.int))
      for metric in [Metric.accuracy, .microF1, .macroF1] {
        #expect(
          Self.isClose(
            metric.value(counts), entry[metric.rawValue], rows: flags("references").count),
          "\(metric)")
      }
      #expect(Metric.f1.value(counts) == nil && Metric.pearson.value(counts) == nil)
    }
    // Rows may be named several times, as a bootstrap does.
    let (p, r) = ([true, false, false, true], [true, true, false, true])
    let twice = LabelSetCounts(predictions: p, references: r, labels: 2, rows: [0, 0, 1])
    #expect(twice.accuracy == 1.0 / 3 && twice.referenced == [2, 3] && twice.both == [2, 1])
    #expect(
      MajorityBaseline.value(
        .accuracy, references: [true, false, true, true, true, false], labels: 2)
        == 2.0 / 3)
    let none = LabelSetCounts(predictions: [false, false], references: [true, false], labels: 2)
    #expect(
      Metric.microF1.caution(none) == "f1_micro is 0 because no label is predicted for any row")
    #expect(
      Metric.macroF1.caution(none)
        == "f1_macro counts 0 for 1 label that neither the predictions nor the data hold")
    #expect(Metric.accuracy.caution(none) == nil)
  }

  @Test("Pearson's and Spearman's coefficients")
  func scores() throws {
    let cases = try #require(try Self.golden()["scores"]?.array)
    #expect(cases.count == 12)
    for entry in cases {
      func numbers(_ key: String) -> [Double] { (entry[key]?.array ?? []).compactMap(\.double) }
      let (p, r) = (numbers("predictions"), numbers("references"))
      let pearson = Metric.pearson.value(predictions: p, references: r)
      let spearman = Metric.spearman.value(predictions: p, references: r)
      // Ranks up to n deviate from their mean by n / sqrt(12) if no two are equal.
      for (found, name, size) in [
        (pearson, "pearson", Self.condition(p) + Self.condition(r)),
        (spearman, "spearman", Double(p.count)),
      ] {
        #expect(
          Self.isClose(found, entry[name], rows: p.count, size: size), "\(name) of \(p) and \(r)")
      }
    }
    #expect(Correlation.pearson([1], [1]).isNaN)
    #expect(Correlation.spearman([1, .nan, 2], [1, 2, 3]).isNaN)
  }

  @Test("cautions where the references warn")
  func cautions() {
    func classes(_ metric: Metric, _ p: [Int32], _ r: [Int32]) -> String? {
      metric.caution(predictions: p, references: r)
    }
    #expect(classes(.accuracy, [], []) == "accuracy is undefined without rows")
    #expect(classes(.accuracy, [1], [1]) == nil)
    #expect(
      classes(.f1, [0, 0], [0, 0])
        == "f1 is 0 because neither the predictions nor the data hold the positive class")
    #expect(
      classes(.f1, [0, 0], [0, 1])
        == "f1 is 0 because no row is predicted to be of the positive class")
    #expect(classes(.f1, [1, 0], [0, 0]) == nil)
    #expect(
      classes(.matthews, [1, 1], [0, 1])
        == "matthews_correlation is 0 because all rows are predicted to be of one class")
    #expect(
      classes(.matthews, [1, 0], [1, 1])
        == "matthews_correlation is 0 because all rows of the data are of one class")
    #expect(classes(.matthews, [1, 0], [0, 1]) == nil)
    func scores(_ p: [Double], _ r: [Double]) -> String? {
      Metric.spearman.caution(predictions: p, references: r)
    }
    #expect(scores([1], [1]) == "spearmanr is undefined for fewer than two rows")
    #expect(
      scores([2, 2], [1, 3])
        == "spearmanr is undefined because all rows are predicted to have one score")
    #expect(
      scores([2, 1], [3, 3]) == "spearmanr is undefined because all rows of the data have one score"
    )
    #expect(
      scores([.nan, 1], [3, 4])
        == "spearmanr is undefined because a predicted score is not a number")
    #expect(scores([2, 1], [3, 4]) == nil)
  }

  @Test("what is below always answering the most frequent class")
  func belowTheMajority() {
    let references: [Int32] = [0, 1, 1, 1]
    func isBelow(_ value: Double, _ metric: Metric) -> Bool {
      MajorityBaseline.isBelow(value, metric: metric, references: references)
    }
    #expect(isBelow(0.74, .accuracy) && !isBelow(0.75, .accuracy) && isBelow(.nan, .accuracy))
    #expect(isBelow(-0.1, .matthews) && !isBelow(0, .matthews))
    #expect(isBelow(0, .pearson) && isBelow(.nan, .spearman) && !isBelow(0.01, .pearson))
    #expect(MajorityBaseline.label([2, 0, 2, 0, 1]) == 0)
    #expect(MajorityBaseline.label([]) == nil)
  }
}
