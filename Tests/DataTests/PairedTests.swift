import Data
import Glibc
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

  /// Equality but for roundings; null is NaN, "inf" infinity.
  private static func isClose(
    _ value: Double?, _ expected: JSONValue?, roundings: Double
  ) -> Bool {
    guard let value, let expected else { return false }
    if let text = expected.string { return value == (text == "inf" ? .infinity : -.infinity) }
    guard let number = expected.double else { return value.isNaN }
    // Below this, numbers have fewer digits.
    return Roundings.agree(value, number, roundings: roundings, of: 1e-300)
  }

  /// Roundings of a p value: a recurrence of as many steps as half the degrees, each of a few; a
  /// power, whose exponent's errors are those of the logarithm; and a fraction of some 60 steps.
  /// scipy has n / (n + t^2) and finds its complement by subtraction, whose root is 1 - p where t
  /// is small.
  private static func roundings(ofP p: Double?, t: Double, degrees: Int) -> Double {
    let p = max(p ?? 1, 1e-300)
    let subtraction = t == 0 ? 0 : (1 - p) * (Double(degrees) + t * t) / (t * t)
    return 64 + 8 * Double(degrees) + 2 * abs(log(p)) + subtraction
  }

  @Test("two-sided p values of Student's t as scipy has them")
  func tails() throws {
    let cases = try #require(try Self.golden()["tails"]?.array)
    #expect(cases.count == 90)
    for entry in cases {
      let (t, n) = (try #require(entry["t"]?.double), try #require(entry["degrees"]?.int))
      let p = StudentT.twoSided(t, degrees: n)
      let roundings = Self.roundings(ofP: entry["p"]?.double, t: t, degrees: n)
      #expect(Self.isClose(p, entry["p"], roundings: roundings), "t \(t), \(n) degrees: \(p)")
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
      let deviation = SampleSummary(differences).standardDeviation
      // Sums over the pairs, relative to the largest number; the statistic magnifies their errors
      // by as much as mean and deviation are smaller, and p by the degrees of freedom besides.
      let largest = (numbers("ours") + numbers("theirs")).reduce(0) { max($0, abs($1)) }
      let sums = Double(4 * test.count)
      #expect(
        Roundings.agree(test.mean, entry["mean"]?.double ?? .nan, roundings: sums, of: largest))
      #expect(
        Roundings.agree(deviation, entry["deviation"]?.double ?? .nan, roundings: sums, of: largest)
      )
      let ratio = 1 + sums * (largest / abs(test.mean) + largest / deviation)
      #expect(
        Self.isClose(test.statistic, entry["statistic"], roundings: ratio),
        "\(differences) \(test.statistic)")
      // Without any deviation p is 0, and nothing is rounded.
      let roundings =
        test.statistic.isFinite
        ? Double(test.count) * ratio
          + Self.roundings(
            ofP: entry["p"]?.double, t: test.statistic, degrees: test.count - 1) : 0
      #expect(
        Self.isClose(test.pValue, entry["p"], roundings: roundings),
        "\(differences) \(test.pValue)")
      // One side is half of both, or the rest; the rest loses what 1 - p loses.
      let greater = entry["greater"]?.double
      #expect(
        Self.isClose(
          test.pGreater, entry["greater"],
          roundings: roundings * (1 + 1 / max(1e-3, greater ?? 1))),
        "\(differences) \(test.pGreater)")
      // The ends are as far off as mean and deviation, and as the bound is.
      let interval = test.interval()
      for (end, key) in [(interval?.lowerBound, "low"), (interval?.upperBound, "high")] {
        guard let expected = entry[key]?.double else {
          #expect(deviation == 0 || test.statistic.isNaN, "scipy has no interval")
          continue
        }
        let size = abs(test.mean) + abs(expected - test.mean) + largest
        #expect(
          Roundings.agree(end ?? .nan, expected, roundings: 64 + sums + ratio, of: size),
          "\(differences) \(key) \(String(describing: end)) \(expected)")
      }
    }
    #expect(PairedTTest([.nan, 1])?.interval() == nil)
    #expect(PairedTTest([0.1]) == nil && PairedTTest([]) == nil)
    #expect(SampleSummary([]).mean.isNaN && SampleSummary([3]).standardDeviation.isNaN)
  }

  /// The bound is where p falls to 1 - level, so it is off by what p is off, magnified by p's
  /// slope.
  @Test("bounds of Student's t as scipy has them")
  func bounds() throws {
    let cases = try #require(try Self.golden()["bounds"]?.array)
    #expect(cases.count == 24)
    for entry in cases {
      let (level, n) = (
        try #require(entry["level"]?.double), try #require(entry["degrees"]?.int)
      )
      let expected = try #require(entry["t"]?.double)
      let t = StudentT.bound(level: level, degrees: n)
      // p' t / p is at most max(1, n) for these levels: the tail is a power of t.
      let roundings = Double(n + 1) * (64 + 8 * Double(n)) / (1 - level)
      #expect(Roundings.agree(t, expected, roundings: roundings), "\(level) \(n): \(t)")
    }
    #expect(StudentT.bound(level: 0.95, degrees: 0).isNaN)
  }

  @Test("Holm's correction as statsmodels has it")
  func holm() throws {
    let cases = try #require(try Self.golden()["holm"]?.array)
    #expect(cases.count == 5)
    for entry in cases {
      let expected = (entry["adjusted"]?.array ?? []).compactMap(\.double)
      let found = Holm.adjusted((entry["p"]?.array ?? []).compactMap(\.double))
      #expect(found.count == expected.count)
      for (a, b) in zip(found, expected) { #expect(Roundings.agree(a, b, roundings: 2)) }
    }
    // What is undefined counts for nothing.
    let some = Holm.adjusted([.nan, 0.02, .nan, 0.03])
    #expect(some[0].isNaN && some[1] == 0.04 && some[2].isNaN && some[3] == 0.04)
    #expect(Holm.adjusted([]).isEmpty)
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
    // 1.96 standard errors of a share of 0.2 in 400 rows are 0.0392; five standard errors of a
    // percentile of 2000 samples are 0.006.
    #expect(Roundings.agree(perfect.value, 0.2, roundings: 3, of: 1))
    #expect(abs(wide.lower - 0.1608) < 0.006 && abs(wide.upper - 0.2392) < 0.006)
    // Both are wrong in the same 80 rows, theirs in 4 more: standard error 0.005.
    let close = try difference(Self.rows(400, wrong: 0..<80), Self.rows(400, wrong: 0..<84))
    let narrow = try #require(close.interval)
    #expect(Roundings.agree(close.value, 0.01, roundings: 3, of: 1))
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
      #expect(Roundings.agree(found.samples[step], expected, roundings: 24, of: 2))
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
    #expect(Roundings.agree(found.value, expected, roundings: 8 * 50, of: 2))
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
