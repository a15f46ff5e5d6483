import ArgumentParser
import Logging
import Runs

/// A subcommand that trains something as a configuration file says.
protocol RunCommand: ParsableCommand {
  associatedtype Run: RunConfiguration
  var options: RunOptions { get }
  /// Opens and checks everything.
  static func prepare(_ configuration: Run) throws -> PreparedRun
}

extension RunCommand {
  func run() throws {
    options.bootstrapLogging()
    let logger = Logger(label: "mate-kd")
    let prepared = try Self.prepare(options.configuration(as: Run.self))
    for notice in prepared.notices { logger.notice("\(notice)") }
    if options.dryRun {
      var table = TextTable([.text("dry run"), .text("")])
      for (name, value) in prepared.plan { table.add([name, value]) }
      // Before anything takes long.
      table.print()
      let (facts, notices) = try prepared.rehearse()
      var tried = TextTable([.text("tried"), .text("")])
      for (name, value) in facts { tried.add([name, value]) }
      TerminalStream.standardOutput.print("")
      tried.print()
      for notice in notices { logger.notice("\(notice)") }
      return
    }
    for (name, value) in prepared.plan { logger.info("\(name): \(value)") }
    StopSignal.waitsForRun(true)
    let display = RunDisplay(label: Run.command, logger: logger, quiet: options.quiet)
    let outcome = try prepared.execute(display)
    display.end()
    if outcome.wasInterrupted { throw Interrupted(checkpoint: outcome.checkpoint) }
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

/// `mate-kd teacher-finetune`.
struct TeacherFinetuneCommand: RunCommand {
  static let configuration = CommandConfiguration(
    commandName: "teacher-finetune", abstract: "Fine-tune a checkpoint on a task.")
  @OptionGroup var options: RunOptions

  static func prepare(_ c: TeacherFinetuneConfiguration) throws -> PreparedRun {
    try PreparedRun.teacherFinetune(c)
  }
}

/// `mate-kd distill`.
struct DistillCommand: RunCommand {
  static let configuration = CommandConfiguration(
    commandName: "distill", abstract: "Train a smaller student from a fine-tuned teacher.",
    discussion: "The methods, `method.name` in the configuration, are listed by mate-kd methods.")
  @OptionGroup var options: RunOptions

  static func prepare(_ c: DistillConfiguration) throws -> PreparedRun {
    try PreparedRun.distill(c)
  }
}

/// `mate-kd pretrain`.
struct PretrainCommand: RunCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain",
    abstract: "Train a masked language model, such as the generator of MATE-KD.")
  @OptionGroup var options: RunOptions

  static func prepare(_ c: PretrainConfiguration) throws -> PreparedRun {
    try PreparedRun.pretrain(c)
  }
}
