import ArgumentParser
import Configuration
import Kernels
import Logging
import StrictJSON
import Studies

/// `mate-kd compare`.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Run a study of tasks x methods x seeds and compare the results.",
    discussion: """
      Every cell is a run of distill in its own folder. Finished cells are not made again. \
      Several processes, also on several machines with one file system, may run the same study at \
      the same time; each takes cells that no other has. A cell that fails is reported, and the \
      others continue. At the end a table is written to standard \
      output and to results.md, results.csv and results.tex in the study's folder.
      """)

  @Option(help: ArgumentHelp("The study's configuration, a JSON file.", valueName: "file"))
  var config: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change a value of the configuration. May be repeated.",
      discussion: "For example --set base.train.max_steps=50 or --set seeds=[1,2].",
      valueName: "path.to.key=value"))
  var assignments: [String] = []

  @Option(help: ArgumentHelp("The study's folder, instead of output_dir.", valueName: "dir"))
  var outputDir: String?

  @Option(help: "Worker threads of every run; 0 means one per processor, or what a quota grants.")
  var threads: Int?

  @Option(
    name: .customLong("task"),
    help: ArgumentHelp("Make only cells of this task. May be repeated.", valueName: "name"))
  var tasks: [String] = []

  @Option(
    name: .customLong("method"),
    help: ArgumentHelp("Make only cells of this method. May be repeated.", valueName: "name"))
  var methods: [String] = []

  @Flag(help: "Print the tables of what is finished; run and write nothing.")
  var report = false

  @Option(
    help: ArgumentHelp(
      "Also draw how the scores went, into this folder: TASK.svg, the mean of each method's seeds.",
      valueName: "dir"))
  var curves: String?

  @Flag(help: "Print the results as JSON, as in results.json, instead of the tables.")
  var json = false

  @Flag(help: "Print which processes make which cells, and how long the rest will take, then stop.")
  var status = false

  @Flag(
    help: ArgumentHelp(
      "Stay until other processes have finished their cells.",
      discussion: "The cells of those that are killed meanwhile are taken over."))
  var wait = false

  @Flag(help: "Check all cells, print which of them would run and why, then stop.")
  var dryRun = false

  @Flag(help: "Write only warnings and errors, and no progress.")
  var quiet = false

  @Flag(help: "Also write the log lines of every run.")
  var verbose = false

  @Option(
    help: "How log lines look: \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  var logFormat = LogFormat.text

  func validate() throws {
    // What would have no effect is refused.
    let looks = [("--status", status), ("--dry-run", dryRun)]
    try OnlyOne.check([("--wait", wait), ("--report", report)] + looks)
    try OnlyOne.check([("--curves", curves != nil)] + looks)
    try OnlyOne.check([("--json", json)] + looks)
    if report, !tasks.isEmpty || !methods.isEmpty {
      throw ValidationError(
        "--report shows all cells that are finished; --task and --method choose cells to make.")
    }
  }

  func run() throws {
    ConsoleLogHandler.bootstrap(logFormat, level: quiet ? .warning : .info)
    // Tables can be made of records alone, where data and models are gone.
    var study = try Study(
      StudyConfiguration.load(path: config, overrides: overrides(), checksPaths: !report))
    try check(tasks, among: study.tasks.map(\.name), "task")
    try check(methods, among: study.configuration.methods.map(\.name), "method")
    if dryRun {
      var table = TextTable([.text("cell"), .text("would")])
      for cell in study.selections.flatMap({ $0.candidates.flatMap(\.cells) }) + study.cells {
        let state = cell.state
        let action =
          !isSelected(cell) || state.isFinished
          ? (state.isFinished ? "not run: finished" : "not run: not selected")
          : "run: \(state.explanation)"
        table.add([cell.name, action])
      }
      table.print()
      return
    }
    if status { return StudyStatusTable(StudyStatus(study, isSelected: isSelected)).print() }
    var outcome: StudyOutcome?
    if !report {
      StopSignal.waitsForRun(true)
      let display = StudyDisplay(quiet: quiet, verbose: verbose)
      (outcome, study) = try study.runWhole(
        observer: display, waits: wait, isSelected: isSelected)
      display.end()
      // From here on nothing looks at signals, and the tables can be made again.
      StopSignal.waitsForRun(false)
    }
    let pool = ThreadPool(threads: threads ?? 0)
    let found = try report ? StudyReport(study, pool: pool) : study.report(pool: pool)
    if let curves { try StudyCurves(found).write(to: curves) }
    if let outcome, outcome.elsewhere > 0 {
      StudyDisplay.noticeElsewhere(outcome.elsewhere)
    } else if json {
      TerminalStream.standardOutput.print(json: found.json)
    } else {
      TerminalStream.standardOutput.print(lines: String(found.markdown.dropLast()))
    }
    guard let outcome else { return }
    if outcome.wasInterrupted { throw InterruptedStudy(folder: study.configuration.outputDir) }
    if !outcome.failures.isEmpty {
      throw FailedCells(failures: outcome.failures, total: study.cells.count)
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

  private func isSelected(_ cell: StudyCell) -> Bool {
    (tasks.isEmpty || tasks.contains(cell.task))
      && (methods.isEmpty || methods.contains(cell.method))
  }

  private func check(_ names: [String], among known: [String], _ kind: String) throws {
    if let name = names.first(where: { !known.contains($0) }) {
      throw ValidationError(
        "--\(kind) \(name): the study has no such \(kind); it has "
          + "\(known.joined(separator: ", ")).")
    }
  }
}

/// Options of which at most one can be given.
enum OnlyOne {
  static func check(_ options: [(name: String, isGiven: Bool)]) throws {
    let given = options.filter(\.isGiven).map(\.name)
    guard given.count > 1 else { return }
    throw ValidationError("\(given[0]) and \(given[1]) exclude each other.")
  }
}

extension StudyCell.State {
  /// Whether the cell does not have to be made.
  var isFinished: Bool { if case .finished = self { true } else { false } }
}

/// The error for a study in which some cells failed.
struct FailedCells: ExitStatusProviding, CustomStringConvertible {
  let failures: [(cell: String, problem: String)]
  let total: Int
  var exitStatus: ExitStatus { .software }
  var description: String {
    "\(failures.count) of the study's \(total) cells failed: "
      + failures.map { "\($0.cell) (\($0.problem))" }.joined(separator: "; ")
  }
}

/// The error for a study that a signal ended.
struct InterruptedStudy: ExitStatusProviding, CustomStringConvertible {
  let folder: String
  var exitStatus: ExitStatus { StopSignal.status }
  var description: String {
    "interrupted; the finished cells are in \(folder), and the same command continues with the "
      + "others"
  }
}
