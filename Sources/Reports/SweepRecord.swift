import Files
import StrictJSON

/// What `mate-kd sweep` has written about its trials.
package struct SweepRecord: Sendable {
  /// The file in a sweep's folder.
  package static let fileName = "sweep_results.json"

  /// A configuration that was tried.
  struct Trial: Sendable {
    let name: String
    let values: [String: JSONValue]
    /// Nil if it has no score yet.
    let score: Double?
    let updates: Int?
    let seconds: Double?
    let state: String
    /// The folders of its runs, one for each seed.
    let folders: [String]
  }

  private let folder: String
  private let metric: String
  /// The paths of the keys that vary.
  private let keys: [String]
  private let trials: [Trial]
  private let best: String?

  /// - Throws: `FileError` or `JSONError`.
  init(folder: String) throws {
    self.folder = folder
    let path = "\(folder)/\(Self.fileName)"
    let json = try StrictJSON.read(path)
    guard let metric = json["metric"]?.string, let trials = json["trials"]?.array else {
      throw FileError(file: path, problem: "these are not the results of mate-kd sweep.")
    }
    self.metric = metric
    keys = json["parameters"]?.array?.compactMap(\.string) ?? []
    best = json["best"]?.string
    self.trials = trials.map { trial in
      Trial(
        name: trial["trial"]?.string ?? "",
        values: Dictionary((trial["values"]?.object?.members ?? []).map { ($0.key, $0.value) }) {
          first, _ in first
        },
        score: trial["score"]?.double, updates: trial["updates"]?.int,
        seconds: trial["seconds"]?.double, state: trial["state"]?.string ?? "",
        folders: trial["folders"]?.array?.compactMap(\.string) ?? [])
    }
  }

  /// The folders of all runs that have begun, each once.
  var runFolders: [String] {
    trials.flatMap(\.folders).distinct.map { "\(folder)/\($0)" }
      .filter { ByteFile.exists("\($0)/run.json") }
  }

  /// The trials as lines across parallel axes, and as a table.
  func html(id: String) -> HTML {
    let line = JSONWriter(layout: .line)
    func text(_ value: JSONValue?) -> String {
      value.map { $0.string ?? line.string($0) } ?? NumberFormat.unknown
    }
    var table = Table(
      "\(folder): trials by \(metric) on held-out rows",
      [.init(title: "trial")] + keys.map { .init(title: $0) } + [
        .init(title: metric, isNumeric: true), .init(title: "updates", isNumeric: true),
        .init(title: "time", isNumeric: true), .init(title: "state"),
      ])
    for trial in trials {
      table.add(
        [trial.name == best ? "\(trial.name) (best)" : trial.name]
          + keys.map { text(trial.values[$0]) } + [
            NumberFormat.fixed(trial.score, 4), NumberFormat.count(trial.updates.map(Double.init)),
            NumberFormat.time(trial.seconds), trial.state,
          ])
    }
    let plot = ParallelCoordinates(
      title: "\(folder): settings and \(metric)",
      axes: keys.map { key in
        ParallelCoordinates.Axis(
          name: key,
          values: trials.map { trial in
            trial.values[key].map { value in
              value.double.map { .number($0) } ?? .name(text(value))
            }
          })
      } + [
        ParallelCoordinates.Axis(
          name: metric, values: trials.map { $0.score.map { .number($0) } })
      ],
      names: trials.map(\.name), best: trials.firstIndex { $0.name == best && $0.score != nil })
    return HTML([plot.html(id: id), table.html])
  }
}
