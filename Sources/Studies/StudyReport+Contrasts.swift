import Data

extension StudyReport {
  /// A hypothesis of the study: that one method is better than another.
  public struct Contrast: Sendable {
    /// The two methods.
    public let better, other: String
    /// The result on each task, then on the average; nil where the methods have fewer than two
    /// seeds (or draws) in common.
    public internal(set) var results: [ContrastResult?]
  }

  /// What the seeds, or the draws of the training rows, say about a contrast.
  public struct ContrastResult: Sendable {
    /// The paired test of the differences.
    public let test: PairedTTest
    /// The 95 % interval for the mean difference; nil if a score is undefined.
    public let interval: ClosedRange<Double>?
    /// The one-sided p value with Holm's correction for all contrasts of the study in the same
    /// column.
    public internal(set) var adjusted = Double.nan
  }

  /// Scores of one method minus those of another. The unit is a seed; where training rows were
  /// drawn, it is a draw, and its seeds are averaged, since cells of one draw are no independent
  /// evidence about others.
  static func differences(_ ours: Entry, _ theirs: Entry) -> [Double] {
    let pairs = ours.scores.compactMap { our in
      theirs.scores.first { $0.seed == our.seed && $0.draw == our.draw }.map {
        (draw: our.draw, difference: our.score - $0.score)
      }
    }
    guard pairs.contains(where: { $0.draw != nil }) else { return pairs.map(\.difference) }
    let draws = Dictionary(grouping: pairs) { $0.draw ?? 0 }
    return draws.keys.sorted().compactMap { draw in
      draws[draw].map { SampleSummary($0.map(\.difference)).mean }
    }
  }

  /// The contrasts of a study with the corrected p values.
  func contrasts(_ pairs: [(better: String, other: String)]) -> [Contrast] {
    var contrasts = pairs.map { pair in
      Contrast(
        better: pair.better, other: pair.other,
        results: columns.map { column in
          guard let ours = column(pair.better), let theirs = column(pair.other),
            let test = PairedTTest(Self.differences(ours, theirs))
          else { return nil }
          return ContrastResult(test: test, interval: test.interval())
        })
    }
    for column in columns.indices {
      let adjusted = Holm.adjusted(contrasts.map { $0.results[column]?.test.pGreater ?? .nan })
      for index in contrasts.indices {
        contrasts[index].results[column]?.adjusted = adjusted[index]
      }
    }
    return contrasts
  }

  /// The table of the contrasts; nil if the study names none.
  var contrastTable: String? {
    guard !contrasts.isEmpty else { return nil }
    let heads = [
      "contrast", "task", "n", "difference", "95 % interval", "p (one-sided)", "p (Holm)",
    ]
    var rows: [[String]] = []
    for contrast in contrasts {
      for (task, result) in zip(tasks.map(\.name) + ["average"], contrast.results) {
        let name = "\(contrast.better) > \(contrast.other)"
        guard let result else {
          rows.append([name, task] + Array(repeating: "–", count: 5))
          continue
        }
        rows.append([
          name, task, "\(result.test.count)", Self.signed(result.test.mean),
          result.interval.map {
            "\(Self.signed($0.lowerBound)) to \(Self.signed($0.upperBound))"
          } ?? "–",
          Self.probability(result.test.pGreater), Self.probability(result.adjusted),
        ])
      }
    }
    return Self.table(heads, rows, texts: 2)
      + "\n\nContrasts: a paired t test over \(hasDraws ? "draws" : "seeds"), one-sided for the "
      + "hypothesis that the first method is better, with the 95 % interval of the difference; "
      + "Holm's correction is for all contrasts of the same row of the task."
  }
}
