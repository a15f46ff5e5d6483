import ArgumentParser
import Files

/// `mate-kd schema`.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of a configuration.",
    discussion: """
      Draft 2020-12, for editors and validators. It covers kinds, ranges, names and unknown keys. \
      Most constraints between keys are only checked when a configuration is read (--dry-run).
      """)

  @Argument(help: "The subcommand that reads the configuration.")
  var command = ConfigurationReference.Command.distill

  @Option(
    help: ArgumentHelp(
      "Fill in the tables of this Markdown file instead; this makes docs/configuration.md.",
      valueName: "file"), completion: .file(extensions: ["md"]))
  var template: String?

  func run() throws {
    let stream = TerminalStream.standardOutput
    if let template {
      let text = String(decoding: try ByteFile.read(template), as: UTF8.self)
      let filled = try ReferenceTemplate(text).filled()
      return stream.print(lines: filled.hasSuffix("\n") ? String(filled.dropLast()) : filled)
    }
    stream.print(json: try ConfigurationSchema.schema(of: command))
  }
}
