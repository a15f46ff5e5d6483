import Data
import StrictJSON

/// How long the training texts of a run are, for the page about the run: a file with the number of
/// texts of each length in tokens, after they were cut.
enum TextLengths {
  /// The file in the run's folder.
  static let fileName = "text_lengths.json"

  /// `[length, texts]` for each length that occurs, the shortest first.
  static func json(_ data: TokenizedDataset) -> JSONValue {
    var counts: [Int: Int] = [:]
    for length in data.lengths { counts[length, default: 0] += 1 }
    let pairs = counts.sorted { $0.key < $1.key }.map { length, texts in
      JSONValue.array([.int(length), .int(texts)])
    }
    return .object([("train", .array(pairs))])
  }
}
