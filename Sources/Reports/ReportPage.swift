import Files
import Foundation

/// One page about one run or many, about studies and sweeps: complete in itself, without scripts
/// and without anything from the network.
package struct ReportPage: Sendable {
  /// The runs, in the order of the folders.
  package private(set) var runs: [RunRecord] = []
  private var studies: [StudyRecord] = []
  private var sweeps: [SweepRecord] = []
  private var similarities: [SimilarityRecord] = []

  /// Reads folders of runs, of studies and of sweeps, and files of `mate-kd inspect --compare
  /// --json`, whose names end in `.json`.
  ///
  /// - Throws: `FileError` or `JSONError`, also for a folder that is none of these.
  package init(folders: [String]) throws {
    for folder in folders {
      switch try ReportSource(folder) {
      case .run(let run): runs.append(run)
      case .study(let study, let cells):
        studies.append(study)
        runs += cells
      case .sweep(let sweep, let trials):
        sweeps.append(sweep)
        runs += trials
      case .similarity(let map): similarities.append(map)
      }
    }
    nameRuns()
  }

  /// The page.
  ///
  /// - Parameter disagreements: for runs by their names, the texts on which teacher and student
  ///   disagree most.
  package func html(
    disagreements: [(name: String, texts: [Disagreement])] = []
  ) -> String {
    let sections: [(title: String, content: HTML)] = [
      ("Runs", runs.isEmpty ? .none : SummarySection(runs).html),
      ("Studies", HTML(studies.map(\.html))),
      ("Sweeps", HTML(sweeps.enumerated().map { $1.html(id: "sweep-\($0)") })),
      ("Training", CurvesSection(runs).html),
      ("Entropy of the generator", EntropySection(runs).html),
      ("Settings", runs.isEmpty ? .none : ConfigurationSection(runs).html),
      ("Similar layers", HTML(similarities.map(\.html))),
      ("Confusion matrices", ConfusionSection(runs).html),
      ("Lengths of texts", LengthsSection(runs).html),
      (
        "Disagreement",
        disagreements.isEmpty ? .none : DisagreementSection(runs: disagreements).html
      ),
      ("Adversarial texts", AdversarialSection(runs).html),
    ].filter { !$0.content.source.isEmpty }
    let title =
      runs.count == 1
      ? "mate-kd: \(runs[0].name)"
      : runs.isEmpty && !similarities.isEmpty
        ? "mate-kd: similar layers" : "mate-kd: \(runs.count) runs"
    func id(_ title: String) -> String {
      title.lowercased().replacing(" ", with: "-")
    }
    let contents = HTML.element(
      "nav", [("aria-label", "Contents")],
      [
        .element(
          "ul", [],
          sections.map { section in
            .element("li", [], [.element("a", [("href", "#\(id(section.title))")], section.title)])
          })
      ])
    let main = HTML.element(
      "main", [("id", "main")],
      sections.map { section in
        .element(
          "section", [("aria-labelledby", id(section.title))],
          [.element("h2", [("id", id(section.title))], section.title), section.content])
      })
    return HTML.document(
      head: [
        .void("meta", [("charset", "utf-8")]),
        .void("meta", [("name", "viewport"), ("content", "width=device-width, initial-scale=1")]),
        // Nothing may be loaded or run, whatever a run's files contain.
        .void(
          "meta",
          [
            ("http-equiv", "Content-Security-Policy"),
            ("content", "default-src 'none'; style-src 'unsafe-inline'"),
          ]),
        .element("title", [], title),
        .style(Stylesheet.text),
      ],
      body: [
        .element("a", [("class", "skip"), ("href", "#main")], "To the content"),
        .element("header", [], [.element("h1", [], title), contents]),
        main,
        .element("footer", [], Self.footer),
      ])
  }

  private static let footer = "Made by mate-kd report from the files of the runs."

  /// Whether a file is a page that was made here, or empty, so that a newer one may take its place.
  package static func isPage(_ path: String) -> Bool {
    let bytes = try? ByteFile.readIfThere(path, atMost: ByteFile.longestDescription)
    guard let bytes else { return false }
    return bytes.isEmpty || String(decoding: bytes, as: UTF8.self).contains(footer)
  }

  /// Gives every run the shortest name that tells it from the others: its path without the folders
  /// that all have in common.
  private mutating func nameRuns() {
    let paths = runs.map { run in
      URL(fileURLWithPath: run.folder).standardizedFileURL.pathComponents
    }
    guard let first = paths.first else { return }
    var common = 0
    while paths.allSatisfy({ $0.count > common + 1 && $0[common] == first[common] }) { common += 1 }
    for place in runs.indices {
      runs[place].name = paths[place][common...].joined(separator: "/")
    }
  }
}
