import Kernels
import Synchronization

/// Confidence intervals of metrics by the percentile bootstrap (Efron 1979). The rows are resampled
/// with replacement, as many as there are, and the metric of each sample is computed. The interval
/// tells how much a metric would change with other rows of the same kind, not with another training
/// seed.
///
/// The draws depend only on the seed and the number of rows. So models that are measured on the
/// same rows are measured on the same samples, and the number of threads does not matter.
public struct Bootstrap: Sendable, Equatable {
  /// Number of samples.
  public var resamples: Int
  /// Identifies the draws.
  public var seed: UInt64
  /// Share of the samples that lie within an interval.
  public var level: Double

  /// A bootstrap with an interval of 95 % unless given.
  public init(resamples: Int = 1000, seed: UInt64 = 42, level: Double = 0.95) {
    self.resamples = resamples
    self.seed = seed
    self.level = level
  }

  /// The range in which the metric of most samples lies.
  public struct Interval: Sendable, Equatable {
    /// The lower end, such as the 2.5th percentile.
    public let lower: Double
    /// The upper end, such as the 97.5th percentile.
    public let upper: Double
    /// Number of samples for which the metric is undefined, such as Pearson's coefficient of equal
    /// scores.
    public let undefined: Int

    /// An interval.
    public init(lower: Double, upper: Double, undefined: Int = 0) {
      (self.lower, self.upper, self.undefined) = (lower, upper, undefined)
    }
  }

  /// Intervals for class labels: one for each metric of classes and, if there are several, one for
  /// their plain mean. Nil if the metric is undefined for all samples; empty without rows or
  /// samples.
  public func intervals(
    of metrics: [Metric], predictions: [Int32], references: [Int32], pool: ThreadPool
  ) -> [Interval?] {
    let counted = CountedRows(predictions: predictions, references: references)
    return intervals(rows: counted.places.count, pool: pool) { sample in
      let confusion = ConfusionMatrix(counted, rows: sample)
      return Self.withMean(metrics.compactMap { $0.value(confusion) })
    }
  }

  /// The same for scores.
  public func intervals(
    of metrics: [Metric], predictions: [Double], references: [Double], pool: ThreadPool
  ) -> [Interval?] {
    intervals(rows: min(predictions.count, references.count), pool: pool) { sample in
      let (p, r) = (sample.map { predictions[$0] }, sample.map { references[$0] })
      return Self.withMean(metrics.compactMap { $0.value(predictions: p, references: r) })
    }
  }

  /// The same for sets of labels, with `labels` elements per row.
  public func intervals(
    of metrics: [Metric], predictions: [Bool], references: [Bool], labels: Int, pool: ThreadPool
  ) -> [Interval?] {
    intervals(rows: references.count / max(1, labels), pool: pool) { sample in
      let counts = LabelSetCounts(
        predictions: predictions, references: references, labels: labels, rows: sample)
      return Self.withMean(metrics.compactMap { $0.value(counts) })
    }
  }

  /// Intervals for the means of scores: one for each kind of score. Each kind has one score per
  /// row.
  public func intervals(ofMeans scores: [[Double]], pool: ThreadPool) -> [Interval?] {
    intervals(rows: scores.first?.count ?? 0, pool: pool) { sample in
      scores.map { kind in sample.reduce(0) { $0 + kind[$1] } / Double(sample.count) }
    }
  }

  private static func withMean(_ values: [Double]) -> [Double] {
    values.count > 1 ? values + [values.reduce(0, +) / Double(values.count)] : values
  }

  private func intervals(
    rows: Int, pool: ThreadPool, _ metrics: @Sendable ([Int]) -> [Double]
  ) -> [Interval?] {
    guard rows > 0, resamples > 0 else { return [] }
    let values = Mutex([[Double]](repeating: [], count: resamples))
    // The closure does not throw, so neither does the pool.
    try? pool.run(count: resamples) { resample in
      var random = RandomStream(seed: seed, purpose: .bootstrap, step: resample)
      let sample = (0..<rows).map { _ in random.nextBelow(rows) }
      let found = metrics(sample)
      values.withLock { $0[resample] = found }
    }
    let samples = values.withLock { $0 }
    return (samples.first ?? []).indices.map { metric in
      let defined = samples.map { $0[metric] }.filter { !$0.isNaN }.sorted()
      guard !defined.isEmpty else { return nil }
      return Interval(
        lower: Percentile.value((1 - level) / 2, ofAscending: defined),
        upper: Percentile.value((1 + level) / 2, ofAscending: defined),
        undefined: samples.count - defined.count)
    }
  }
}
