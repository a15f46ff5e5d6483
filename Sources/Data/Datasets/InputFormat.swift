/// The format of a file of texts to be predicted.
public enum InputFormat: String, Sendable, CaseIterable {
  /// A header, then fields separated by commas, semicolons, tabs or bars; they may be quoted.
  case csv
  /// A header, then fields separated by tabs, without quotes.
  case tsv
  /// JSON: an object a line, or one array of objects.
  case jsonl, json
  /// A text a line; for pairs, two texts separated by a tab.
  case text

  /// The format that a file's name ends in, without the ending of a packed file; nil for other
  /// names.
  init?(ofFile path: String) {
    var name = path.split(separator: "/").last ?? ""
    if name.hasSuffix(DataFile.packedEnding) { name.removeLast(DataFile.packedEnding.count) }
    switch name.split(separator: ".").dropFirst().last?.lowercased() {
    case "csv": self = .csv
    case "tsv", "tab": self = .tsv
    case "jsonl", "ndjson": self = .jsonl
    case "json": self = .json
    case "txt": self = .text
    default: return nil
    }
  }

  /// True if files with this ending may be in that format.
  func fits(_ format: TaskDescription.Format) -> Bool {
    switch (self, format) {
    case (.csv, .quoted), (.tsv, .tabSeparated), (.text, .lines), (.jsonl, .jsonLines),
      (.json, .jsonLines), (.json, .jsonArray):
      true
    case (.tsv, .quoted(let separator, _)): separator == UInt8(ascii: "\t")
    // Tables are called .txt as often as texts are.
    case (.text, .quoted), (.text, .tabSeparated), (.text, .jsonLines): true
    default: false
    }
  }
}
