import Data
import Kernels
import TestSupport
import Testing

@Suite("Confidence intervals and confusion matrices")
struct BootstrapTests {
  private static let pool = ThreadPool(threads: 2)

  /// `wrong` of `count` rows are predicted wrongly; classes alternate.
  private static func rows(_ count: Int, wrong: Int) -> (predictions: [Int32], references: [Int32])
  {
    let references = (0..<count).map { Int32($0 % 2) }
    return ((0..<count).map { $0 < wrong ? 1 - references[$0] : references[$0] }, references)
  }

  private static func scores(_ count: Int) -> (predictions: [Double], references: [Double]) {
    let references = (0..<count).map { Double($0 * 37 % 51) / 10 }
    return (references.enumerated().map { $1 + Double($0 * 13 % 29) / 10 }, references)
  }

  @Test("accuracy has the interval of a share")
  func share() throws {
    let (p, r) = Self.rows(400, wrong: 80)
    let found = Bootstrap(resamples: 4000).intervals(
      of: [.accuracy], predictions: p, references: r, pool: Self.pool)
    try #require(found.count == 1)
    let interval = try #require(found[0])
    // 1.96 standard errors of a share of 0.8 in 400 rows are 0.0392; six standard errors of a
    // percentile of 4000 samples are 0.005.
    #expect(abs(interval.lower - 0.7608) < 0.005 && abs(interval.upper - 0.8392) < 0.005)
    #expect(interval.undefined == 0)
  }

  @Test("about 95 of 100 intervals hold the true share")
  func coverage() throws {
    var random = RandomStream(seed: 3, purpose: .noise)
    var covered = 0
    for seed in 0..<100 {
      let r = [Int32](repeating: 1, count: 200)
      let p = r.map { _ in random.nextUniform() < 0.7 ? Int32(1) : 0 }
      let found = Bootstrap(resamples: 200, seed: UInt64(seed)).intervals(
        of: [.accuracy], predictions: p, references: r, pool: Self.pool)
      let interval = try #require(found.first ?? nil)
      if interval.lower <= 0.7, interval.upper >= 0.7 { covered += 1 }
    }
    #expect(covered >= 86 && covered < 100)
  }

  @Test("means of rows' scores have the interval of the share that they are")
  func meansOfScores() throws {
    let (p, r) = Self.rows(150, wrong: 40)
    let bootstrap = Bootstrap(resamples: 200)
    let share = bootstrap.intervals(
      of: [.accuracy], predictions: p, references: r, pool: Self.pool)
    let right = zip(p, r).map { $0 == $1 ? 1.0 : 0 }
    let found = bootstrap.intervals(
      ofMeans: [right, right.map { 100 * $0 }], pool: Self.pool)
    try #require(found.count == 2 && share.count == 1)
    let (whole, percent) = (try #require(found[0]), try #require(found[1]))
    #expect(whole == share[0])
    #expect(Roundings.agree(percent.lower, 100 * whole.lower, roundings: 150))
    #expect(Roundings.agree(percent.upper, 100 * whole.upper, roundings: 150))
    #expect(bootstrap.intervals(ofMeans: [], pool: Self.pool).isEmpty)
  }

  @Test("a seed names the intervals, threads do not matter")
  func seeds() {
    let (p, r) = Self.rows(100, wrong: 20)
    func find(_ seed: UInt64, _ pool: ThreadPool) -> [Bootstrap.Interval?] {
      Bootstrap(resamples: 300, seed: seed).intervals(
        of: [.accuracy, .f1], predictions: p, references: r, pool: pool)
    }
    let first = find(1, Self.pool)
    #expect(first == find(1, ThreadPool(threads: 1)))
    #expect(first != find(2, Self.pool))
    #expect(first.count == 3, "the mean of two metrics has an interval, too")
  }

  @Test("the mean of metrics is taken sample by sample")
  func means() throws {
    let (p, r) = Self.scores(60)
    let found = Bootstrap(resamples: 500).intervals(
      of: [.pearson, .spearman], predictions: p, references: r, pool: Self.pool)
    let intervals = try #require(found.count == 3 ? found.compactMap { $0 } : nil)
    #expect(intervals.count == 3)
    for (place, metric) in [Metric.pearson, .spearman].enumerated() {
      let value = try #require(metric.value(predictions: p, references: r))
      #expect(intervals[place].lower < value && value < intervals[place].upper)
    }
    #expect(intervals[2].lower >= min(intervals[0].lower, intervals[1].lower))
    #expect(intervals[2].upper <= max(intervals[0].upper, intervals[1].upper))
    // Written out: the same rows drawn again, sorted, and the ends taken.
    var values: [Double] = []
    for step in 0..<500 {
      var random = RandomStream(seed: 42, purpose: .bootstrap, step: step)
      let sample = (0..<60).map { _ in random.nextBelow(60) }
      values.append(Correlation.pearson(sample.map { p[$0] }, sample.map { r[$0] }))
    }
    values.sort()
    for (found, expected) in [
      (intervals[0].lower, values[12] + 0.475 * (values[13] - values[12])),
      (intervals[0].upper, values[486] + 0.525 * (values[487] - values[486])),
    ] {
      #expect(Roundings.agree(found, expected, roundings: 8 * 60, of: 1))
    }
  }

  @Test("sets of labels")
  func sets() throws {
    // Two labels a row; the second one is missed in every fourth row.
    let references = (0..<200).flatMap { [$0 % 2 == 0, true] }
    let predictions = (0..<200).flatMap { [$0 % 2 == 0, $0 % 4 != 0] }
    let found = Bootstrap(resamples: 1000).intervals(
      of: [.accuracy, .microF1], predictions: predictions, references: references, labels: 2,
      pool: Self.pool)
    try #require(found.count == 3)
    let accuracy = try #require(found[0])
    // 1.96 standard errors of a share of 0.75 in 200 rows are 0.06; six standard errors of a
    // percentile of 1000 samples and a row are 0.02.
    #expect(abs(accuracy.lower - 0.69) < 0.02 && abs(accuracy.upper - 0.81) < 0.02)
    let counts = LabelSetCounts(predictions: predictions, references: references, labels: 2)
    let f1 = try #require(found[1])
    #expect(f1.lower < counts.microF1 && counts.microF1 < f1.upper)
  }

  @Test("degenerate rows")
  func degenerate() {
    func classes(_ p: [Int32], _ r: [Int32]) -> [Bootstrap.Interval?] {
      Bootstrap(resamples: 50).intervals(
        of: [.accuracy], predictions: p, references: r, pool: Self.pool)
    }
    #expect(classes([], []) == [])
    #expect(classes([1, 1], [1, 1]) == [Bootstrap.Interval(lower: 1, upper: 1)])
    func correlation(_ p: [Double], _ r: [Double]) -> [Bootstrap.Interval?] {
      Bootstrap(resamples: 50).intervals(
        of: [.pearson], predictions: p, references: r, pool: Self.pool)
    }
    #expect(correlation([1, 1, 1], [1, 2, 3]) == [nil])
    // Two rows: half of the samples hold one of them twice, the others lie on a line.
    let two = correlation([1, 2], [1, 2])
    #expect(
      Roundings.agree(two.first??.lower ?? 0, 1, roundings: 16)
        && Roundings.agree(two.first??.upper ?? 0, 1, roundings: 16))
    #expect((1..<50).contains(two.first??.undefined ?? 0))
  }

  @Test("percentiles as numpy has them")
  func percentiles() {
    func percentile(_ share: Double, _ values: [Double]) -> Double {
      Percentile.value(share, ofAscending: values)
    }
    #expect(percentile(0.5, [1, 2]) == 1.5)
    #expect(percentile(0, [3, 4, 5]) == 3 && percentile(1, [3, 4, 5]) == 5)
    #expect(Roundings.agree(percentile(0.9, [1, 2, 3, 10]), 7.9, roundings: 4, of: 10))
    #expect(percentile(0.3, [7]) == 7 && percentile(0.5, []).isNaN)
  }

  @Test("counts of a confusion matrix")
  func confusion() {
    let matrix = ConfusionMatrix(
      predictions: [0, 2, 2, 1, 2], references: [0, 2, 0, 1, 1, 2], classes: [0, 1, 2, 3])
    #expect(matrix.classes == [0, 1, 2, 3])
    #expect(matrix.rows == [[1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    #expect(matrix.total == 5 && matrix.correct == 3)
    #expect(matrix.referenced(1) == 2 && matrix.predicted(2) == 3)
    #expect(matrix.count(reference: 0, prediction: 2) == 1)
    // Classes are many where a file says so; a table of all pairs would have 10^12 cells.
    let classes = Array(Int32(0)..<1_000_000)
    let large = ConfusionMatrix(predictions: [7, 7, 5], references: [7, 5, 5], classes: classes)
    #expect(large.total == 3 && large.correct == 2 && large.classes.count == 1_000_000)
    #expect(large.count(reference: 5, prediction: 7) == 1)
    #expect(large.count(reference: 7, prediction: 5) == 0)
    #expect(large.macroF1 == 2.0 / 3)
    // A class that never occurs does not count in the mean.
    let without = ConfusionMatrix(predictions: [0, 2, 2, 1, 2], references: [0, 2, 0, 1, 1])
    #expect(matrix.macroF1 == without.macroF1 && matrix.matthews == without.matthews)
  }
}
