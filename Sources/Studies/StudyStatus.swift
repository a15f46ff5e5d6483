import Files
import Foundation

/// Who makes which cells of a study, and how long the rest will take.
public struct StudyStatus: Sendable {
  /// A cell that somebody makes, or that was begun and is not finished.
  public struct Row: Sendable {
    /// The cell.
    public let cell: StudyCell
    /// What there is of it, for people.
    public let state: String
    /// The process that makes it or made it last; nil if that is not known.
    public let maker: String?
    /// Seconds since that process took it; nil if it makes it no more.
    public let seconds: Double?
  }

  /// The cells that were begun and are not finished.
  public let rows: [Row]
  /// All cells, and those that are finished, have failed, or are being made.
  public private(set) var total = 0, finished = 0, failed = 0, running = 0
  /// Seconds until the last cell is finished with as many processes as there are now, or with one;
  /// nil before the first cell is finished.
  public private(set) var secondsLeft: Double?
  /// What is left to be said, for sweeps.
  public private(set) var notices: [String] = []

  /// Reads the folders of all cells, or of those that are selected.
  public init(_ study: Study, isSelected: (StudyCell) -> Bool = { _ in true }) {
    let all = study.selections.flatMap { $0.candidates.flatMap(\.cells) } + study.cells
    let cells = all.filter(isSelected)
    let now = Date().timeIntervalSince1970
    var rows: [Row] = []
    var times = CellTimes()
    var (open, loads) = ([StudyCell](), [(cell: StudyCell, elapsed: Double)]())
    for cell in cells {
      let state = cell.state
      if case .finished(let record) = state {
        finished += 1
        times.add(record.seconds, of: cell)
        continue
      }
      let maker = cell.maker
      let isRunning = maker.map { !$0.isAbandoned } ?? false
      let elapsed = maker?.holder.map { max(0, now - Double($0.since)) }
      if case .failed = state, !isRunning { failed += 1 } else if !isRunning { open.append(cell) }
      if isRunning {
        running += 1
        loads.append((cell, elapsed ?? 0))
      }
      guard maker != nil || state != .new else { continue }
      rows.append(
        Row(
          cell: cell,
          state: isRunning
            ? "being made" : maker == nil ? state.explanation : "left: its process is gone",
          maker: maker?.holder.map { "\($0)" }, seconds: isRunning ? elapsed : nil))
    }
    self.rows = rows
    total = cells.count
    guard let expected = times.all else { return }
    // Each new cell goes to whoever is free first.
    var ends = loads.map { max(0, (times.expected($0.cell) ?? expected) - $0.elapsed) }
    if ends.isEmpty { ends = [0] }
    for cell in open {
      guard let next = ends.indices.min(by: { ends[$0] < ends[$1] }) else { break }
      ends[next] += times.expected(cell) ?? expected
    }
    secondsLeft = ends.max()
  }

  /// Adds what cannot be known of single cells yet.
  mutating func add(seconds: Double?, notice: String) {
    if let seconds, let secondsLeft { self.secondsLeft = secondsLeft + seconds }
    notices.append(notice)
  }

}

/// What finished cells have taken.
private struct CellTimes {
  private var seconds: [String: [Double]] = [:]

  mutating func add(_ time: Double, of cell: StudyCell) {
    for key in ["", cell.task, "\(cell.task)/\(cell.method)"] {
      seconds[key, default: []].append(time)
    }
  }

  /// The mean of all; nil if there is none.
  var all: Double? { mean("") }

  /// The mean of those most like it: of its task and method, otherwise of its task.
  func expected(_ cell: StudyCell) -> Double? {
    mean("\(cell.task)/\(cell.method)") ?? mean(cell.task)
  }

  private func mean(_ key: String) -> Double? {
    seconds[key].map { $0.reduce(0, +) / Double($0.count) }
  }
}

extension Sweep {
  /// Who makes which runs of the round that was reached last, and how long the rest will take.
  ///
  /// - Throws: errors of files, and of configurations.
  public func status() throws -> StudyStatus {
    let reached = try forEachRound { _ in nil }.results.round
    let (round, study) = try reached ?? (rounds[0], study(of: trials, in: rounds[0]))
    var status = StudyStatus(study)
    let times = study.cells.compactMap { $0.record?.seconds }
    let mean = times.isEmpty ? nil : times.reduce(0, +) / Double(times.count)
    var survivors = round.survivors
    for later in rounds where later.number > round.number {
      let runs = (survivors ?? 0) * configuration.seeds.count
      let growth = Double(later.steps ?? 1) / Double(round.steps ?? 1)
      status.add(
        seconds: mean.map {
          $0 * growth * (Double(runs) / Double(max(1, status.running))).rounded(.up)
        },
        notice: "then round \(later.number + 1): \(runs) runs of \(later.steps ?? 0) updates")
      survivors = later.survivors
    }
    return status
  }
}
