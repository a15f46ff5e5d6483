/// How sure the generators were of their words: the share of masked places with each entropy, at
/// the beginning of a run, at its end and in between.
struct EntropySection {
  private let runs: [RunRecord]

  init(_ runs: [RunRecord]) { self.runs = runs.filter { !$0.entropies.isEmpty } }

  /// More drawings than this would fill the page.
  private static let mostDrawings = 24
  /// Lines of a drawing.
  private static let mostLines = 5

  /// The drawings; nothing for runs without a generator that learns.
  var html: HTML {
    if runs.isEmpty { return .none }
    let charts = runs.prefix(Self.mostDrawings).enumerated().map { place, run in
      chart(run).html(id: "entropy-\(place)", numbers: numbers(run))
    }
    let more = runs.count - charts.count
    return HTML([
      .element("div", [("class", "charts")], charts),
      .element(
        "p", [("class", "note")],
        "The entropy of the generator's words at the masked places of texts that stay the same, in "
          + "nats. A hill that moves to the left is a generator that repeats itself; at 0 it "
          + "always gives the same word." + (more > 0 ? " \(more) more runs are not drawn." : "")),
    ])
  }

  private func chart(_ run: RunRecord) -> Chart {
    let all = run.entropies
    let count = min(all.count, Self.mostLines)
    let shown = (0..<count).map { all[count == 1 ? 0 : $0 * (all.count - 1) / (count - 1)] }
    let ranges = shown.map(\.counts.count).max() ?? 0
    return Chart(
      title: "Entropy at masked places, \(run.name)",
      lines: shown.map { entropies in
        let places = Double(max(1, entropies.counts.reduce(0, +)))
        return Chart.Line(
          name: "step \(entropies.step)",
          points: (0..<ranges).map { range in
            let counts = entropies.counts
            return (
              x: (Double(range) + 0.5) * entropies.width,
              y: 100 * Double(counts.indices.contains(range) ? counts[range] : 0) / places
            )
          })
      }, horizontal: "nats", vertical: "% of places")
  }

  /// All histograms, each in a few numbers.
  private func numbers(_ run: RunRecord) -> Table {
    var table = Table(
      "Entropy at masked places, \(run.name): numbers",
      [.init(title: "step", isNumeric: true)]
        + ["places", "mean", "median", "below 1 nat"].map { .init(title: $0, isNumeric: true) })
    for entropies in run.entropies {
      let places = entropies.counts.reduce(0, +)
      var below = 0
      let middle = entropies.counts.firstIndex { count in
        below += count
        return 2 * below >= places
      }
      let median = middle.map { range in
        [range, range + 1].map { NumberFormat.short(Double($0) * entropies.width) }
          .joined(separator: " to ")
      }
      let sure = entropies.counts.enumerated().filter {
        Double($0.offset + 1) * entropies.width <= 1
      }.reduce(0) { $0 + $1.element }
      table.add([
        "\(entropies.step)", "\(places)", NumberFormat.short(entropies.mean), median ?? "",
        "\(NumberFormat.short(100 * Double(sure) / Double(max(1, places)))) %",
      ])
    }
    return table
  }
}
