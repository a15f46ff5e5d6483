import Files
import StrictJSON

/// What is known of every combination of a sweep, and which one is the best.
public struct SweepResults: Sendable {
  /// A combination with the runs of the last round that it took part in.
  public struct Row: Sendable {
    /// The combination.
    public let trial: SweepTrial
    /// The round, from 0.
    public let round: Int
    /// The mean over the seeds on the held-out rows; nil unless all runs are finished and their
    /// metric is defined.
    public let score: Double?
    /// The most updates of its runs; nil unless all are finished.
    public let updates: Int?
    /// Seconds of its runs together.
    public let seconds: Double
    /// What there is of the first run that is not finished, otherwise `finished`.
    public let state: String
    /// The folders of its runs.
    public let folders: [String]
  }

  /// The file in the sweep's folder.
  public static let fileName = "sweep_results.json"

  /// The metric that decides.
  public let metric: String
  /// The combinations: those of later rounds first, then by score.
  public private(set) var rows: [Row] = []
  /// Whether every round has come to its end.
  public internal(set) var isComplete = false
  /// The round that was reached last, and its study.
  var round: (round: Sweep.Round, study: Study)?
  private var measured = MeasuredRows()
  private let paths: [String]
  private let outputDir: String

  init(_ sweep: Sweep, metric: String) {
    self.metric = metric
    paths = sweep.configuration.parameters.map(\.path)
    outputDir = sweep.configuration.outputDir
  }

  /// The best combination of the last round; nil before that is finished, and if no run of it has a
  /// score.
  public var best: Row? { isComplete ? rows.first.flatMap { $0.score == nil ? nil : $0 } : nil }

  /// Reads the runs of a round.
  ///
  /// - Returns: the combinations by score, the best first. Of equal ones the earlier comes first.
  /// - Throws: `FileError`, also if runs were measured on different rows, or `JSONError`.
  mutating func add(_ trials: [SweepTrial], of study: Study, round: Int) throws -> [SweepTrial] {
    let task = study.tasks[0]
    let found = try trials.map { trial in
      let cells = study.cells(task: task.name, method: trial.name)
      var scores: [Double] = []
      for cell in cells where cell.record != nil {
        let outcome = try cell.outcome()
        let (score, answers) = try outcome.measured(on: task)
        try measured.check(answers, file: outcome.file)
        scores += [score].compactMap { $0 }
      }
      return Row(trial, cells: cells, scores: scores, round: round, metric)
    }
    // A sort by score alone could exchange equal ones.
    let sorted = found.enumerated().sorted { left, right in
      let (a, b) = (left.element.score ?? -.infinity, right.element.score ?? -.infinity)
      return a == b ? left.offset < right.offset : a > b
    }.map(\.element)
    rows = sorted + rows.filter { row in !trials.contains(row.trial) }
    return sorted.map(\.trial)
  }

  /// The results as JSON.
  public var json: JSONValue {
    .object([
      ("metric", .string(metric)), ("parameters", .array(paths.map { .string($0) })),
      ("best", best.map { .string($0.trial.name) } ?? .null),
      ("trials", .array(rows.map { $0.json(outputDir: outputDir) })),
    ])
  }

  /// Writes the results, and the best configuration if there is one, into the sweep's folder.
  ///
  /// - Throws: `FileError`.
  public func write(_ sweep: Sweep) throws {
    _ = try StudyFolder(outputDir)
    try JSONWriter().write(json, to: "\(outputDir)/\(Self.fileName)")
    // An older one would not be what the results say.
    guard let best else { return ByteFile.remove(Self.bestFile(outputDir)) }
    try JSONWriter().write(
      try sweep.configuration(of: best.trial), to: Self.bestFile(outputDir))
  }

  /// The file with the best configuration.
  public static func bestFile(_ outputDir: String) -> String { "\(outputDir)/best.json" }
}

extension SweepResults.Row {
  fileprivate init(
    _ trial: SweepTrial, cells: [StudyCell], scores: [Double], round: Int, _ metric: String
  ) {
    let records = cells.compactMap(\.record)
    let isFinished = records.count == cells.count
    self.init(
      trial: trial, round: round,
      score: isFinished && scores.count == cells.count && !scores.isEmpty
        ? scores.reduce(0, +) / Double(scores.count) : nil,
      updates: isFinished ? records.map(\.updates).max() : nil,
      seconds: records.reduce(0) { $0 + $1.seconds },
      state: cells.first { $0.record == nil }?.state.explanation
        ?? (scores.count == cells.count ? "finished" : "finished, but \(metric) is undefined"),
      folders: cells.map(\.folder))
  }

  fileprivate func json(outputDir: String) -> JSONValue {
    .object([
      ("trial", .string(trial.name)),
      ("values", .object(trial.values.map { ($0.path, $0.value) })), ("round", .int(round)),
      ("score", score.map { .double($0) } ?? .null),
      ("updates", updates.map { .int($0) } ?? .null), ("seconds", .double(seconds)),
      ("state", .string(state)),
      // Relative, so that the folder can be moved.
      (
        "folders",
        .array(
          folders.map { folder in
            .string(
              folder.hasPrefix(outputDir + "/")
                ? String(folder.dropFirst(outputDir.count + 1)) : folder)
          })
      ),
    ])
  }
}

extension Sweep {
  /// Makes all runs that are not finished, round by round, and reads the results.
  ///
  /// A failing run does not stop the others; its combination gets no score.
  ///
  /// - Parameters:
  ///   - observer: follows the runs; nil reads what there is and runs nothing.
  ///   - waits: whether to stay until other processes have finished their runs; otherwise it ends
  ///     where a round waits for them.
  /// - Throws: errors of files, and of configurations.
  public func run(
    observer: (some StudyObserver)?, waits: Bool = false
  ) throws -> (results: SweepResults, outcome: StudyOutcome) {
    if observer != nil { _ = try StudyFolder(configuration.outputDir, of: .sweep) }
    return try forEachRound { study in
      try observer.map { try study.run(observer: $0, waits: waits) }
    }
  }

  /// Reads all runs and writes the results, and the best configuration if there is one. Whoever
  /// does so last, of several processes, writes the most: the others wait until it is done.
  ///
  /// - Throws: errors of files, and of configurations.
  public func record() throws -> SweepResults {
    _ = try StudyFolder(configuration.outputDir, of: .sweep)
    let lock = try FolderLock.waiting(for: configuration.outputDir)
    defer { lock.release() }
    let results = try forEachRound { _ in nil }.results
    try results.write(self)
    return results
  }

  /// - Parameter make: makes the runs of a round; nil for one that only reads.
  func forEachRound(
    _ make: (Study) throws -> StudyOutcome?
  ) throws -> (results: SweepResults, outcome: StudyOutcome) {
    var left = trials
    var outcome = StudyOutcome()
    var results: SweepResults?
    for round in rounds {
      let study = try study(of: left, in: round)
      var found = results ?? SweepResults(self, metric: study.tasks[0].metric)
      if let made = try make(study) { outcome.add(made) }
      let ranked = try found.add(left, of: study, round: round.number)
      let isWhole = !outcome.wasInterrupted && study.cells.allSatisfy(\.isSettled)
      found.isComplete = isWhole && round.survivors == nil
      found.round = (round, study)
      results = found
      guard isWhole, let survivors = round.survivors else { break }
      // A combination without a score cannot go on.
      let scored = Set(found.rows.filter { $0.score != nil }.map(\.trial.name))
      left = Array(ranked.filter { scored.contains($0.name) }.prefix(survivors))
      if left.isEmpty { break }
    }
    return (results ?? SweepResults(self, metric: ""), outcome)
  }
}

extension StudyCell {
  /// Whether there is nothing left to do for it: it is finished, or has failed.
  fileprivate var isSettled: Bool {
    switch state {
    case .finished, .failed: true
    case .new, .unfinished, .outdated: false
    }
  }
}
