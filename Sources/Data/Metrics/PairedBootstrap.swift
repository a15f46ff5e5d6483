import Kernels
import Synchronization

/// Predictions of several models for the same rows, with the references.
public enum PairedPredictions: Sendable, Equatable {
  /// Classes, one per row: those of each of our models, those of each of their models, and the
  /// references.
  case classes(ours: [[Int32]], theirs: [[Int32]], references: [Int32])
  /// Scores, in the same way.
  case scores(ours: [[Double]], theirs: [[Double]], references: [Double])

  /// Number of rows.
  var rows: Int {
    switch self {
    case .classes(_, _, let references): references.count
    case .scores(_, _, let references): references.count
    }
  }
}

extension Bootstrap {
  /// A difference of metrics, with its interval over samples.
  public struct Difference: Sendable, Equatable {
    /// The difference on the rows as they are.
    public let value: Double
    /// The range of the differences of most samples; nil if they are undefined.
    public let interval: Interval?
    /// The difference on each sample, so that studies can average over tasks; NaN if undefined.
    public let samples: [Double]

    /// A difference with the percentiles of its samples.
    public init(value: Double, samples: [Double], level: Double = 0.95) {
      self.value = value
      self.samples = samples
      let defined = samples.filter { !$0.isNaN }.sorted()
      interval =
        defined.isEmpty
        ? nil
        : Interval(
          lower: Percentile.value((1 - level) / 2, ofAscending: defined),
          upper: Percentile.value((1 + level) / 2, ofAscending: defined),
          undefined: samples.count - defined.count)
    }
  }

  /// How much better our models are than theirs: the mean metric over our models minus the mean
  /// over theirs.
  ///
  /// The bootstrap is paired: every model is measured on the same drawn rows (Koehn 2004), so what
  /// makes a sample hard for all models cancels. It tells how the difference would change with
  /// other rows. It does not draw seeds again.
  ///
  /// - Parameters:
  ///   - metrics: one metric, or several whose plain mean is taken.
  ///   - site: identifies the draws in addition to the seed, so that those of several data sets are
  ///     independent.
  /// - Returns: nil if there are no rows, if a side has no models, or if the metrics are of another
  ///   kind.
  public func difference(
    of metrics: [Metric], _ predictions: PairedPredictions, site: Int = 0, pool: ThreadPool
  ) -> Difference? {
    let rows = predictions.rows
    let measure: @Sendable ([Int]) -> Double?
    switch predictions {
    case .classes(let ours, let theirs, let references):
      let sides = [ours, theirs].map { side in
        side.map { CountedRows(predictions: $0, references: references) }
      }
      measure = { sample in
        Self.difference(sides) { model in
          let confusion = ConfusionMatrix(model, rows: sample)
          return Self.mean(metrics.map { $0.value(confusion) })
        }
      }
    case .scores(let ours, let theirs, let references):
      measure = { sample in
        let drawn = sample.map { references[$0] }
        return Self.difference([ours, theirs]) { model in
          let predictions = sample.map { model[$0] }
          return Self.mean(metrics.map { $0.value(predictions: predictions, references: drawn) })
        }
      }
    }
    guard rows > 0, let value = measure(Array(0..<rows)) else { return nil }
    let values = Mutex([Double](repeating: .nan, count: resamples))
    // The closure does not throw, so neither does the pool.
    try? pool.run(count: resamples) { resample in
      var random = RandomStream(seed: seed, purpose: .bootstrap, step: resample, site: .part(site))
      let found = measure((0..<rows).map { _ in random.nextBelow(rows) })
      values.withLock { $0[resample] = found ?? .nan }
    }
    return Difference(value: value, samples: values.withLock { $0 }, level: level)
  }

  /// The mean over the models of the first side minus that over the second.
  private static func difference<Model>(
    _ sides: [[Model]], _ metric: (Model) -> Double?
  ) -> Double? {
    let means = sides.map { side in mean(side.map(metric)) }
    guard means.count == 2, let ours = means[0], let theirs = means[1] else { return nil }
    return ours - theirs
  }

  private static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    guard !known.isEmpty, known.count == values.count else { return nil }
    return known.reduce(0, +) / Double(known.count)
  }
}
