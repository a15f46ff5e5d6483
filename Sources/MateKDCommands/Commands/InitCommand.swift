import ArgumentParser
import Data
import Files
import Kernels
import StrictJSON

/// `mate-kd init`.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Look at your data and write the first configurations.",
    discussion: """
      Reads a file of labelled texts (CSV, TSV, JSON Lines or a JSON array), says what it found, \
      and writes two configurations that run as they are: NAME-teacher.json for teacher-finetune, \
      NAME.json for distill. With a teacher that is fine-tuned already, only the second one. A \
      file dev.csv (validation, valid, val, eval) or test.csv beside a train.csv is used, too; \
      otherwise a tenth of the rows is held out for validation. No file is overwritten. The folder \
      .mate-kd beside them has the JSON Schemas by which editors check and complete them. What the \
      keys mean is in docs/configuration.md.
      """)

  @Option(
    help: ArgumentHelp("The labelled texts.", valueName: "file"),
    completion: .file(extensions: ["csv", "tsv", "jsonl", "ndjson", "json", "txt"]))
  var data: String

  @Option(help: ArgumentHelp("The column of the text; by default a guess.", valueName: "column"))
  var text: String?

  @Option(help: ArgumentHelp("The column of a second text.", valueName: "column"))
  var textPair: String?

  @Option(help: ArgumentHelp("The column of the label; by default a guess.", valueName: "column"))
  var label: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Whether the first line names the columns; by default a guess.")
  var header: Bool?

  @Option(
    help: ArgumentHelp(
      "A fine-tuned teacher, or a model to fine-tune: a folder, or a name on the Hub; by default "
        + "google-bert/bert-base-uncased.", valueName: "dir"), completion: .directory)
  var teacher: String?

  @Option(
    help: ArgumentHelp(
      "The configuration of distill to write; that of the teacher has -teacher in its name. By "
        + "default called as the data, or as their folder if they are called train.",
      valueName: "file"), completion: .file(extensions: ["json"]))
  var out: String?

  func run() throws {
    if let out, let known = Self.names(for: out) { throw known }
    let table = try SniffedTable(path: data, namesColumns: header)
    let columns = try ColumnChoice(table, text: text, pair: textPair, label: label)
    let model = try StartingModel(teacher)
    let first = try FirstTask(table, columns, model: model, pool: ThreadPool(threads: 0))
    let file = out ?? "\(first.name).json"
    if let known = Self.names(for: file) { throw known }
    let configurations = try FirstConfigurations(first, model: model, file: file)
    let stream = TerminalStream.standardOutput
    stream.print("\(data): \(table.summary), \(NumberText.grouped(table.rows)) rows")
    stream.print(
      "text: column \(columns.text.shown), \(columns.text.summary)"
        + (columns.pair.map { "; second text: column \($0.shown), \($0.summary)" } ?? "")
        + "; label: column \(columns.label.shown), \(columns.label.summary)")
    stream.print("")
    let inspection = DatasetInspection(first.statistics)
    inspection.print(on: stream)
    InferenceOptions.show(inspection.notices + first.notices)
    let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
    try ByteFile.makeFolder("\(folder).mate-kd")
    for (name, content) in try configurations.schemas() {
      try JSONWriter().write(content, to: folder + name)
    }
    // After everything that may fail: a second try must find none of them.
    for (file, content) in configurations.files { try JSONWriter().write(content, to: file) }
    stream.print("")
    stream.print("written: \(configurations.files.map(\.file).joined(separator: ", "))")
    stream.print("")
    stream.print("Next:")
    for line in commands(configurations, model: model) { stream.print("  \(line)") }
  }

  /// The error for a file that would be overwritten; nil if there is none.
  private static func names(for file: String) -> FileError? {
    let there = FirstConfigurations.names(for: file).first { ByteFile.exists($0) }
    return there.map {
      .unwritable($0, reason: "it is there already; remove it, or give another name by --out")
    }
  }

  private func commands(_ files: FirstConfigurations, model: StartingModel) -> [String] {
    var lines = model.folder == nil ? ["hf download \(model.name)"] : []
    if let teacher = files.teacher {
      let command = "mate-kd teacher-finetune --config \(ShellText.quoted(teacher.file))"
      lines += ["\(command) --dry-run", command]
    }
    return lines + [
      "mate-kd distill --config \(ShellText.quoted(files.distill.file))",
      "mate-kd predict --model \(ShellText.quoted(files.student)) "
        + "--input \(ShellText.quoted(data)) --output predictions.jsonl",
    ]
  }
}
