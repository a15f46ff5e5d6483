/// What a `tokenizer.json` says about a Unigram tokenizer (Kudo 2018).
struct UnigramModel: Sendable {
  var vocabulary: Vocabulary
  /// The logarithms of the pieces' probabilities, by id; tokens that were added have none.
  var scores: [Double]
  /// The id for what has no piece.
  var unknown: Int32
  /// True if what has no piece is spelled by pieces such as `<0x0A>`, where all its bytes have one.
  var fallsBackToBytes = false
  var normalizer = UnigramNormalizer(steps: [])
  var metaspace = Metaspace()

  /// The longest piece in bytes: the time that a text takes grows with it.
  static let longestPiece = 256

  /// What `XLMRobertaTokenizer` of transformers makes of the file: of the normaliser only the
  /// charsmap, and texts are always split at white space.
  var asXLMRoberta: UnigramModel {
    var model = self
    model.normalizer = UnigramNormalizer(steps: normalizer.charsmap.map { [.charsmap($0)] } ?? [])
    model.metaspace.splitsAtWhiteSpace = true
    return model
  }

  /// A hexadecimal content hash over the scores in the order of the ids.
  var scoresHash: String {
    var hash = ContentHash()
    for score in scores { hash.add(score.bitPattern) }
    return hash.hexadecimal
  }
}
