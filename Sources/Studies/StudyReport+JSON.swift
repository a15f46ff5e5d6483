import Data
import Files
import StrictJSON

/// How the score of a cell went while its student was trained.
public struct StudyCurve: Sendable {
  /// A point of it.
  public struct Point: Sendable, Equatable {
    /// Updates of the student.
    public let step: Int
    /// Texts that the student had read, and how many training rows were among them; nil for cells
    /// of earlier versions.
    public let texts, distinctTexts: Int?
    /// Seconds of training, evaluations included; nil for cells of earlier versions.
    public let seconds: Double?
    /// The task's metric on the validation rows.
    public let score: Double
  }

  /// The names of the cell's task and method.
  public let task, method: String
  /// The draw of the training rows; nil if the study has no such axis.
  public let draw: Int?
  /// The seed.
  public let seed: Int
  /// The evaluations in order.
  public let points: [Point]

  /// The curve of a cell.
  init(_ cell: StudyCell, _ outcome: CellOutcome, metric: String) {
    (task, method, draw, seed) = (cell.task, cell.method, cell.draw, cell.seed)
    let state = outcome.trainerState
    let costs = Dictionary(
      (state["evaluations"]?.array ?? []).compactMap { cost in
        cost["step"]?.int.map { ($0, cost) }
      }, uniquingKeysWith: { first, _ in first })
    points = (state["log_history"]?.array ?? []).compactMap { entry in
      guard let score = entry["eval_\(metric)"], let step = entry["step"]?.int else { return nil }
      let cost = costs[step]
      return Point(
        step: step, texts: cost?["texts"]?.int, distinctTexts: cost?["distinct_texts"]?.int,
        seconds: cost?["seconds"]?.double, score: score.double ?? .nan)
    }
  }

  var json: JSONValue {
    .object([
      ("task", .string(task)), ("method", .string(method)),
      ("draw", draw.map { JSONValue.int($0) } ?? .null), ("seed", .int(seed)),
      ("points", .array(points.map(\.json))),
    ])
  }
}

extension StudyCurve.Point {
  fileprivate var json: JSONValue {
    .object([
      ("step", .int(step)), ("texts", texts.map { JSONValue.int($0) } ?? .null),
      ("distinct_texts", distinctTexts.map { JSONValue.int($0) } ?? .null),
      ("seconds", seconds.map { JSONValue.double($0) } ?? .null), ("score", .double(score)),
    ])
  }
}

extension StudyReport {
  /// Everything as JSON: scores, contrasts, and the curves of all cells against updates, texts and
  /// time.
  public var json: JSONValue {
    .object([
      ("reference", .string(reference)), ("seeds", .array(seeds.map { .int($0) })),
      ("draw_seeds", .array(draws.map { .int($0) })),
      ("tasks", .array(tasks.map { ["name": .string($0.name), "metric": .string($0.metric)] })),
      ("scores", .array(scoresJSON)), ("contrasts", .array(contrastsJSON)),
      ("curves", .array(curves.map(\.json))),
    ])
  }

  private var scoresJSON: [JSONValue] {
    tasks.flatMap { task in
      methods.flatMap { method in
        (entry(task: task.name, method: method)?.scores ?? []).map { score -> JSONValue in
          .object([
            ("task", .string(task.name)), ("method", .string(method)),
            ("draw", score.draw.map { JSONValue.int($0) } ?? .null), ("seed", .int(score.seed)),
            ("score", .double(score.score)),
          ])
        }
      }
    }
  }

  private var contrastsJSON: [JSONValue] {
    contrasts.flatMap { contrast in
      zip(tasks.map(\.name) + ["average"], contrast.results).compactMap { task, result in
        guard let result else { return nil }
        return .object([
          ("better", .string(contrast.better)), ("other", .string(contrast.other)),
          ("task", .string(task)), ("n", .int(result.test.count)),
          ("difference", .double(result.test.mean)),
          ("interval_low", result.interval.map { .double($0.lowerBound) } ?? .null),
          ("interval_high", result.interval.map { .double($0.upperBound) } ?? .null),
          ("t", .double(result.test.statistic)), ("p_one_sided", .double(result.test.pGreater)),
          ("p_holm", .double(result.adjusted)),
        ])
      }
    }
  }
}
