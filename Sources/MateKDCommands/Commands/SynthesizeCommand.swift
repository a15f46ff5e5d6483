import ArgumentParser
import Data
import Files
import Foundation

/// `mate-kd synthesize`.
struct SynthesizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize", abstract: "Write a small labelled data set made by a grammar.",
    discussion: """
      Sentences with negation, contrast, intensifiers and distractors, in the format of GLUE's SST-2; \
      with a vocabulary and an unlabelled corpus. For trying things out without a download.
      """)

  @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var output: String
  @Option(help: "The seed of the sentences.")
  var seed: UInt64 = 42
  @Option(help: "Training rows.")
  var trainRows = 4000
  @Option(help: "Validation rows.")
  var devRows = 500
  @Option(help: "Unlabelled sentences of the corpus.")
  var corpusRows = 8000

  func validate() throws {
    for (name, value) in [
      ("--train-rows", trainRows), ("--dev-rows", devRows), ("--corpus-rows", corpusRows),
    ] where value < 1 { throw ValidationError("\(name) must be at least 1, found \(value).") }
  }

  func run() throws {
    let synthesis = SyntheticSentiment(
      trainRows: trainRows, developmentRows: devRows, testRows: devRows, seed: seed)
    do {
      try FileManager.default.createDirectory(
        atPath: "\(output)/SST-2", withIntermediateDirectories: true)
    } catch {
      throw FileError.unwritable(output, reason: "the folder cannot be made here")
    }
    try synthesis.writeDataset(to: "\(output)/SST-2")
    try synthesis.writeCorpus(rows: corpusRows, to: "\(output)/corpus.txt")
    try SyntheticSentiment.writeVocabulary(to: "\(output)/vocab.txt")
  }
}
