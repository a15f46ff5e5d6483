import ArgumentParser
import Logging
import Processes
import Runs

/// A subcommand that trains something as a configuration file says.
protocol RunCommand: ParsableCommand {
  associatedtype Run: RunConfiguration
  var options: RunOptions { get }
  /// Opens and checks everything.
  static func prepare(
    _ configuration: Run, sharedBy group: any ProcessGroup
  ) throws -> PreparedRun
}

extension RunCommand {
  func run() throws {
    try SharedCommand.run { group in
      let isFirst = group.rank == 0
      options.bootstrapLogging(isSilent: !isFirst)
      let logger = Logger(label: "mate-kd")
      var configuration = try group.agreed { try options.configuration(as: Run.self) }
      try configuration.takeEarlierShards(in: group)
      let prepared = try group.agreed { try Self.prepare(configuration, sharedBy: group) }
      for notice in prepared.notices { logger.notice("\(notice)") }
      if options.dryRun { return try rehearse(prepared, isFirst: isFirst, logger) }
      if group.isShared {
        let hosts = Set((0..<group.count).map { group.host(of: $0) }).count
        logger.info("processes: \(group.count) on \(hosts) machine\(hosts == 1 ? "" : "s")")
      }
      for (name, value) in prepared.plan { logger.info("\(name): \(value)") }
      StopSignal.waitsForRun(true)
      let display = RunDisplay(
        label: Run.command, logger: logger, quiet: options.quiet || !isFirst)
      let outcome = try prepared.execute(display)
      display.end()
      if outcome.wasInterrupted { throw Interrupted(checkpoint: outcome.checkpoint) }
      guard isFirst else { return }
      var table = TextTable([.text("result"), .number("value")])
      for (name, value) in outcome.results {
        let isCount = value.rounded() == value && (1..<1e15).contains(abs(value))
        table.add([name, isCount ? NumberText.grouped(Int(value)) : NumberText.fixed(value, 4)])
      }
      table.print()
      for notice in outcome.notices { logger.notice("\(notice)") }
      logger.info("written to \(outcome.folder)")
    }
  }

  private func rehearse(_ prepared: PreparedRun, isFirst: Bool, _ logger: Logger) throws {
    // Before anything takes long.
    if isFirst {
      var table = TextTable([.text("dry run"), .text("")])
      for (name, value) in prepared.plan { table.add([name, value]) }
      table.print()
    }
    let (facts, notices) = try prepared.rehearse()
    guard isFirst else { return }
    var tried = TextTable([.text("tried"), .text("")])
    for (name, value) in facts { tried.add([name, value]) }
    TerminalStream.standardOutput.print("")
    tried.print()
    for notice in notices { logger.notice("\(notice)") }
  }
}

/// `mate-kd teacher-finetune`.
struct TeacherFinetuneCommand: RunCommand {
  static let configuration = CommandConfiguration(
    commandName: "teacher-finetune", abstract: "Fine-tune a checkpoint on a task.")
  @OptionGroup var options: RunOptions

  static func prepare(
    _ c: TeacherFinetuneConfiguration, sharedBy group: any ProcessGroup
  ) throws -> PreparedRun {
    try PreparedRun.teacherFinetune(c, sharedBy: group)
  }
}

/// `mate-kd distill`.
struct DistillCommand: RunCommand {
  static let configuration = CommandConfiguration(
    commandName: "distill", abstract: "Train a smaller student from a fine-tuned teacher.",
    discussion: "The methods, `method.name` in the configuration, are listed by mate-kd methods.")
  @OptionGroup var options: RunOptions

  static func prepare(
    _ c: DistillConfiguration, sharedBy group: any ProcessGroup
  ) throws -> PreparedRun {
    try PreparedRun.distill(c, sharedBy: group)
  }
}

/// `mate-kd pretrain`.
struct PretrainCommand: RunCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain",
    abstract: "Train a masked language model, such as the generator of MATE-KD.")
  @OptionGroup var options: RunOptions

  static func prepare(
    _ c: PretrainConfiguration, sharedBy group: any ProcessGroup
  ) throws -> PreparedRun {
    try PreparedRun.pretrain(c, sharedBy: group)
  }
}
