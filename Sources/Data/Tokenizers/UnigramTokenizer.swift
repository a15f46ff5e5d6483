/// XLM-RoBERTa's tokenizer: normalise, mark where words begin, and cut every word into the pieces
/// whose scores have the largest sum (Kudo 2018). It is identical to the Unigram tokenizers of
/// Hugging Face's `tokenizers`, except that special tokens spelled in a text are plain text unless
/// special tokens are parsed.
///
/// Bytes that are not UTF-8 are first replaced by U+FFFD, as in `BytePairTokenizer`.
public struct UnigramTokenizer: Tokenizer {
  private let model: UnigramModel
  private let matcher: AddedTokenMatcher
  private let decoder: TokenDecoder
  private let trie: PieceTrie
  /// The pieces of the bytes, or −1.
  private let bytePieces: [Int32]
  /// The score of what has no piece.
  private let unknownScore: Double

  /// All that decides which tokens a text becomes.
  public let traits: TokenizerTraits
  /// Special tokens beyond the usual five that texts may spell.
  public let markers: [String]
  /// Where special tokens go.
  public let template: EncodingTemplate
  /// Ids of the special tokens.
  public let specialTokens: SpecialTokens

  /// A tokenizer for a model.
  ///
  /// - Parameters:
  ///   - addedTokens: tokens that are matched as a whole.
  ///   - readAsText: the ids of those that a text cannot produce.
  ///   - template: where special tokens go.
  init(
    model: UnigramModel, specialTokens: SpecialTokens, addedTokens: [AddedToken],
    readAsText: Set<Int32>, template: EncodingTemplate
  ) {
    self.model = model
    self.specialTokens = specialTokens
    self.template = template
    let normalizer = model.normalizer
    matcher = AddedTokenMatcher(
      addedTokens, readAsText: readAsText, normalize: { normalizer.normalize($0) })
    markers = addedTokens.markers(special: specialTokens, readAsText: readAsText)
    var traits = TokenizerTraits()
    traits.add("tokenizer", TokenizerKind.unigram.rawValue)
    traits.add("vocabulary", model.vocabulary.hash)
    traits.add("scores", model.scoresHash)
    traits.add("unk_id", model.unknown)
    traits.add("byte_fallback", model.fallsBackToBytes)
    traits.add("normalizer", model.normalizer.description)
    traits.add("mark", String(decoding: model.metaspace.mark, as: UTF8.self))
    traits.add("WhitespaceSplit", model.metaspace.splitsAtWhiteSpace)
    traits.add("add_prefix_space", model.metaspace.addsPrefix)
    traits.add("split", model.metaspace.splitsAtMarks)
    traits.addCommon(
      vocabulary: model.vocabulary, special: specialTokens, added: addedTokens,
      readAsText: readAsText, template: template)
    self.traits = traits
    // Where special tokens are text, no text may produce one from its pieces, nor another piece of
    // the same spelling.
    let hidden = Set(readAsText.compactMap { model.vocabulary.bytes(of: $0) })
    var pieces: [(bytes: ArraySlice<UInt8>, id: Int32)] = []
    pieces.reserveCapacity(model.scores.count)
    for id in 0..<Int32(model.scores.count) {
      guard let bytes = model.vocabulary.bytes(of: id), !hidden.contains(bytes) else { continue }
      pieces.append((bytes, id))
    }
    let trie = PieceTrie(pieces)
    self.trie = trie
    bytePieces = (0..<256).map { byte in
      guard model.fallsBackToBytes else { return -1 }
      let digits = String(byte, radix: 16, uppercase: true)
      let name = "<0x\(byte < 16 ? "0" : "")\(digits)>"
      return trie.node(name.utf8).map { trie.id(at: $0) } ?? -1
    }
    var bytes: [Int32: UInt8] = [:]
    for (byte, id) in bytePieces.enumerated() where id >= 0 {
      bytes[id] = UInt8(truncatingIfNeeded: byte)
    }
    decoder = TokenDecoder(
      vocabulary: model.vocabulary, omitted: readAsText.union(specialTokens.all),
      joining: .marks(
        model.metaspace.mark, beginsWithMark: model.metaspace.addsPrefix, byteOfPiece: bytes))
    unknownScore = (model.scores.min() ?? 0) - 10
  }

  /// Unigram.
  public var kind: TokenizerKind { .unigram }

  /// Its tokens.
  public var vocabulary: Vocabulary { model.vocabulary }

  /// The ids of a text, without special tokens around it.
  public func encode(_ text: ArraySlice<UInt8>) -> [Int32] {
    guard text.isWellFormedUTF8 else {
      return encode(Array(String(decoding: text, as: UTF8.self).utf8)[...])
    }
    var ids: [Int32] = []
    ids.reserveCapacity(text.count / 4 + 4)
    var path = BestPath()
    func append(_ part: TracedBytes) {
      model.metaspace.split(part) { word in
        forEachPiece(of: word.bytes, &path) { id, _ in ids.append(id) }
      }
    }
    matcher.split(text) { segment in
      switch segment {
      case .token(let id, _): ids.append(id)
      case .text(let part):
        let (bytes, _) = model.normalizer.normalize(part, tracksOrigins: false)
        append(TracedBytes(bytes[...], origins: nil))
      case .normalized(let part, _): append(TracedBytes(part, origins: nil))
      }
    }
    return ids
  }

  /// The text that some tokens spell.
  public func decode(_ ids: ArraySlice<Int32>) -> [UInt8] { decoder.text(ids) }

  /// The tokens of a text and their positions. What normalisation makes of a character has the
  /// position of the character. (Hugging Face's positions drift where the charsmap changes the
  /// number of characters.)
  public func encodeAligned(_ text: ArraySlice<UInt8>) -> AlignedTokens {
    guard text.isWellFormedUTF8 else {
      return encodeAligned(Array(String(decoding: text, as: UTF8.self).utf8)[...])
    }
    var tokens = AlignedTokens()
    var path = BestPath()
    func append(_ part: TracedBytes) {
      model.metaspace.split(part) { word in
        forEachPiece(of: word.bytes, &path) { id, range in
          let origins = word.origins[range]
          let start = origins.first?.lowerBound ?? text.startIndex
          tokens.append(id, start..<max(start, origins.last?.upperBound ?? start), in: text)
        }
      }
    }
    matcher.split(text) { segment in
      switch segment {
      case .token(let id, let range): tokens.append(id, range, in: text)
      case .text(let part):
        let (bytes, origins) = model.normalizer.normalize(part)
        append(TracedBytes(bytes[...], origins: origins))
      case .normalized(let part, let origins): append(TracedBytes(part, origins: origins))
      }
    }
    return tokens
  }

  /// The best way to cut a word up to each of its bytes.
  private struct BestPath {
    struct Node {
      var score = 0.0
      /// Where the last piece starts; −1 if no piece ends here.
      var start = -1
      /// The last piece.
      var id: Int32 = 0
    }

    var nodes: [Node] = []
    var pieces: [(id: Int32, range: Range<Int>)] = []

    /// Takes a piece if it is better than what is there. Of equal ones the first stays.
    mutating func offer(_ id: Int32, _ score: Double, _ range: Range<Int>) {
      let total = nodes[range.lowerBound].score + score
      if nodes[range.upperBound].start < 0 || total > nodes[range.upperBound].score {
        nodes[range.upperBound] = Node(score: total, start: range.lowerBound, id: id)
      }
    }
  }

  /// Calls `body` with the pieces of a word: their ids and the indices of their bytes.
  private func forEachPiece(
    of word: [UInt8], _ path: inout BestPath, _ body: (Int32, Range<Int>) -> Void
  ) {
    path.nodes.removeAll(keepingCapacity: true)
    path.nodes.append(contentsOf: repeatElement(BestPath.Node(), count: word.count + 1))
    var start = 0
    while start < word.count {
      let length = UTF8Length.ofScalar(startingWith: word[start])
      var isKnown = false
      var node = PieceTrie.root
      var end = start
      while end < word.count, let next = trie.child(of: node, by: word[end]) {
        node = next
        end += 1
        let id = trie.id(at: node)
        guard id >= 0 else { continue }
        if end - start == length { isKnown = true }
        path.offer(id, model.scores[Int(id)], start..<end)
      }
      if !isKnown { path.offer(model.unknown, unknownScore, start..<start + length) }
      start += length
    }
    path.pieces.removeAll(keepingCapacity: true)
    var end = word.count
    while end > 0 {
      let id = path.nodes[end].id
      var start = path.nodes[end].start
      // What has no piece is joined.
      while id == model.unknown, start > 0, path.nodes[start].id == id {
        start = path.nodes[start].start
      }
      path.pieces.append((id, start..<end))
      end = start
    }
    for (id, range) in path.pieces.reversed() {
      if id == model.unknown { spell(word[range], body) } else { body(id, range) }
    }
  }

  /// What several characters without pieces become: a piece that none of them begins by itself,
  /// bytes, or the unknown token.
  private func spell(_ text: ArraySlice<UInt8>, _ body: (Int32, Range<Int>) -> Void) {
    if let node = trie.node(text), trie.id(at: node) >= 0 {
      body(trie.id(at: node), text.indices)
    } else if text.allSatisfy({ bytePieces[Int($0)] >= 0 }) {
      for byte in text { body(bytePieces[Int(byte)], text.indices) }
    } else {
      body(model.unknown, text.indices)
    }
  }
}
