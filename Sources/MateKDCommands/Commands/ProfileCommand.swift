import ArgumentParser
import Configuration
import Logging
import Runs

/// `mate-kd profile`.
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Show where the updates of a run spend their time.",
    discussion: """
      Makes some updates of the run that the configuration describes, in memory only: no output \
      folder is written. Times are thread times: two threads spend two seconds per second.
      """)
  @OptionGroup var options: RunOptions

  @Option(help: "Updates to measure, for each model that the run trains.")
  var steps = 20

  @Option(help: "Updates made first, while memory use settles.")
  var warmUp = 3

  @Option(
    name: .customLong("run"),
    help: "The kind of run, if the configuration's sections do not tell: \(Self.kinds).")
  var kind: RunKind?

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  private static let kinds = RunKind.allCases.map(\.rawValue).joined(separator: ", ")

  func validate() throws {
    try OptionRange.check("--steps", steps, 1...1_000_000)
    try OptionRange.check("--warm-up", warmUp, 0...1_000_000)
  }

  mutating func run() throws {
    options.bootstrapLogging()
    let logger = Logger(label: "mate-kd")
    // Nothing is written, so it does not matter if the output folder exists already.
    options.overwriteOutputDir = true
    let prepared = try prepare()
    for notice in prepared.notices { logger.notice("\(notice)") }
    for (name, value) in prepared.plan where name != "output" { logger.info("\(name): \(value)") }
    if options.dryRun { return }
    StopSignal.waitsForRun(true)
    let profile = try prepared.profile(updates: steps, warmUp: warmUp) { StopSignal.isRaised }
    if json {
      TerminalStream.standardOutput.print(json: ProfileReport(profile).json)
    } else {
      ProfileReport(profile).print(on: .standardOutput)
    }
    if StopSignal.isRaised { throw ExitCode(StopSignal.status.rawValue) }
  }

  private func prepare() throws -> PreparedRun {
    let kind =
      try kind ?? RunKind(of: ConfigDocument.read(options.config, overrides: options.overrides()))
    return switch kind {
    case .distill: try PreparedRun.distill(options.configuration())
    case .teacherFinetune: try PreparedRun.teacherFinetune(options.configuration())
    case .pretrain: try PreparedRun.pretrain(options.configuration())
    }
  }
}

/// A subcommand that trains.
package enum RunKind: String, CaseIterable, Sendable, ExpressibleByArgument {
  case distill
  case teacherFinetune = "teacher-finetune"
  case pretrain

  /// The subcommand that a configuration is meant for, judging by the sections that only it reads.
  package init(of document: ConfigDocument) {
    let root = document.root
    if ["method", "teacher", "student", "generator"].contains(where: root.has) {
      self = .distill
    } else {
      self = ["corpus", "mlm"].contains(where: root.has) ? .pretrain : .teacherFinetune
    }
  }
}
