import ArgumentParser

/// `mate-kd doctor`.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract:
      "Show and measure processor, memory and BLAS library, and say what could be better.",
    discussion: "Takes about a second. Warnings do not change the exit code.")

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func run() throws {
    let report = DoctorReport(.current(), try .measure())
    if json {
      TerminalStream.standardOutput.print(json: report.json)
    } else {
      report.print(on: .standardOutput)
    }
  }
}
