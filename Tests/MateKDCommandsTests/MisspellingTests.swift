import ArgumentParser
import MateKDCommands
import Testing

/// What is answered to words that are nearly right.
@Suite struct MisspellingTests {
  private func answer(_ arguments: String...) -> String? {
    Misspelling(in: arguments, help: MateKD._dumpHelp())?.description
  }

  @Test func subcommands() {
    #expect(answer("distil") == "there is no subcommand distil; did you mean distill?")
    #expect(answer("help", "predct") == "there is no subcommand predct; did you mean predict?")
    #expect(answer("distill") == nil)
    #expect(answer("frobnicate") == nil)
    #expect(answer("--vers") == nil)
    #expect(answer() == nil)
  }

  @Test func wordsAfterHelp() {
    func answer(_ arguments: String...) -> String? { MateKD.complaint(aboutHelp: arguments) }
    #expect(answer("help", "distil") == "there is no subcommand distil; did you mean distill?")
    #expect(answer("help", "frob") == "there is no subcommand frob; mate-kd --help lists them.")
    for arguments in [["help"], ["help", "distill"], ["help", "help"], ["help", "--help"], []] {
      #expect(MateKD.complaint(aboutHelp: arguments) == nil)
    }
    #expect(answer("distil") == nil)
  }

  @Test func errorsOfASubcommandShowItsUsage() throws {
    let command = try #require(
      MateKD.configuration.subcommands.first { $0.configuration.commandName == "methods" })
    let lines = MateKD.usage(
      for: ValidationError("no."), arguments: ["methods", "x"], of: command)
    #expect(
      lines == [
        "Error: no.", "Usage: mate-kd methods [<name>]",
        "  See 'mate-kd methods --help' for more information.",
      ])
  }

  @Test func options() {
    #expect(
      answer("distill", "--confg", "x.json")
        == "distill has no option --confg; did you mean --config?")
    #expect(
      answer("distill", "--config", "x", "--overwrite-outputdir=1")
        == "distill has no option --overwrite-outputdir; did you mean --overwrite-output-dir?")
    #expect(answer("distill", "--config", "x", "--", "--confg") == nil)
    #expect(answer("distill", "--frobnicate") == nil)
    #expect(answer("distill", "--config") == nil)
  }

  @Test func helpBeginsWithUsage() {
    let help =
      "OVERVIEW: What it does.\n\nA long story.\n\nIn two parts.\n\nUSAGE: x\n\nOPTIONS:\n  -h\n"
    #expect(
      MateKD.usageFirst(help)
        == "OVERVIEW: What it does.\n\nUSAGE: x\n\nOPTIONS:\n  -h\n\nA long story.\n\nIn two parts."
    )
    #expect(MateKD.usageFirst("0.1.0") == "0.1.0")
    #expect(MateKD.usageFirst("OVERVIEW: Short.\n\nUSAGE: x") == "OVERVIEW: Short.\n\nUSAGE: x")
  }
}
