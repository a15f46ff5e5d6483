import Data
import Kernels

/// The special tokens that a tokenizer sets around one text or around and between two.
struct TextFrame {
  private let frame: Encoding

  /// A frame for texts or, if `isPair`, for pairs, of at most `maximumLength` tokens.
  init(_ tokenizer: any Tokenizer, isPair: Bool, maximumLength: Int = .max) {
    let empty: ArraySlice<UInt8> = []
    frame = tokenizer.encode(empty, pair: isPair ? empty : nil, maxLength: maximumLength)
  }

  /// How many special tokens there are.
  var count: Int { frame.ids.count }

  /// Special tokens around words. Those between two texts stay together.
  func encoding(first: [Int32], second: [Int32]? = nil) -> Encoding {
    var result = frame
    let last = frame.ids.count - 1
    let inserted: [(place: Int, words: [Int32]?)] = [(last, second), (1, first)]
    for (place, words) in inserted {
      guard let words else { continue }
      result.ids.insert(contentsOf: words, at: place)
      let type = frame.typeIDs[place == 1 ? 0 : last]
      result.typeIDs.insert(contentsOf: repeatElement(type, count: words.count), at: place)
      result.isSpecial.insert(contentsOf: repeatElement(false, count: words.count), at: place)
    }
    return result
  }
}
