/// Rows by the key that distinguishes them, with the label of the first row that has the key. A
/// label is nil if it is unknown.
struct KnownRows<Key: Hashable, Label: Equatable> {
  private var labels: [Key: Label?] = [:]

  /// Adds all rows; returns those that were already known.
  mutating func add(
    _ rows: some Sequence<(key: Key, label: Label?)>
  ) -> DatasetStatistics.Matches {
    var found = DatasetStatistics.Matches()
    labels.reserveCapacity(rows.underestimatedCount)
    for row in rows {
      if let known = labels[row.key] {
        found.count(row.label, known)
      } else {
        labels.updateValue(row.label, forKey: row.key)
      }
    }
    return found
  }

  /// The rows that are known.
  func matches(_ rows: some Sequence<(key: Key, label: Label?)>) -> DatasetStatistics.Matches {
    var found = DatasetStatistics.Matches()
    for row in rows {
      if let known = labels[row.key] { found.count(row.label, known) }
    }
    return found
  }
}

extension DatasetStatistics.Matches {
  fileprivate mutating func count<Label: Equatable>(_ label: Label?, _ known: Label?) {
    rows += 1
    if let label, let known, label != known { contradictions += 1 }
  }
}
