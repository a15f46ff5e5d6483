import Data
import StrictJSON
import Testing

@Suite("Metrics against scikit-learn and scipy")
struct MetricTests {
  static func golden() throws -> JSONValue {
    let path = TestFiles.golden("metrics/values.json")
    return try StrictJSON.parse(try TestFiles.bytes(path), file: path)
  }

  static func isClose(_ value: Double?, _ expected: JSONValue?) -> Bool {
    guard let value, let expected else { return false }
    guard let number = expected.double else { return value.isNaN }
    return abs(value - number) <= 1e-12
  }

  @Test("accuracy, F1 and Matthews' coefficient")
  func labels() throws {
    let cases = try #require(try Self.golden()["labels"]?.array)
    #expect(cases.count == 13)
    for entry in cases {
      func numbers(_ key: String) -> [Int32] {
        (entry[key]?.array ?? []).compactMap { $0.int.map(Int32.init) }
      }
      let (p, r) = (numbers("predictions"), numbers("references"))
      #expect(Self.isClose(Metric.accuracy.value(predictions: p, references: r), entry["accuracy"]))
      #expect(Self.isClose(Metric.f1.value(predictions: p, references: r), entry["f1"]))
      #expect(Self.isClose(Metric.matthews.value(predictions: p, references: r), entry["matthews"]))
      #expect(Metric.pearson.value(predictions: p, references: r) == nil)
    }
    #expect(Classification.accuracy([], []).isNaN)
  }

  @Test("Pearson's and Spearman's coefficients")
  func scores() throws {
    let cases = try #require(try Self.golden()["scores"]?.array)
    #expect(cases.count == 8)
    for entry in cases {
      func numbers(_ key: String) -> [Double] { (entry[key]?.array ?? []).compactMap(\.double) }
      let (p, r) = (numbers("predictions"), numbers("references"))
      let pearson = Metric.pearson.value(predictions: p, references: r)
      let spearman = Metric.spearman.value(predictions: p, references: r)
      #expect(Self.isClose(pearson, entry["pearson"]), "\(p) \(r) \(String(describing: pearson))")
      #expect(Self.isClose(spearman, entry["spearman"]), "\(p) \(r)")
    }
    #expect(Correlation.pearson([1], [1]).isNaN)
    #expect(Correlation.spearman([1, .nan, 2], [1, 2, 3]).isNaN)
  }
}
