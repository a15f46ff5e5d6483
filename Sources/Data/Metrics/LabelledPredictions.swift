import Kernels

/// Predictions next to what is right, row by row: what the metrics of a task are computed from.
///
/// This is the one place that tells kinds of targets apart for metrics.
public enum LabelledPredictions: Sendable, Equatable {
  /// One class for each row.
  case classes([Int32], references: [Int32])
  /// One score for each row.
  case scores([Double], references: [Double])
  /// Whether a row has each of `labels` labels, row by row.
  case labelSets([Bool], references: [Bool], labels: Int)
}

extension Metric {
  /// The value; nil for a metric of another kind of targets.
  public func value(_ predictions: LabelledPredictions) -> Double? {
    switch predictions {
    case .classes(let found, let references): value(predictions: found, references: references)
    case .scores(let found, let references): value(predictions: found, references: references)
    case .labelSets(let found, let references, let labels):
      value(LabelSetCounts(predictions: found, references: references, labels: labels))
    }
  }

  /// Why the value means little, or nil.
  public func caution(_ predictions: LabelledPredictions) -> String? {
    switch predictions {
    case .classes(let found, let references): caution(predictions: found, references: references)
    case .scores(let found, let references): caution(predictions: found, references: references)
    case .labelSets(let found, let references, let labels):
      caution(LabelSetCounts(predictions: found, references: references, labels: labels))
    }
  }
}

extension Bootstrap {
  /// Intervals of metrics and, if there are several, of their mean.
  public func intervals(
    of metrics: [Metric], _ predictions: LabelledPredictions, pool: ThreadPool
  ) -> [Interval?] {
    switch predictions {
    case .classes(let found, let references):
      intervals(of: metrics, predictions: found, references: references, pool: pool)
    case .scores(let found, let references):
      intervals(of: metrics, predictions: found, references: references, pool: pool)
    case .labelSets(let found, let references, let labels):
      intervals(of: metrics, predictions: found, references: references, labels: labels, pool: pool)
    }
  }
}
