/// The format of a file of texts to be predicted.
public enum InputFormat: String, Sendable, CaseIterable {
  /// A header, then fields separated by commas, semicolons, tabs or bars; they may be quoted.
  case csv
  /// A header, then fields separated by tabs, without quotes.
  case tsv
  /// A JSON object a line.
  case jsonl
  /// A text a line; for pairs, two texts separated by a tab.
  case text

  /// The format that a file's name ends in; nil for other names.
  init?(ofFile path: String) {
    let name = path.split(separator: "/").last ?? ""
    switch name.split(separator: ".").dropFirst().last?.lowercased() {
    case "csv": self = .csv
    case "tsv", "tab": self = .tsv
    case "jsonl", "ndjson": self = .jsonl
    case "txt": self = .text
    default: return nil
    }
  }
}
