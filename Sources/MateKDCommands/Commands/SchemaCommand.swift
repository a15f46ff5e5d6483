import ArgumentParser
import Files
import StrictJSON

/// `mate-kd schema`.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of a configuration.",
    discussion: """
      Draft 2020-12, for editors and validators. It knows kinds, ranges, names and unknown keys; \
      what keys ask of each other beyond the method's name is checked when a configuration is read \
      (--dry-run).
      """)

  @Argument(help: "The subcommand that reads the configuration.")
  var command = ConfigurationReference.Command.distill

  @Option(
    help: ArgumentHelp(
      "Fill the tables of this Markdown file instead; docs/configuration.md is made so.",
      valueName: "file"))
  var template: String?

  func run() throws {
    let stream = TerminalStream.standardOutput
    if let template {
      let text = String(decoding: try ByteFile.read(template), as: UTF8.self)
      let filled = try ReferenceTemplate(text).filled()
      return stream.print(filled.hasSuffix("\n") ? String(filled.dropLast()) : filled)
    }
    stream.print(JSONWriter().string(try ConfigurationSchema.schema(of: command)))
  }
}
