/// BERT's tokenizer: normalise, split into words, and repeatedly take the longest piece in the
/// vocabulary. It is identical to Hugging Face's `BertTokenizerFast`, except that special tokens
/// spelled in a text are plain text unless `parseSpecialTokens` is set.
public struct WordPieceTokenizer: Tokenizer {
  /// Its tokens.
  public let vocabulary: Vocabulary
  private let actions: ScalarActions
  private let trie: PieceTrie
  /// The node where pieces inside a word start, after their prefix `##`; nil if there are none.
  private let continuation: PieceTrie.Node?
  private let longestWord: Int
  /// Number of bytes of the prefix that marks a piece inside a word.
  private let continuationPrefixLength: Int
  private let matcher: AddedTokenMatcher
  private let decoder: TokenDecoder
  /// The actions of the pre-tokenizer alone, for text that is normalised already; nil if no added
  /// token needs that.
  private let splitting: ScalarActions?
  /// All that decides which tokens a text becomes.
  public let traits: TokenizerTraits
  /// Special tokens beyond the usual five that texts may spell.
  public let markers: [String]

  /// Where special tokens go.
  public let template: EncodingTemplate
  /// Ids of the special tokens.
  public let specialTokens: SpecialTokens
  /// The steps of normalisation that are applied.
  public let normalization: Normalization

  /// A tokenizer over `tokens`, whose ids are their indices.
  ///
  /// - Parameters:
  ///   - parseSpecialTokens: whether special tokens spelled in a text give their ids, as in Hugging
  ///     Face's tokenizers. Off by default: other people's text must not be able to inject them.
  ///   - addedTokens: tokens that are matched as a whole; by default the special tokens.
  ///   - template: where special tokens go; that of BERT by default.
  ///   - continuationPrefix: the mark of a piece inside a word.
  ///   - longestWord: words with more scalars become `[UNK]`.
  public init(
    vocabulary: Vocabulary, specialTokens: SpecialTokens, normalization: Normalization,
    parseSpecialTokens: Bool = false, addedTokens: [AddedToken]? = nil,
    template: EncodingTemplate? = nil, continuationPrefix: String = "##", longestWord: Int = 100
  ) {
    let added =
      addedTokens
      ?? Set(specialTokens.all).sorted().compactMap { id in
        vocabulary.bytes(of: id).map {
          AddedToken(id: id, content: String(decoding: $0, as: UTF8.self))
        }
      }
    let special = specialTokens.all + added.filter(\.isSpecial).map(\.id)
    self.init(
      vocabulary: vocabulary, specialTokens: specialTokens, normalization: normalization,
      addedTokens: added, readAsText: parseSpecialTokens ? [] : Set(special),
      template: template ?? .bert(cls: specialTokens.cls, sep: specialTokens.sep),
      continuationPrefix: continuationPrefix, longestWord: longestWord)
  }

  /// A tokenizer over `tokens`.
  ///
  /// - Parameter readAsText: the ids of added tokens that a text cannot produce.
  init(
    vocabulary: Vocabulary, specialTokens: SpecialTokens, normalization: Normalization,
    addedTokens added: [AddedToken], readAsText: Set<Int32>, template: EncodingTemplate,
    continuationPrefix: String, longestWord: Int
  ) {
    self.vocabulary = vocabulary
    self.specialTokens = specialTokens
    self.normalization = normalization
    self.longestWord = longestWord
    self.template = template
    actions = ScalarActions(normalization)
    let normalized = added.contains { $0.isNormalized && !readAsText.contains($0.id) }
    matcher = AddedTokenMatcher(
      added, readAsText: readAsText,
      normalize: normalized ? TextNormalizer(normalization).normalize : nil)
    splitting =
      normalized
      ? ScalarActions(
        Normalization(
          lowersCase: false, stripsAccents: false, cleansText: false, isolatesChinese: false))
      : nil
    markers = added.markers(special: specialTokens, readAsText: readAsText)
    var traits = TokenizerTraits()
    traits.add("tokenizer", TokenizerKind.wordPiece.rawValue)
    traits.add("vocabulary", vocabulary.hash)
    traits.add("do_lower_case", normalization.lowersCase)
    traits.add("strip_accents", normalization.stripsAccents)
    traits.add("clean_text", normalization.cleansText)
    traits.add("tokenize_chinese_chars", normalization.isolatesChinese)
    traits.add("continuing_subword_prefix", continuationPrefix)
    traits.add("max_input_chars_per_word", longestWord)
    traits.addCommon(
      vocabulary: vocabulary, special: specialTokens, added: added, readAsText: readAsText,
      template: template)
    self.traits = traits
    decoder = TokenDecoder(
      vocabulary: vocabulary, omitted: readAsText.union(specialTokens.all),
      joining: .words(prefix: Array(continuationPrefix.utf8)))
    // No text may produce a special token from its pieces.
    let special = readAsText.union(specialTokens.all).union(vocabulary.added)
    trie = PieceTrie(
      (0..<Int32(vocabulary.count)).lazy.filter { !special.contains($0) }
        .compactMap { id in vocabulary.bytes(of: id).map { ($0, id) } })
    continuation = trie.node(continuationPrefix.utf8)
    continuationPrefixLength = continuationPrefix.utf8.count
  }

  /// WordPiece.
  public var kind: TokenizerKind { .wordPiece }

  /// The ids of a text, without special tokens around it.
  public func encode(_ text: ArraySlice<UInt8>) -> [Int32] {
    var ids: [Int32] = []
    ids.reserveCapacity(text.count / 4 + 4)
    var splitter = WordSplitter(actions)
    var plain = splitting.map { WordSplitter($0) }
    matcher.split(text) { segment in
      switch segment {
      case .token(let id, _): ids.append(id)
      case .normalized(let text, _):
        plain?.split(text) { word, scalars, _ in pieces(of: word, scalars, to: &ids) }
      case .text(let text):
        splitter.split(text) { word, scalars, _ in pieces(of: word, scalars, to: &ids) }
      }
    }
    return ids
  }

  /// The text that some tokens spell.
  public func decode(_ ids: ArraySlice<Int32>) -> [UInt8] { decoder.text(ids) }

  /// The tokens of a text and their positions, as Hugging Face's tokenizer gives them. What
  /// normalisation makes of a character has the position of the character. A mark that it removes
  /// belongs to no token, but lies between others of its word.
  public func encodeAligned(_ text: ArraySlice<UInt8>) -> AlignedTokens {
    var tokens = AlignedTokens()
    var splitter = WordSplitter(actions, tracksOrigins: true)
    var plain = splitting.map { WordSplitter($0, tracksOrigins: true) }
    matcher.split(text) { segment in
      switch segment {
      case .token(let id, let range): tokens.append(id, range, in: text)
      case .normalized(let part, let known):
        plain?.split(part) { word, scalars, origins in
          // The word's bytes come from normalised ones, and these from the text.
          append(
            word, scalars,
            origins.map { origin in
              known[origin.lowerBound].lowerBound..<known[origin.upperBound - 1].upperBound
            }, in: text, to: &tokens)
        }
      case .text(let part):
        splitter.split(part) { word, scalars, origins in
          append(word, scalars, origins, in: text, to: &tokens)
        }
      }
    }
    return tokens
  }

  private func append(
    _ word: [UInt8], _ scalars: Int, _ origins: [Range<Int>], in text: ArraySlice<UInt8>,
    to tokens: inout AlignedTokens
  ) {
    var ids: [Int32] = []
    pieces(of: word, scalars, to: &ids)
    var start = 0
    for (place, id) in ids.enumerated() {
      // The unknown token represents a whole word.
      let spelling = id == specialTokens.unknown ? nil : vocabulary.bytes(of: id)?.count
      let length = spelling.map { place == 0 ? $0 : $0 - continuationPrefixLength }
      let end = min(origins.count, start + (length ?? origins.count))
      let first = origins[start..<end].map(\.lowerBound).min() ?? text.startIndex
      let last = origins[start..<end].map(\.upperBound).max() ?? first
      tokens.append(id, first..<last, in: text)
      start = end
    }
  }

  /// The normalised words of a text, before they are split into pieces.
  package func words(_ text: ArraySlice<UInt8>) -> [[UInt8]] {
    var words: [[UInt8]] = []
    var splitter = WordSplitter(actions)
    splitter.split(text) { word, _, _ in words.append(word) }
    return words
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
