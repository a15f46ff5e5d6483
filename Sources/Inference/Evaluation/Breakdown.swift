import Data

/// The headline metric of a data set, group by group, as the authors of the data set report it.
public struct Breakdown: Sendable {
  /// The rows that share one value in the group column.
  public struct Group: Sendable {
    /// The value, such as `lexical_overlap`.
    public let name: String
    /// Number of rows.
    public let samples: Int
    /// The metric on these rows.
    public let value: Double
  }

  /// The column, such as `heuristic`.
  public let column: String
  /// The metric.
  public let metric: Metric
  /// The groups, in the order of the file.
  public let groups: [Group]

  /// One breakdown for each group column of the texts; none for regression.
  package static func all(of text: TextDataset, task: TaskDescription, predictions: [Int32])
    -> [Breakdown]
  {
    text.groupNames.enumerated().map { column, name in
      var order: [String] = []
      var rows: [String: [Int]] = [:]
      for row in 0..<text.count {
        let value = text.groups(row)[column]
        if rows[value] == nil { order.append(value) }
        rows[value, default: []].append(row)
      }
      let groups = order.map { value -> Group in
        let members = rows[value] ?? []
        let references = members.map { row -> Int32 in
          if case .class(let label) = text.label(row) { label } else { -1 }
        }
        let result = task.headlineMetric.value(
          predictions: members.map { predictions[$0] }, references: references)
        return Group(name: value, samples: members.count, value: result ?? .nan)
      }
      return Breakdown(column: name, metric: task.headlineMetric, groups: groups)
    }
  }
}
