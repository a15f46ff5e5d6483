import Data
import Kernels
import StrictJSON
import TestSupport
import Testing

@Suite("Paired comparisons")
struct PairedTests {
  private static let pool = ThreadPool(threads: 2)

  private static func golden() throws -> JSONValue {
    let path = TestFiles.golden("paired/values.json")
    return try StrictJSON.parse(try TestFiles.bytes(path), file: path)
  }

  /// Equality up to rounding; null is NaN, "inf" infinity.
  private static func isClose(_ value: Double?, _ expected: JSONValue?) -> Bool {
    guard let value, let expected else { return false }
    if let text = expected.string { return value == (text == "inf" ? .infinity : -.infinity) }
    guard let number = expected.double else { return value.isNaN }
    return abs(value - number) <= 1e-10 * abs(number) + 1e-300
  }

  @Test("two-sided p values of Student's t as scipy has them")
  func tails() throws {
    let cases = try #require(try Self.golden()["tails"]?.array)
    #expect(cases.count == 90)
    for entry in cases {
      let (t, n) = (try #require(entry["t"]?.double), try #require(entry["degrees"]?.int))
      let p = StudentT.twoSided(t, degrees: n)
      #expect(Self.isClose(p, entry["p"]), "t \(t), \(n) degrees: \(p)")
    }
    #expect(StudentT.twoSided(.nan, degrees: 3).isNaN)
    #expect(StudentT.twoSided(1, degrees: 0).isNaN)
    #expect(StudentT.twoSided(1e200, degrees: 2) == 0)
  }

  @Test("paired t tests as scipy has them")
  func pairedT() throws {
    let cases = try #require(try Self.golden()["tests"]?.array)
    #expect(cases.count == 9)
    for entry in cases {
      func numbers(_ key: String) -> [Double] { (entry[key]?.array ?? []).compactMap(\.double) }
      let differences = zip(numbers("ours"), numbers("theirs")).map(-)
      let test = try #require(PairedTTest(differences))
      #expect(test.count == differences.count)
      #expect(abs(test.mean - (entry["mean"]?.double ?? .nan)) < 1e-12)
      #expect(Self.isClose(test.statistic, entry["statistic"]), "\(differences) \(test.statistic)")
      #expect(Self.isClose(test.pValue, entry["p"]), "\(differences) \(test.pValue)")
      let deviation = SampleSummary(differences).standardDeviation
      #expect(abs(deviation - (entry["deviation"]?.double ?? .nan)) < 1e-12)
    }
    #expect(PairedTTest([0.1]) == nil && PairedTTest([]) == nil)
    #expect(SampleSummary([]).mean.isNaN && SampleSummary([3]).standardDeviation.isNaN)
  }

  /// Rows of alternating classes; the first `wrong` of them are predicted wrongly.
  private static func rows(_ count: Int, wrong: Range<Int>) -> [Int32] {
    (0..<count).map { Int32(wrong.contains($0) ? 1 - $0 % 2 : $0 % 2) }
  }

  @Test("what makes rows hard for both models cancels")
  func pairing() throws {
    let references = Self.rows(400, wrong: 0..<0)
    let bootstrap = Bootstrap(resamples: 2000)
    func difference(_ ours: [Int32], _ theirs: [Int32]) throws -> Bootstrap.Difference {
      try #require(
        bootstrap.difference(
          of: [.accuracy],
          .classes(ours: [ours], theirs: [theirs], references: references), pool: Self.pool))
    }
    let perfect = try difference(references, Self.rows(400, wrong: 0..<80))
    let wide = try #require(perfect.interval)
    // 1.96 standard errors of a share of 0.2 in 400 rows are 0.0392.
    #expect(abs(perfect.value - 0.2) < 1e-12)
    #expect(abs(wide.lower - 0.1608) < 0.006 && abs(wide.upper - 0.2392) < 0.006)
    // Both are wrong in the same 80 rows, theirs in 4 more: standard error 0.005.
    let close = try difference(Self.rows(400, wrong: 0..<80), Self.rows(400, wrong: 0..<84))
    let narrow = try #require(close.interval)
    #expect(abs(close.value - 0.01) < 1e-12)
    #expect(narrow.upper - narrow.lower > 0.012 && narrow.upper - narrow.lower < 0.025)
    let same = try difference(references, references)
    #expect(same.value == 0 && same.interval == Bootstrap.Interval(lower: 0, upper: 0))
  }

  @Test("samples are the same rows for all models and seeds, written out")
  func samples() throws {
    let references = Self.rows(60, wrong: 0..<0)
    let ours = [Self.rows(60, wrong: 0..<6), Self.rows(60, wrong: 3..<15)]
    let theirs = [Self.rows(60, wrong: 0..<20), Self.rows(60, wrong: 10..<22)]
    let bootstrap = Bootstrap(resamples: 100, seed: 5)
    func find(_ site: Int, _ threads: Int) -> Bootstrap.Difference? {
      bootstrap.difference(
        of: [.accuracy, .f1],
        .classes(ours: ours, theirs: theirs, references: references), site: site,
        pool: ThreadPool(threads: threads))
    }
    let found = try #require(find(3, 2))
    func metric(_ p: [Int32], _ sample: [Int]) -> Double {
      let (p, r) = (sample.map { p[$0] }, sample.map { references[$0] })
      let matrix = ConfusionMatrix(predictions: p, references: r)
      return (matrix.accuracy + matrix.f1(1)) / 2
    }
    for step in [0, 99] {
      var random = RandomStream(seed: 5, purpose: .bootstrap, step: step, site: .part(3))
      let sample = (0..<60).map { _ in random.nextBelow(60) }
      let expected =
        (metric(ours[0], sample) + metric(ours[1], sample) - metric(theirs[0], sample)
          - metric(theirs[1], sample)) / 2
      #expect(abs(found.samples[step] - expected) < 1e-12)
    }
    #expect(found == find(3, 1))
    #expect(found.samples != find(4, 2)?.samples)
  }

  @Test("scores")
  func scores() throws {
    let references = (0..<50).map { Double($0 * 37 % 51) / 10 }
    let good = references.enumerated().map { $1 + Double($0 * 13 % 29) / 10 }
    let poor = references.enumerated().map { $1 + Double($0 * 17 % 31) / 2 }
    let found = try #require(
      Bootstrap(resamples: 300).difference(
        of: [.pearson], .scores(ours: [good], theirs: [poor], references: references),
        pool: Self.pool))
    let expected = Correlation.pearson(good, references) - Correlation.pearson(poor, references)
    #expect(abs(found.value - expected) < 1e-12)
    let interval = try #require(found.interval)
    #expect(interval.lower < expected && expected < interval.upper && interval.lower > 0)
  }

  @Test("nothing to compare")
  func nothing() {
    let bootstrap = Bootstrap(resamples: 10)
    func difference(_ metric: Metric, _ predictions: PairedPredictions) -> Bootstrap.Difference? {
      bootstrap.difference(of: [metric], predictions, pool: Self.pool)
    }
    #expect(difference(.accuracy, .classes(ours: [[]], theirs: [[]], references: [])) == nil)
    #expect(difference(.accuracy, .classes(ours: [], theirs: [[1]], references: [1])) == nil)
    #expect(difference(.pearson, .classes(ours: [[1]], theirs: [[1]], references: [1])) == nil)
    // Pearson's coefficient of one score is undefined in every sample.
    let flat = difference(
      .pearson, .scores(ours: [[1, 1]], theirs: [[1, 2]], references: [1, 2]))
    #expect(flat?.value.isNaN == true && flat?.interval == nil)
  }
}
