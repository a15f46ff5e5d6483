import ArgumentParser
import Configuration
import Kernels
import StrictJSON
import Studies

/// `mate-kd sweep`.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Search for the best values of some settings of distill.",
    discussion: """
      Every combination of values is trained and measured on rows held out of the training data, \
      never on the task's validation rows. The best configuration is written to best.json in the \
      sweep's folder, ready for mate-kd distill. Finished runs are not made again, so the same \
      command goes on after an interruption. Several processes, also on several machines with one \
      file system, may run the same sweep at the same time.
      """)

  @Option(help: ArgumentHelp("The sweep's configuration, a JSON file.", valueName: "file"))
  var config: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change a value of the configuration. May be repeated.",
      discussion: "For example --set base.train.max_steps=50 or --set samples=20.",
      valueName: "path.to.key=value"))
  var assignments: [String] = []

  @Option(help: ArgumentHelp("The sweep's folder, instead of output_dir.", valueName: "dir"))
  var outputDir: String?

  @Option(help: "Worker threads of every run; 0 means one per processor, or what a quota grants.")
  var threads: Int?

  @Flag(help: "Print the table of what is finished; run and write nothing.")
  var report = false

  @Flag(help: "Print which processes make which runs, and how long the rest will take, then stop.")
  var status = false

  @Flag(
    help: ArgumentHelp(
      "Stay until other processes have finished their runs.",
      discussion: "The runs of those that are killed meanwhile are taken over."))
  var wait = false

  @Flag(help: "Check all runs, print the combinations, then stop.")
  var dryRun = false

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  @Flag(help: "Write only warnings and errors, and no progress.")
  var quiet = false

  @Flag(help: "Also write the log lines of every run.")
  var verbose = false

  @Option(
    help: "How log lines look: \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  var logFormat = LogFormat.text

  func validate() throws {
    try OnlyOne.check(
      [("--wait", wait), ("--report", report), ("--status", status), ("--dry-run", dryRun)])
    try OnlyOne.check([("--status", status), ("--json", json)])
  }

  func run() throws {
    ConsoleLogHandler.bootstrap(logFormat, level: quiet ? .warning : .info)
    let sweep = try Sweep(SweepConfiguration.load(path: config, overrides: overrides()))
    if status { return StudyStatusTable(try sweep.status()).print() }
    if report || dryRun {
      show(try sweep.run(observer: nil as StudyDisplay?).results)
      return
    }
    StopSignal.waitsForRun(true)
    let display = StudyDisplay(quiet: quiet, verbose: verbose)
    let outcome = try sweep.run(observer: display, waits: wait).outcome
    display.end()
    // From here on nothing looks at signals, and the table can be made again.
    StopSignal.waitsForRun(false)
    let results = try sweep.record()
    if outcome.elsewhere > 0 {
      StudyDisplay.noticeElsewhere(outcome.elsewhere)
    } else {
      show(results)
    }
    let folder = sweep.configuration.outputDir
    if outcome.wasInterrupted { throw InterruptedStudy(folder: folder) }
    if results.best != nil {
      TerminalStream.standardError.print(
        "mate-kd: notice: run the best with: mate-kd distill --config "
          + SweepResults.bestFile(folder))
    }
    if !outcome.failures.isEmpty {
      throw FailedCells(
        failures: outcome.failures,
        total: outcome.finished + outcome.skipped
          + outcome.failures.count)
    }
  }

  private func overrides() throws -> [ConfigOverride] {
    var overrides = try assignments.map(ConfigOverride.init(parsing:))
    if let outputDir {
      overrides.append(
        ConfigOverride(path: "output_dir", value: .string(outputDir), origin: "--output-dir"))
    }
    if let threads {
      overrides.append(
        ConfigOverride(path: "base.threads", value: .int(threads), origin: "--threads"))
    }
    return overrides
  }

  private func show(_ results: SweepResults) {
    if json { return TerminalStream.standardOutput.print(json: results.json) }
    var table = TextTable(
      [.text("trial")] + (results.rows.first?.trial.values ?? []).map { .text($0.path) } + [
        .number("held-out \(results.metric)"), .number("updates"), .number("time"), .text("state"),
      ])
    for row in results.rows {
      let isBest = row.trial == results.best?.trial
      table.add(
        [row.trial.name] + row.trial.valueTexts + [
          row.score.map { NumberText.fixed($0, 4) } ?? "-", row.updates.map { "\($0)" } ?? "-",
          row.seconds > 0 ? NumberText.time(.seconds(row.seconds)) : "-",
          row.state + (isBest ? ", best" : ""),
        ])
    }
    table.print()
  }
}
