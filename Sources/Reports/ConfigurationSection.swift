import StrictJSON

/// In what the configurations of several runs differ, or the configuration of a single one.
struct ConfigurationSection {
  private let runs: [RunRecord]

  init(_ runs: [RunRecord]) { self.runs = runs }

  /// Where a run writes to says nothing about it.
  private static let immaterial: Set<String> = [
    "output_dir", "overwrite_output_dir", "teacher_cache_dir", "train.resume_from_checkpoint",
  ]
  /// More columns than this cannot be read.
  private static let mostKeys = 40

  var html: HTML {
    guard runs.count > 1, let first = runs.first else { return single }
    let settings = runs.map { run in
      Dictionary(Self.settings(run)) { earlier, _ in earlier }
    }
    let keys = runs.flatMap { Self.settings($0).map(\.0) }.distinct
    let differing = keys.filter { key in
      settings.contains { $0[key] != settings[0][key] }
    }
    if differing.isEmpty {
      return .element("p", [], "All \(runs.count) runs have the same settings as \(first.name).")
    }
    let shown = differing.prefix(Self.mostKeys)
    var parts: [HTML] = []
    // Few runs stand side by side; many, one below the other.
    if runs.count <= 6 {
      var table = Table(
        "Settings that differ",
        [.init(title: "setting")] + runs.map { .init(title: $0.name) })
      for key in shown {
        table.add([key] + settings.map { $0[key] ?? NumberFormat.unknown })
      }
      parts.append(table.html)
    } else {
      var table = Table(
        "Settings that differ", [.init(title: "run")] + shown.map { .init(title: $0) })
      for (run, settings) in zip(runs, settings) {
        table.add([run.name] + shown.map { settings[$0] ?? NumberFormat.unknown })
      }
      parts.append(table.html)
    }
    if differing.count > shown.count {
      parts.append(
        .element(
          "p", [("class", "note")],
          "\(differing.count - shown.count) more settings differ; each run's run.json has them."))
    }
    return HTML(parts)
  }

  private var single: HTML {
    guard let run = runs.first else { return .none }
    var table = Table("Settings", [.init(title: "setting"), .init(title: "value")])
    for (key, value) in Self.settings(run) { table.add([key, value]) }
    return Disclosure(summary: "All settings", content: [table.html]).html
  }

  private static func settings(_ run: RunRecord) -> [(String, String)] {
    let writer = JSONWriter(layout: .line)
    let all =
      [("command", run.command)]
      + run.config.flattened.map { ($0.path, $0.value.string ?? writer.string($0.value)) }
    return all.filter { !immaterial.contains($0.0) }
  }
}
