import ArgumentParser
import Foundation

/// The command `mate-kd`: its subcommands, and how its process ends.
public struct MateKD: ParsableCommand {
  /// Name, help and subcommands.
  public static let configuration = CommandConfiguration(
    commandName: "mate-kd",
    abstract: "Knowledge distillation of BERT classifiers on a CPU.",
    discussion: """
      Results go to standard output, logs and progress to standard error. Exit codes: 0 done, \
      64 usage, 65 bad data, 66 input missing, 69 wrong processor, 70 internal, 73 cannot create, \
      74 input/output, 78 bad configuration, 75 or 130 interrupted (the run is saved; --resume continues it).
      """,
    version: BuildInformation.current.text,
    subcommands: [
      PretrainCommand.self, TeacherFinetuneCommand.self, DistillCommand.self, EvaluateCommand.self,
      PredictCommand.self, CompareCommand.self, TokenizeCommand.self, SynthesizeCommand.self,
      ProfileCommand.self, InspectCommand.self, ExportCommand.self, MethodsCommand.self,
      SchemaCommand.self, DoctorCommand.self,
    ])

  /// A command with nothing set; the parser needs it.
  public init() {}

  /// Runs the command line of this process and then ends the process.
  public static func run(_ arguments: [String]? = nil) -> Never {
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      let code = exitCode(for: error)
      let isOurs = error is any ExitStatusProviding || code == .failure && !(error is ExitCode)
      if !isOurs { exit(withError: error) }
      let stream = TerminalStream.standardError
      stream.endStatus(keepingIt: true)
      stream.print(message(for: error, stream.style))
      Foundation.exit(ExitStatus(of: error).rawValue)
    }
    Foundation.exit(ExitStatus.ok.rawValue)
  }

  /// The message for an error: one line, with `error:` in it exactly once.
  static func message(for error: any Error, _ style: TerminalStyle) -> String {
    let text = error is CocoaError ? error.localizedDescription : "\(error)"
    if let mark = text.range(of: ": error: ") {
      return text[..<mark.lowerBound] + ": " + style.paint("error:", .red) + " "
        + text[mark.upperBound...]
    }
    return style.paint("error:", .red) + " " + text
  }
}
