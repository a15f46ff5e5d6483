import ArgumentParser
import Configuration
import Files
import Foundation
import Kernels

/// The command `mate-kd`: its subcommands, and how its process ends.
public struct MateKD: ParsableCommand {
  /// Name, help and subcommands.
  public static let configuration = CommandConfiguration(
    commandName: "mate-kd",
    abstract: "Knowledge distillation of BERT classifiers on a CPU.",
    discussion: """
      Results go to standard output, logs and progress to standard error. Exit codes: 0 done, \
      64 usage, 65 bad data, 66 input missing, 69 wrong processor, 70 internal, 71 out of memory, \
      73 cannot create, 74 input/output, 78 bad configuration, 75 or 130 interrupted (the run is \
      saved; --resume continues it).
      """,
    version: BuildInformation.current.text,
    subcommands: [
      InitCommand.self, PretrainCommand.self, TeacherFinetuneCommand.self, DistillCommand.self,
      EvaluateCommand.self, PredictCommand.self, CompareCommand.self, SweepCommand.self,
      ReportCommand.self, TokenizeCommand.self, SynthesizeCommand.self, ProfileCommand.self,
      InspectCommand.self, ExportCommand.self, MethodsCommand.self, SchemaCommand.self,
      DoctorCommand.self,
    ])

  /// A command with nothing set; the parser needs it.
  public init() {}

  /// Runs the command line of this process and then ends the process.
  public static func run(_ arguments: [String]? = nil) -> Never {
    FileDescriptorWriter.occupyStandardDescriptors()
    UnfinishedFiles.prepare()
    LockSlots.prepare()
    // For `exit` in the middle of something, for lack of memory for example.
    atexit {
      UnfinishedFiles.removeAll()
      LockSlots.releaseAll()
    }
    StopSignal.install()
    var status = ExitStatus.ok.rawValue
    let line = arguments.map { ["mate-kd"] + $0 } ?? CommandLine.arguments
    let arguments = Array(line.dropFirst())
    var running: (any ParsableCommand.Type)?
    do {
      try StackLimit.check()
      try MemoryShortage.checkStart()
      // Swift reads it from there.
      guard !line.isEmpty else {
        throw FileError(
          .unreadable, file: "/proc/self/cmdline",
          problem: "the command line cannot be read; mount /proc.")
      }
      if let number = CommandLine.firstNotUTF8 {
        throw ValidationError(
          "Argument \(number) is not UTF-8, so a name in it would be another one; rename the file.")
      }
      var command = try parseAsRoot(arguments)
      running = type(of: command)
      try command.run()
    } catch {
      status = report(error, arguments: arguments, of: running)
    }
    if status == ExitStatus.ok.rawValue, let error = TerminalStream.standardOutput.firstError {
      status = report(error, arguments: arguments)
    }
    Foundation.exit(status)
  }

  /// Shows what a command threw: an error on standard error, or a text that was asked for, such as
  /// the help.
  ///
  /// - Parameter command: what was running; nil if the command line could not be read.
  /// - Returns: the exit code.
  private static func report(
    _ error: any Error, arguments: [String], of command: (any ParsableCommand.Type)? = nil
  ) -> Int32 {
    let code = exitCode(for: error)
    let stream = TerminalStream.standardError
    stream.endStatus(keepingIt: true)
    if error is any ExitStatusProviding || code == .failure && !(error is ExitCode) {
      stream.print(line(for: error))
      return ExitStatus(of: error).rawValue
    }
    if error is ExitCode { return code.rawValue }
    if code == .success {
      if let complaint = complaint(aboutHelp: arguments) {
        stream.print(StyledText("error:", .red) + " \(complaint)")
        return ExitStatus.usage.rawValue
      }
      let text = CompletionScript(usageFirst(fullMessage(for: error))).text
      TerminalStream.standardOutput.print(lines: text)
    } else if let misspelling = Misspelling(in: arguments, help: _dumpHelp()) {
      stream.print(StyledText("error:", .red) + " \(misspelling)")
    } else {
      usage(for: error, arguments: arguments, of: command).forEach { stream.print($0) }
    }
    return code.rawValue
  }

  /// The sentence about a word after `help` that is no subcommand, for which the parser would show
  /// the help of the program; nil if there is none.
  package static func complaint(aboutHelp arguments: [String]) -> String? {
    guard arguments.first == "help", let name = arguments.dropFirst().first, !name.hasPrefix("-"),
      !(subcommands + ["help"]).contains(name)
    else { return nil }
    let guess = EditDistance.nearest(to: name, among: subcommands)
    return "there is no subcommand \(name); "
      + (guess.map { "did you mean \($0)?" } ?? "mate-kd --help lists them.")
  }

  /// The names of the subcommands.
  static var subcommands: [String] {
    configuration.subcommands.compactMap { $0.configuration.commandName }
  }

  /// A help text with what a command is in a line, usage and options, and only then the discussion,
  /// which the parser puts first. Other texts stay as they are.
  package static func usageFirst(_ text: String) -> String {
    guard text.hasPrefix("OVERVIEW: "), let usage = text.range(of: "\n\nUSAGE: "),
      let end = text[..<usage.lowerBound].range(of: "\n\n")
    else { return text }
    let discussion = text[end.upperBound..<usage.lowerBound]
    return text[..<end.lowerBound] + text[usage.lowerBound...] + "\n" + discussion
  }

  /// The lines of the parser's message. The first one quotes the command line. A line end in what
  /// it quotes is none of the message.
  ///
  /// - Parameter command: the subcommand whose usage to show; nil for the one that the error names.
  package static func usage(
    for error: any Error, arguments: [String], of command: (any ParsableCommand.Type)? = nil
  ) -> [String] {
    var text = fullMessage(for: error)
    if let command, let name = command.configuration.commandName {
      // It knows nothing of the program that it belongs to.
      text = command.fullMessage(for: error)
        .replacing("Usage: \(name)", with: "Usage: mate-kd \(name)")
        .replacing("See '\(name) --help'", with: "See 'mate-kd \(name) --help'")
    }
    let problem: String = message(for: error)
    let quotesControls =
      error is ValidationError || arguments.contains { $0 != $0.withoutControls }
    guard quotesControls, !problem.isEmpty, let place = text.range(of: problem) else {
      return text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    }
    let rest = text[place.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
    return [String(text[..<place.upperBound]) + (rest.first ?? "")]
      + rest.dropFirst().map { String($0) }
  }

  /// The beginning and the end of a sentence that is longer than a page, because a name that it
  /// quotes is.
  private static func shortened(_ sentence: String) -> String {
    let bytes = sentence.utf8
    guard bytes.count > 4000 else { return sentence }
    return String(decoding: bytes.prefix(3000), as: UTF8.self) + " … "
      + String(decoding: bytes.suffix(500), as: UTF8.self)
  }

  /// The message for an error: one line, with `error:` in it exactly once.
  ///
  /// - Parameters:
  ///   - place: which process of several it is of, to stand before it.
  ///   - advice: to stand after it.
  package static func line(
    for error: any Error, place: String = "", advice: String = ""
  ) -> StyledText {
    let sentence = error is CocoaError ? error.localizedDescription : "\(error)"
    let text = place + shortened(sentence) + advice
    let mark = StyledText("error:", .red)
    if let place = text.range(of: ": error: ") {
      return StyledText(text[..<place.lowerBound] + ": ") + mark + " \(text[place.upperBound...])"
    }
    return mark + " " + text
  }
}

extension CommandLine {
  /// The place, from 1, of the first argument of this process that is not valid UTF-8.
  fileprivate static var firstNotUTF8: Int? {
    (1..<max(1, Int(argc))).first { place in
      unsafeArgv[place].map { String(validatingCString: $0) == nil } ?? false
    }
  }
}
