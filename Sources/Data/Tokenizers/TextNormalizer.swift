/// BERT's normaliser alone: the text before it is split into words. Only tokenizers with normalised
/// added tokens need it; all others normalise and split in one pass.
struct TextNormalizer: Sendable {
  private let actions: ScalarActions

  /// The normaliser that applies these steps.
  init(_ normalization: Normalization) {
    actions = ScalarActions(normalization, splitsWords: false)
  }

  /// The normalised text and, for each of its bytes, the indices of the scalar from which it comes.
  func normalize(_ text: ArraySlice<UInt8>) -> (bytes: [UInt8], origins: [Range<Int>]) {
    var result: (bytes: [UInt8], origins: [Range<Int>]) = ([], [])
    var splitter = WordSplitter(actions, tracksOrigins: true)
    // Nothing splits these words but Chinese characters, which get a space on either side.
    splitter.split(text) { word, _, origins in
      let isChinese = origins.first.map { actions.isolates(text[$0]) } ?? false
      if isChinese, let origin = origins.first {
        result.bytes += [0x20] + word + [0x20]
        result.origins += [origin] + origins + [origin]
      } else {
        result.bytes += word
        result.origins += origins
      }
    }
    return result
  }
}
