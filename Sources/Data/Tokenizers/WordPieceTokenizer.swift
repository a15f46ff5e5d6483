/// BERT's tokenizer: normalise, split into words, take the longest piece of the vocabulary again
/// and again. Identical to Hugging Face's `BertTokenizerFast`, but that special tokens spelled in
/// a text are plain text unless `parseSpecialTokens` is set.
public struct WordPieceTokenizer: Tokenizer {
  private let vocabulary: Vocabulary
  private let actions: ScalarActions
  private let trie: PieceTrie
  /// Where pieces inside a word start, after their prefix `##`; nil when there are none.
  private let continuation: PieceTrie.Node?
  private let longestWord: Int
  private let parsed: [(bytes: ArraySlice<UInt8>, id: Int32)]

  /// Ids of the special tokens.
  public let specialTokens: SpecialTokens
  /// The steps of normalisation that run.
  public let normalization: Normalization

  /// A tokenizer over `tokens`, whose ids are their positions.
  ///
  /// - Parameters:
  ///   - parseSpecialTokens: special tokens spelled in a text give their ids, as Hugging Face's
  ///     tokenizer object does it. Off by default: text of others must not be able to inject them.
  ///   - continuationPrefix: what marks a piece inside a word.
  ///   - longestWord: words of more scalars become `[UNK]`.
  public init(
    vocabulary: Vocabulary, specialTokens: SpecialTokens, normalization: Normalization,
    parseSpecialTokens: Bool = false, continuationPrefix: String = "##", longestWord: Int = 100
  ) {
    self.vocabulary = vocabulary
    self.specialTokens = specialTokens
    self.normalization = normalization
    self.longestWord = longestWord
    actions = ScalarActions(normalization)
    let special = Set(specialTokens.all)
    trie = PieceTrie(
      (0..<Int32(vocabulary.count)).lazy.filter { !special.contains($0) }
        .compactMap { id in vocabulary.bytes(of: id).map { ($0, id) } })
    continuation = trie.node(continuationPrefix.utf8)
    parsed =
      parseSpecialTokens
      ? special.compactMap { id in vocabulary.bytes(of: id).map { ($0, id) } }
        .filter { !$0.0.isEmpty }.sorted { $0.0.count > $1.0.count } : []
  }

  /// One more than the largest id.
  public var vocabularySize: Int { vocabulary.count }

  /// Hexadecimal content hash over all tokens in the order of their ids.
  public var vocabularyHash: String { vocabulary.hash }

  /// The token of an id, or nil when the id is outside the vocabulary.
  public func token(for id: Int32) -> String? {
    vocabulary.bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The id of a token spelled exactly so, or nil.
  public func id(for token: String) -> Int32? { vocabulary.id(of: Array(token.utf8)[...]) }

  /// Ids of a text without special tokens around it.
  public func encode(_ text: ArraySlice<UInt8>) -> [Int32] {
    var ids: [Int32] = []
    ids.reserveCapacity(text.count / 4 + 4)
    var splitter = WordSplitter(actions)
    append(text, to: &ids, &splitter)
    return ids
  }

  /// A text or pair with `[CLS]` and `[SEP]`, cut to `maxLength` tokens in all, longest first.
  public func encode(
    _ first: ArraySlice<UInt8>, pair: ArraySlice<UInt8>?, maxLength: Int
  ) -> Encoding {
    let head = encode(first)
    let tail = pair.map { encode($0) }
    let added = tail == nil ? 2 : 3
    let kept = LongestFirst.lengths(
      head.count, tail?.count ?? 0, budget: max(0, maxLength - added))
    let length = kept.first + kept.second + added
    var encoding = Encoding(ids: [], typeIDs: [], isSpecial: [])
    encoding.ids.reserveCapacity(length)
    encoding.ids.append(specialTokens.cls)
    encoding.ids += head.prefix(kept.first)
    encoding.ids.append(specialTokens.sep)
    encoding.typeIDs = [UInt8](repeating: 0, count: length)
    encoding.isSpecial = [Bool](repeating: false, count: length)
    encoding.isSpecial[0] = true
    encoding.isSpecial[kept.first + 1] = true
    if let tail {
      encoding.ids += tail.prefix(kept.second)
      encoding.ids.append(specialTokens.sep)
      encoding.isSpecial[length - 1] = true
      for position in (kept.first + 2)..<length { encoding.typeIDs[position] = 1 }
    }
    return encoding
  }

  /// The normalised words of a text, before they are cut into pieces.
  package func words(_ text: ArraySlice<UInt8>) -> [[UInt8]] {
    var words: [[UInt8]] = []
    var splitter = WordSplitter(actions)
    splitter.split(text) { word, _ in words.append(word) }
    return words
  }

  private func append(
    _ text: ArraySlice<UInt8>, to ids: inout [Int32], _ splitter: inout WordSplitter
  ) {
    guard !parsed.isEmpty else {
      splitter.split(text) { word, scalars in pieces(of: word, scalars, to: &ids) }
      return
    }
    var start = text.startIndex
    var position = start
    while position < text.endIndex {
      guard let match = parsed.first(where: { text[position...].starts(with: $0.bytes) }) else {
        position += 1
        continue
      }
      splitter.split(text[start..<position]) { pieces(of: $0, $1, to: &ids) }
      ids.append(match.id)
      position += match.bytes.count
      start = position
    }
    splitter.split(text[start...]) { pieces(of: $0, $1, to: &ids) }
  }

  private func pieces(of word: [UInt8], _ scalars: Int, to ids: inout [Int32]) {
    guard scalars <= longestWord else {
      ids.append(specialTokens.unknown)
      return
    }
    let before = ids.count
    var start = 0
    var root: PieceTrie.Node? = PieceTrie.root
    while start < word.count {
      var found: Int32 = -1
      var end = start
      var node = root
      var position = start
      while let here = node, position < word.count {
        node = trie.child(of: here, by: word[position])
        position += 1
        if let node, trie.id(at: node) >= 0 {
          found = trie.id(at: node)
          end = position
        }
      }
      guard found >= 0 else {
        ids.removeSubrange(before...)
        ids.append(specialTokens.unknown)
        return
      }
      ids.append(found)
      start = end
      root = continuation
    }
  }
}
