import Configuration
import Data
import Files
import StrictJSON

/// The grid of a method: keys with the values that are tried.
public struct StudyGrid: Sendable {
  /// A point of the grid.
  public struct Point: Sendable, Equatable {
    /// What it sets, such as `train.learning_rate=2e-05`.
    public let name: String
    /// The same as a change of the configuration.
    let patch: JSONValue
    /// Its folder: its number, from 1.
    let folder: String
  }

  /// All combinations, the last key varying fastest.
  public let points: [Point]

  /// Reads the value of a method's `grid`: an object of dotted keys, each with an array.
  ///
  /// - Throws: a sentence without its place if it is anything else.
  init(_ value: JSONValue) throws(GridError) {
    let members = value.object?.members ?? []
    guard !members.isEmpty else {
      throw GridError(problem: "must be an object of keys, each with an array of values.")
    }
    var found: [(name: String, patch: JSONValue)] = [("", [:])]
    for member in members {
      guard let values = member.value.array, !values.isEmpty else {
        throw GridError(problem: ".\(member.key) must be an array of values.")
      }
      guard found.count * values.count <= StudyConfiguration.mostCells else {
        throw GridError(
          problem: "has more than \(StudyConfiguration.mostCells) combinations; name fewer values.")
      }
      found = found.flatMap { point in
        values.map { value in
          let text = "\(member.key)=\(JSONWriter(layout: .line).string(value))"
          let parts = member.key.split(separator: ".").map(String.init)
          let patch = parts.reversed().reduce(value) { .object([($1, $0)]) }
          return (
            point.name.isEmpty ? text : "\(point.name), \(text)", point.patch.merged(with: patch)
          )
        }
      }
    }
    points = found.enumerated().map {
      Point(name: $0.element.name, patch: $0.element.patch, folder: "\($0.offset + 1)")
    }
  }
}

/// What is wrong with a grid.
struct GridError: Error {
  let problem: String
}

/// The choice of a point of a method's grid for a task, by runs that are measured on rows held out
/// of the training data. The rows that the study reports take no part in it.
public struct StudySelection: Sendable {
  /// The task and the method.
  public let task, method: String
  /// The points of the grid with the cells that measure each.
  public let candidates: [(point: StudyGrid.Point, cells: [StudyCell])]
  private let measured: Study.Task

  init(
    task: Study.Task, method: String,
    candidates: [(point: StudyGrid.Point, cells: [StudyCell])]
  ) {
    (measured, self.task, self.method) = (task, task.name, method)
    self.candidates = candidates
  }

  /// The mean score of each point on the held-out rows; nil where a cell is missing.
  public var scores: [Double?] {
    candidates.map { candidate in
      let scores = candidate.cells.compactMap { cell -> Double? in
        guard cell.record != nil else { return nil }
        return try? cell.outcome().score(on: measured)
      }
      return scores.count == candidate.cells.count ? SampleSummary(scores).mean : nil
    }
  }

  /// The best point, the first of equal ones; nil as long as a cell is missing.
  public var choice: StudyGrid.Point? {
    let scores = scores.compactMap { $0 }
    guard scores.count == candidates.count, let best = scores.max(),
      let place = scores.firstIndex(of: best)
    else { return nil }
    return candidates[place].point
  }
}

extension StudyReport {
  /// What was chosen on held-out rows; nil if no method has a grid.
  var selectionTable: String? {
    guard !selections.isEmpty else { return nil }
    let rows = selections.flatMap { selection in
      zip(selection.candidates, selection.scores).map { candidate, score in
        let isChosen = selection.choice == candidate.point
        return [
          selection.task, selection.method,
          isChosen
            ? "**\(candidate.point.name)**"
            : candidate.point.name, score.map(Self.percent) ?? "–",
        ]
      }
    }
    return Self.table(["task", "method", "value", "score"], rows, texts: 3)
      + "\n\nChosen (bold) on rows held out of the training data, which the tables above do not "
      + "use."
  }
}
