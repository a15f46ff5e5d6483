import Studies

/// Shows on standard output who makes which cells of a study.
struct StudyStatusTable {
  private let status: StudyStatus

  init(_ status: StudyStatus) { self.status = status }

  func print() {
    if !status.rows.isEmpty {
      var table = TextTable([.text("cell"), .text("state"), .text("by"), .number("for")])
      for row in status.rows {
        table.add([
          row.cell.name, row.state, row.maker ?? "-",
          row.seconds.map { NumberText.time(.seconds($0)) } ?? "-",
        ])
      }
      table.print()
    }
    for line in lines { TerminalStream.standardOutput.print(line) }
  }

  private var lines: [String] {
    let s = status
    let open = s.total - s.finished - s.running - s.failed
    var lines = [
      "\(s.finished) of \(s.total) cells finished, \(s.running) being made, \(s.failed) failed, "
        + "\(open) left"
    ]
    lines += s.notices
    guard s.running + open > 0 || !s.notices.isEmpty else { return lines }
    guard let seconds = s.secondsLeft else {
      return lines + ["how long they will take is known once a cell is finished"]
    }
    let processes = s.running == 1 || s.running == 0 ? "one process" : "\(s.running) processes"
    return lines + ["about \(NumberText.time(.seconds(seconds))) left with \(processes)"]
  }
}
