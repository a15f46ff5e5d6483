import Files

/// The tables of a study, as `results.csv` in its folder has them.
struct StudyRecord: Sendable {
  private let folder: String
  /// Each line by the names of the columns.
  private let rows: [[String: String]]

  /// - Throws: `FileError` if the file has a line with another number of columns.
  init(folder: String) throws {
    self.folder = folder
    let path = "\(folder)/results.csv"
    guard let bytes = try ByteFile.readIfThere(path, atMost: ByteFile.longestDescription) else {
      rows = []
      return
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    let names = lines.first ?? []
    rows = try lines.enumerated().dropFirst().map { place, fields in
      guard fields.count == names.count else {
        throw FileError(
          file: path, line: place + 1,
          problem: "\(names.count) columns are expected, found \(fields.count).")
      }
      return Dictionary(zip(names, fields).map { ($0, $1) }) { first, _ in first }
    }
  }

  /// Scores by method and task, and how each method differs from the reference.
  var html: HTML {
    guard !rows.isEmpty else {
      return .element(
        "p", [],
        "\(folder) has no results.csv yet; mate-kd compare writes it when its cells are made.")
    }
    let tasks = distinct("task")
    var scores = Table(
      "\(folder): scores, mean ± standard deviation over seeds, times 100",
      [.init(title: "method")]
        + tasks.map { task in
          let metric = rows.first { $0["task"] == task }?["metric"] ?? ""
          return .init(title: task == "average" ? task : "\(task) (\(metric))", isNumeric: true)
        })
    for method in distinct("method") {
      scores.add([method] + tasks.map { score(row(task: $0, method: method)) })
    }
    let reference = rows.first?["reference"] ?? ""
    var differences = Table(
      "\(folder): differences from \(reference), times 100",
      [.init(title: "method")]
        + ["task", "seeds", "difference", "p, paired t test", "95 % interval, bootstrap"].map {
          .init(title: $0, isNumeric: $0 != "task")
        })
    for method in distinct("method") {
      for task in tasks {
        guard let row = row(task: task, method: method), let difference = number(row, "difference")
        else { continue }
        let interval = ["interval_low", "interval_high"].compactMap { number(row, $0) }
        differences.add([
          method, task, row["pairs"] ?? "", NumberFormat.fixed(difference * 100, 2),
          NumberFormat.fixed(number(row, "p"), 4),
          interval.count == 2
            ? interval.map { NumberFormat.fixed($0 * 100, 2) }.joined(separator: " to ")
            : NumberFormat.unknown,
        ])
      }
    }
    return HTML([scores.html, differences.isEmpty ? .none : differences.html])
  }

  private func distinct(_ column: String) -> [String] {
    rows.compactMap { $0[column] }.distinct
  }

  private func row(task: String, method: String) -> [String: String]? {
    rows.first { $0["task"] == task && $0["method"] == method }
  }

  private func number(_ row: [String: String]?, _ column: String) -> Double? {
    row?[column].flatMap(Double.init)
  }

  private func score(_ row: [String: String]?) -> String {
    guard let mean = number(row, "mean") else { return NumberFormat.unknown }
    let deviation = number(row, "standard_deviation")
    let count = number(row, "seeds") ?? 0
    return NumberFormat.fixed(mean * 100, 2)
      + (count > 1 ? " ± \(NumberFormat.fixed((deviation ?? .nan) * 100, 2))" : "")
  }
}
