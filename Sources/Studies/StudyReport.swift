import Data
import Files
import Inference
import Kernels
import StrictJSON

/// What the finished cells of a study show: a score for each task, method and seed, each method's
/// average, and how certain it is that it differs from the reference method.
public struct StudyReport: Sendable {
  /// A task as the tables show it.
  public struct Task: Sendable {
    /// Its name in the study.
    public let name: String
    /// The metric of its scores.
    public let metric: String
    /// The teacher's score; nil if no cell is finished.
    public var teacher: Double?
    /// The number of rows that models were measured on; nil if no cell is finished.
    public var rows: Int?
  }

  /// A method on a task, or on average over all tasks.
  public struct Entry: Sendable {
    /// The score of each finished seed of each draw of the training rows (nil without draws), in
    /// the order of the study.
    public var scores: [(draw: Int?, seed: Int, score: Double)]
    /// The fewest and most updates of a student; nil without finished cells.
    public var updates: ClosedRange<Int>?
    /// The mean seconds of a cell; nil without finished cells.
    public var seconds: Double?
    /// The mean number of training rows that a student read at least once, and the mean number of
    /// times that it read all of them; nil for cells of earlier versions.
    public var distinctTexts, passes: Double?
    /// How the method differs from the reference; nil for the reference itself, and if the two have
    /// no seed in common.
    public var comparison: Comparison?

    /// Mean and standard deviation (n - 1) over seeds.
    public var summary: SampleSummary { SampleSummary(scores.map(\.score)) }
    /// The highest score.
    public var best: Double? { scores.map(\.score).max() }
  }

  /// A method compared with the reference, over the seeds that both have.
  public struct Comparison: Sendable {
    /// The number of seeds in common.
    public let pairs: Int
    /// The mean difference of scores; positive if the method is better.
    public let difference: Double
    /// The test over seeds; nil for a single one.
    public let test: PairedTTest?
    /// The interval over validation rows for the difference averaged over seeds. It is nil if it
    /// was not asked for, and for tasks with questions or with several labels per text.
    public let bootstrap: Bootstrap.Difference?
  }

  /// The tasks in the order of the study.
  public private(set) var tasks: [Task] = []
  /// The methods in the order of the study.
  public let methods: [String]
  /// The method that the others are compared with.
  public let reference: String
  /// The seeds of the study.
  public let seeds: [Int]
  /// The draws of the training rows; empty if there is no such axis.
  public let draws: [Int]
  /// The study's hypotheses with their tests.
  public private(set) var contrasts: [Contrast] = []
  /// What was chosen on held-out rows.
  public let selections: [StudySelection]
  /// The curve of every finished cell.
  public private(set) var curves: [StudyCurve] = []
  /// The samples that the intervals are based on.
  public let bootstrap: Bootstrap
  /// Cells that are not finished, with what exists of them.
  public private(set) var missing: [(cell: String, state: StudyCell.State)] = []
  /// Models of which the cells of one task and seed (and draw) began with different ones, and
  /// their precision if it differs: such cells cannot be compared. Each as a phrase.
  public private(set) var differences: [String] = []
  /// The numbers of finished cells by precision.
  public private(set) var precisions: [String: Int] = [:]
  private var conditions: [String: String] = [:]
  private var entries: [String: Entry] = [:]
  private var averages: [String: Entry] = [:]

  /// A method's scores on a task.
  public func entry(task: String, method: String) -> Entry? { entries["\(task)/\(method)"] }

  /// A method's scores averaged over the tasks, for each seed that all tasks have; nil if there is
  /// no such seed.
  public func average(_ method: String) -> Entry? { averages[method] }

  /// Reads the folders of all cells.
  ///
  /// - Throws: `FileError` or `JSONError` if a file of a finished cell cannot be used, and if the
  ///   cells of a task were measured on different rows.
  public init(_ study: Study, pool: ThreadPool) throws {
    methods = study.configuration.methods.map(\.name)
    reference = study.configuration.reference
    seeds = study.configuration.seeds
    draws = study.configuration.drawSeeds
    selections = study.selections
    bootstrap = Bootstrap(
      resamples: study.configuration.bootstrapResamples, seed: study.configuration.bootstrapSeed)
    for (site, task) in study.tasks.enumerated() {
      var row = Task(name: task.name, metric: task.metric)
      var found: [String: [MeasuredCell]] = [:]
      for method in methods {
        for cell in study.cells(task: task.name, method: method) {
          let state = cell.state
          guard case .finished(let record) = state else {
            missing.append((cell.name, state))
            continue
          }
          let outcome = try cell.outcome()
          remember(cell.identity, of: cell)
          found[method, default: []].append(try MeasuredCell(cell, record, outcome, task: task))
          curves.append(StudyCurve(cell, outcome, metric: task.metric))
        }
      }
      var rows = MeasuredRows()
      for cell in methods.flatMap({ found[$0] ?? [] }) {
        try rows.check(cell.predictions, file: cell.file)
      }
      let known = [reference] + methods
      row.rows = known.lazy.compactMap { found[$0]?.first?.predictions?.count }.first
      row.teacher =
        known.lazy.compactMap { found[$0]?.first(where: { !$0.hasAssistant })?.teacher }.first
      tasks.append(row)
      for method in methods {
        guard let cells = found[method] else { continue }
        var entry = Entry(cells)
        if method != reference, let theirs = found[reference] {
          entry.comparison = compare(cells, theirs, task: task, site: site, pool: pool)
        }
        entries["\(task.name)/\(method)"] = entry
      }
    }
    for method in methods { averages[method] = averaged(method) }
    contrasts = contrasts(study.configuration.contrasts)
  }

  /// Whether training rows were drawn several times.
  var hasDraws: Bool { !draws.isEmpty }

  /// Notes what a cell began with, and whether that differs from what others of its seed had.
  private mutating func remember(_ identity: CellIdentity, of cell: StudyCell) {
    precisions[identity.precision, default: 0] += 1
    let place =
      "\(cell.task), " + (cell.draw.map { "draw \($0), " } ?? "") + "seed \(cell.seed)"
    let found = identity.models.merging(["precision": identity.precision]) { first, _ in first }
    for (name, value) in found.sorted(by: { $0.key < $1.key }) {
      let phrase = "\(name) (\(place))"
      if let known = conditions[phrase], known != value, !differences.contains(phrase) {
        differences.append(phrase)
      }
      conditions[phrase] = value
    }
  }

  /// A method's cells of a task compared with the reference's.
  private func compare(
    _ ours: [MeasuredCell], _ theirs: [MeasuredCell], task: Study.Task, site: Int, pool: ThreadPool
  ) -> Comparison? {
    let pairs = ours.compactMap { our in
      theirs.first { $0.seed == our.seed && $0.draw == our.draw }.map { (our: our, their: $0) }
    }
    guard !pairs.isEmpty else { return nil }
    let differences = Self.differences(Entry(ours), Entry(theirs))
    let paired = PairedPredictions(
      ours: pairs.compactMap(\.our.predictions), theirs: pairs.compactMap(\.their.predictions))
    return Comparison(
      pairs: differences.count, difference: SampleSummary(differences).mean,
      test: PairedTTest(differences),
      bootstrap: bootstrap.resamples == 0
        ? nil
        : paired.flatMap { bootstrap.difference(of: task.metrics, $0, site: site, pool: pool) })
  }

  private func averaged(_ method: String) -> Entry? {
    let all = tasks.compactMap { entry(task: $0.name, method: method) }
    guard all.count == tasks.count else { return nil }
    let scores = mean(of: all)
    guard !scores.isEmpty else { return nil }
    let ranges = all.compactMap(\.updates)
    var result = Entry(scores: scores)
    if let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max() {
      result.updates = low...high
    }
    result.seconds = SampleSummary(all.compactMap(\.seconds)).mean
    result.distinctTexts = Self.mean(all.compactMap(\.distinctTexts), of: all.count)
    result.passes = Self.mean(all.compactMap(\.passes), of: all.count)
    guard method != reference else { return result }
    let theirs = mean(of: tasks.compactMap { entry(task: $0.name, method: reference) })
    let differences = Self.differences(result, Entry(scores: theirs))
    let drawn = all.compactMap(\.comparison?.bootstrap)
    guard !differences.isEmpty else { return result }
    result.comparison = Comparison(
      pairs: differences.count, difference: SampleSummary(differences).mean,
      test: PairedTTest(differences),
      bootstrap: drawn.count < tasks.count || tasks.isEmpty
        ? nil
        : Bootstrap.Difference(
          value: drawn.reduce(0) { $0 + $1.value } / Double(drawn.count),
          samples: (0..<bootstrap.resamples).map { sample in
            drawn.reduce(0) { $0 + $1.samples[sample] } / Double(drawn.count)
          }, level: bootstrap.level))
    return result
  }

  /// For each seed that all entries have, the mean over entries; empty if a task has no entry.
  private func mean(of entries: [Entry]) -> [(draw: Int?, seed: Int, score: Double)] {
    guard entries.count == tasks.count else { return [] }
    let all: [Int?] = draws.isEmpty ? [nil] : draws
    return all.flatMap { draw in
      seeds.compactMap { seed -> (draw: Int?, seed: Int, score: Double)? in
        let found = entries.compactMap { entry in
          entry.scores.first { $0.seed == seed && $0.draw == draw }?.score
        }
        guard found.count == entries.count else { return nil }
        return (draw, seed, found.reduce(0, +) / Double(found.count))
      }
    }
  }

  /// The mean of some values; nil unless there are so many.
  static func mean(_ values: [Double], of count: Int) -> Double? {
    values.count == count && count > 0 ? SampleSummary(values).mean : nil
  }
}

extension StudyReport.Entry {
  /// The scores of a method's cells.
  fileprivate init(_ cells: [MeasuredCell]) {
    scores = cells.map { ($0.draw, $0.seed, $0.score) }
    distinctTexts = StudyReport.mean(cells.compactMap(\.distinctTexts), of: cells.count)
    passes = StudyReport.mean(cells.compactMap(\.passes), of: cells.count)
    let counts = cells.map(\.record.updates)
    if let low = counts.min(), let high = counts.max() { updates = low...high }
    seconds = SampleSummary(cells.map(\.record.seconds)).mean
  }
}

/// A finished cell with its score.
private struct MeasuredCell {
  let draw: Int?
  let seed: Int
  let distinctTexts, passes: Double?
  let record: CellRecord
  let score: Double
  let teacher: Double?
  let hasAssistant: Bool
  /// Nil if texts may have several labels, and for tasks with questions.
  let predictions: ValidationPredictions?
  /// The file that they came from.
  let file: String

  init(
    _ cell: StudyCell, _ record: CellRecord, _ outcome: CellOutcome, task: Study.Task
  ) throws {
    (draw, seed) = (cell.draw, cell.seed)
    distinctTexts = try outcome.number("train_distinct_texts", in: 0...1e12)
    passes = try outcome.number("train_passes", in: 0...1e12)
    self.record = record
    let measured = try outcome.measured(on: task)
    score = measured.score ?? .nan
    teacher =
      outcome.results["teacher_\(task.metric)"] == nil
      ? nil : try outcome.score(on: task, of: "teacher")
    hasAssistant = cell.assistant != nil
    file = outcome.file
    predictions = measured.answers
  }
}

extension PairedPredictions {
  /// Predictions of several models for the same rows; nil if they are of two different kinds.
  fileprivate init?(ours: [ValidationPredictions], theirs: [ValidationPredictions]) {
    var references: ValidationPredictions?
    var (classes, scores) = ([[Int32]](), [[Double]]())
    for one in ours + theirs {
      references = one
      switch one {
      case .classes(let predictions, _): classes.append(predictions)
      case .scores(let predictions, _): scores.append(predictions)
      }
    }
    let count = ours.count
    switch references {
    case .classes(_, let references) where classes.count == count + theirs.count:
      self = .classes(
        ours: Array(classes[..<count]), theirs: Array(classes[count...]), references: references)
    case .scores(_, let references) where scores.count == count + theirs.count:
      self = .scores(
        ours: Array(scores[..<count]), theirs: Array(scores[count...]), references: references)
    default: return nil
    }
  }
}
