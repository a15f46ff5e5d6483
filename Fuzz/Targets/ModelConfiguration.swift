import Models
import StrictJSON

extension FuzzTarget {
  /// A model's config.json: what is written reads as the same model.
  static let modelConfiguration = FuzzTarget("model-configuration") { input in
    let value = try StrictJSON.parse(input.bytes, file: "config.json")
    let read = try HuggingFaceConfiguration(value, file: "config.json")
    // (The name of a classifier would mean two labels where there are none.)
    let written = read.json(architecture: "BertModel")
    let again: HuggingFaceConfiguration
    do {
      again = try HuggingFaceConfiguration(written, file: "written.json")
    } catch {
      throw BrokenProperty(description: "what was written cannot be read: \(error)")
    }
    try require(again.encoder == read.encoder, "the encoder reads otherwise")
    try require(again.labels == read.labels, "the labels read otherwise")
  }
}
