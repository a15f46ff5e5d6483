import ArgumentParser
import Data
import Files
import Reports

/// `mate-kd report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Make a page about runs, studies and sweeps.",
    discussion: """
      The page is one HTML file that needs no network: curves, a table of size, speed and accuracy \
      beside the teacher's, what differs between the configurations, confusion matrices, and \
      adversarial texts where a run has kept some. A file in place of a folder is what inspect \
      --compare --json has printed: which layers of two models are alike. With --data it also \
      shows the texts on which teacher and student disagree most.
      """)

  @Argument(
    help: ArgumentHelp(
      "Output folders of runs, of studies or of sweeps; files of inspect --compare --json.",
      valueName: "folder"))
  var folders: [String]

  @Option(
    help: ArgumentHelp(
      "The page to write; an older page is replaced, no other file.", valueName: "file"))
  var output = "report.html"

  @Option(
    help: ArgumentHelp(
      "Apply every student and its teacher to this folder's rows, and show where they disagree.",
      valueName: "dir"))
  var data: String?

  @Option(
    help: "With --data, the split: \(Split.allCases.map(\.rawValue).joined(separator: ", ")).")
  var split = Split.validation

  @Option(help: ArgumentHelp("With --data, how many texts of each run to show.", valueName: "n"))
  var texts = 20

  @OptionGroup var options: InferenceOptions

  func validate() throws {
    if folders.isEmpty { throw ValidationError("Give the folder of a run, a study or a sweep.") }
    try OptionRange.check("--texts", texts, 1...1000)
  }

  func run() throws {
    try OutputFile.refuseExisting(
      output, unless: ReportPage.isPage,
      advice: " and no page of mate-kd report; name another file")
    let page = try ReportPage(folders: folders)
    var disagreements: [(name: String, texts: [Disagreement])] = []
    if let data {
      disagreements = try DisagreementSearch(
        directory: data, split: split, count: texts, options: options
      ).search(page.runs)
    }
    try ByteFile.write(page.html(disagreements: disagreements).utf8, to: output)
    TerminalStream.standardOutput.print(output)
  }
}
