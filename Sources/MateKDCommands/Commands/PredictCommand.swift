import ArgumentParser
import Foundation
import Models
import StrictJSON
import Trainers

/// `mate-kd predict`.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Apply a model to unlabelled texts.",
    discussion: """
      Reads a TSV with the header of the task, or a text a line; writes a JSON object a row, in \
      order, with index, label, probabilities and logits.
      """)
  @OptionGroup var options: ModelOptions

  @Option(help: ArgumentHelp("The texts.", valueName: "file"))
  var input: String

  @Option(help: ArgumentHelp("The JSON Lines file to write.", valueName: "file"))
  var output: String

  func run() throws {
    let model = try options.open()
    let predictions = try model.predict(input: input, batchSize: options.batchSize)
    var text = ""
    let writer = JSONWriter(layout: .line)
    for row in 0..<predictions.count {
      let line: JSONValue = .object([
        ("index", .int(row)),
        ("label", predictions.label(row).map { .string($0) } ?? .float(predictions.logits(row)[0])),
        ("probabilities", .array(predictions.probabilities(row).map { .float($0) })),
        ("logits", .array(predictions.logits(row).map { .float($0) })),
      ])
      text += writer.string(line) + "\n"
    }
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
    } catch {
      throw ModelError.cannotWrite(path: output, reason: "the file cannot be created here")
    }
  }
}
