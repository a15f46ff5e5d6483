import ArgumentParser
import Data
import Inference
import Models

/// `mate-kd tokenize`: turns texts into token ids, one line each.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn texts into token ids.",
    discussion: """
      Reads one text per line from standard input and writes one JSON array of ids per line to \
      standard output. The ids include special tokens.
      """)

  @Option(
    help: ArgumentHelp(
      "The model whose tokenizer is used: \(InferenceOptions.whereModelsAre).", valueName: "dir"),
    completion: .directory)
  var model: String

  @Option(help: ArgumentHelp("Cut texts to this many tokens; by default they are not cut."))
  var maxSeqLength: Int?

  @Flag(inversion: .prefixedNo, help: SpecialTokensHelp.text)
  var specialTokensInText: Bool?

  func validate() throws {
    try OptionRange.check("--max-seq-length", maxSeqLength ?? 3, 3...TaskConfiguration.longestText)
  }

  func run() throws {
    let tokenizer = try TokenizerLoader.load(
      folder: HubCache().folder(model), parseSpecialTokens: specialTokensInText)
    if specialTokensInText == nil {
      InferenceOptions.show([ModelOpener.markerNotice(model, tokenizer)].compactMap { $0 })
    }
    let length = maxSeqLength ?? .max
    try LineFilter.run(from: 0, named: "standard input", to: 1) { line in
      let ids = tokenizer.encode(line, pair: nil, maxLength: length).ids
      return Array("[\(ids.map(String.init).joined(separator: ", "))]\n".utf8)
    }
  }
}
