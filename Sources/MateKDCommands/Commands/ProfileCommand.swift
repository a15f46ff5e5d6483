import ArgumentParser
import Configuration
import Kernels
import Logging
import Processes
import Runs
import Trainers

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

  @Option(
    name: .customLong("threads-model"),
    help: ArgumentHelp(
      "Predict the time of an update on so many cores. May be repeated.",
      discussion: "The work is cut as it would be there, and measured here.", valueName: "cores"))
  var modelled: [Int] = []

  @Option(help: ArgumentHelp("Memory rate for --threads-model, of all cores.", valueName: "GB/s"))
  var memoryRate = 100.0

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  private static let kinds = RunKind.allCases.map(\.rawValue).joined(separator: ", ")

  func validate() throws {
    try OptionRange.check("--steps", steps, 1...1_000_000)
    try OptionRange.check("--warm-up", warmUp, 0...1_000_000)
    for cores in modelled { try OptionRange.check("--threads-model", cores, 1...1024) }
    guard (0.01...1e6).contains(memoryRate) else {
      throw ValidationError("--memory-rate must be between 0.01 and 1000000 GB/s")
    }
  }

  mutating func run() throws {
    // Nothing is written, so it does not matter if the output folder exists already.
    options.overwriteOutputDir = true
    try SharedCommand.run(profile)
  }

  private func profile(_ group: any ProcessGroup) throws {
    options.bootstrapLogging(isSilent: group.rank > 0)
    let logger = Logger(label: "mate-kd")
    let prepared = try group.agreed { try prepare(sharedBy: group) }
    for notice in prepared.notices { logger.notice("\(notice)") }
    for (name, value) in prepared.plan where name != "output" { logger.info("\(name): \(value)") }
    if options.dryRun { return }
    StopSignal.waitsForRun(true)
    let profile = try prepared.profile(updates: steps, warmUp: warmUp) { StopSignal.isRaised }
    guard profile.threads > 1 || modelled.isEmpty else {
      throw ValidationError(
        "--threads-model measures what threads share, and one has nobody to share with; give "
          + "--threads 2.")
    }
    let model = ThreadsModel(
      memoryRate: memoryRate * 1e9, meeting: modelled.isEmpty ? 0 : ThreadPool.measuredMeeting())
    var predictions: [ProfileReport.Predicted] = []
    for cores in modelled where !StopSignal.isRaised {
      let cut = try prepared.profile(updates: steps, warmUp: warmUp, cutFor: cores) {
        StopSignal.isRaised
      }
      predictions += cut.phases.map {
        ProfileReport.Predicted(
          phase: $0, prediction: model.prediction($0, cores: cores, lanes: cut.lanes))
      }
    }
    let report = ProfileReport(profile, model: model, predictions: predictions)
    // The first process tells what it has measured.
    if group.rank == 0, json {
      TerminalStream.standardOutput.print(json: report.json)
    } else if group.rank == 0 {
      report.print(on: .standardOutput)
    }
    let isStopped = try group.any(StopSignal.isRaised)
    try group.agreed { if isStopped { throw StoppedProfile() } }
  }

  private func prepare(sharedBy group: any ProcessGroup) throws -> PreparedRun {
    guard modelled.isEmpty || !group.isShared else {
      throw PredictionOfSeveral()
    }
    let kind =
      try kind ?? RunKind(of: ConfigDocument.read(options.config, overrides: options.overrides()))
    return switch kind {
    case .distill: try PreparedRun.distill(options.configuration(), sharedBy: group)
    case .teacherFinetune:
      try PreparedRun.teacherFinetune(options.configuration(), sharedBy: group)
    case .pretrain: try PreparedRun.pretrain(options.configuration(), sharedBy: group)
    }
  }
}

/// The error for a profile that a signal ended.
private struct StoppedProfile: ExitStatusProviding, CustomStringConvertible {
  var exitStatus: ExitStatus { StopSignal.status }
  var description: String { "stopped; what is shown are the updates before the signal" }
}

/// The error for a prediction of a run that several processes share.
private struct PredictionOfSeveral: ExitStatusProviding, CustomStringConvertible {
  var exitStatus: ExitStatus { .usage }
  var description: String {
    "--threads-model is for a run of one process, but several share this one; leave one of them out"
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
