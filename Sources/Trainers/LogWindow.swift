import StrictJSON

/// Means of the scalars since the last log entry, per model.
struct LogWindow: Sendable {
  private var sums: [String: (sum: Double, count: Int)] = [:]
  private var order: [String] = []

  /// An empty window.
  init() {}

  /// Adds the scalars of an update.
  mutating func add(_ scalars: Scalars, model: String) {
    for (name, value) in scalars.entries {
      let key = model.isEmpty ? name : "\(model)_\(name)"
      if sums[key] == nil { order.append(key) }
      // The learning rate is reported as it is now; everything else is averaged.
      let old = name == "learning_rate" ? (0, 0) : sums[key] ?? (0, 0)
      sums[key] = (old.0 + value, old.1 + 1)
    }
  }

  /// Closes the window and starts an empty one.
  mutating func close(step: Int, epoch: Double) -> LogEntry {
    let values = order.compactMap { name in
      sums[name].map { (name: name, value: $0.sum / Double(max(1, $0.count))) }
    }
    self = LogWindow()
    return LogEntry(step: step, epoch: epoch, values: values)
  }

  /// The name, sum and count of each scalar, in order.
  var json: JSONValue {
    .array(
      order.compactMap { name in
        sums[name].map { [.string(name), .double($0.sum), .int($0.count)] }
      })
  }

  /// Reads a window that `json` wrote.
  /// - Throws: `StateError`.
  init(_ json: [JSONValue]) throws {
    for entry in json {
      guard let parts = entry.array, parts.count == 3, let name = parts[0].string,
        let count = parts[2].int, StateRecord.counts.contains(count), sums[name] == nil
      else { throw StateError("the log window has an entry that is not a name, sum and count") }
      order.append(name)
      sums[name] = (parts[1].double ?? .nan, count)
    }
  }
}
