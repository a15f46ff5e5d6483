/// RoBERTa's tokenizer: split the text by GPT-2's expression, then merge the bytes of each piece by
/// a list of ranked pairs. It is identical to Hugging Face's `RobertaTokenizerFast`, except that
/// special tokens spelled in a text are plain text unless special tokens are parsed.
///
/// Bytes that are not UTF-8 are first replaced by U+FFFD, one for each maximal ill-formed part, as
/// Unicode recommends and as Python's `decode(errors="replace")` does.
public struct BytePairTokenizer: Tokenizer {
  private let model: BytePairModel
  private let matcher: AddedTokenMatcher
  private let decoder: TokenDecoder
  private let merges: BytePairMerges
  /// The token of each byte, or −1.
  private let symbols: [Int32]
  /// The words that are a single token after merging, so that most words of a text cost one
  /// look-up.
  private let words: ByteStringIndex

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
    model: BytePairModel, specialTokens: SpecialTokens, addedTokens: [AddedToken],
    readAsText: Set<Int32>, template: EncodingTemplate
  ) {
    self.model = model
    self.specialTokens = specialTokens
    self.template = template
    matcher = AddedTokenMatcher(addedTokens, readAsText: readAsText)
    markers = addedTokens.markers(special: specialTokens, readAsText: readAsText)
    var traits = TokenizerTraits()
    traits.add("tokenizer", TokenizerKind.bytePair.rawValue)
    traits.add("vocabulary", model.vocabulary.hash)
    traits.add("merges", model.mergesHash)
    traits.add("add_prefix_space", model.addsPrefixSpace)
    traits.add("unknown bytes", model.unknown.map(String.init) ?? "dropped")
    traits.add("fuse_unk", model.fusesUnknown)
    traits.add("ignore_merges", model.ignoresMerges)
    traits.addCommon(
      vocabulary: model.vocabulary, special: specialTokens, added: addedTokens,
      readAsText: readAsText, template: template)
    self.traits = traits
    // No text may produce a special token by merging bytes.
    let special = readAsText.union(specialTokens.all)
    decoder = TokenDecoder(vocabulary: model.vocabulary, omitted: special, joining: .bytes)
    let merges = BytePairMerges(model.merges.filter { !special.contains($0.merged) })
    self.merges = merges
    var symbols = [Int32](repeating: -1, count: 256)
    var words = ByteStringIndex(capacity: model.vocabulary.count)
    var spelled: [(bytes: [UInt8], id: Int32)] = []
    for id in 0..<Int32(model.vocabulary.count)
    where !special.contains(id) && !model.vocabulary.added.contains(id) {
      guard let token = model.vocabulary.bytes(of: id),
        let bytes = ByteAlphabet.bytes(spelledBy: token), let first = bytes.first
      else { continue }
      if bytes.count == 1 { symbols[Int(first)] = id }
      spelled.append((bytes, id))
    }
    self.symbols = symbols
    var workspace = BytePairMerges.Workspace()
    for (bytes, id) in spelled {
      if !model.ignoresMerges {
        workspace.tokens.removeAll(keepingCapacity: true)
        for byte in bytes { workspace.tokens.append(symbols[Int(byte)]) }
        guard workspace.tokens.allSatisfy({ $0 >= 0 }) else { continue }
        merges.apply(to: &workspace)
        guard workspace.tokens.count == 1, workspace.tokens[0] == id else { continue }
      }
      words.insert(bytes[...], id: id)
    }
    self.words = words
  }

  /// Byte-level byte-pair encoding.
  public var kind: TokenizerKind { .bytePair }

  /// Its tokens.
  public var vocabulary: Vocabulary { model.vocabulary }

  /// The ids of a text, without special tokens around it.
  public func encode(_ text: ArraySlice<UInt8>) -> [Int32] {
    guard text.isWellFormedUTF8 else {
      return encode(Array(String(decoding: text, as: UTF8.self).utf8)[...])
    }
    var ids: [Int32] = []
    ids.reserveCapacity(text.count / 4 + 4)
    var workspace = BytePairMerges.Workspace()
    matcher.split(text) { segment in
      switch segment {
      case .token(let id, _): ids.append(id)
      // Without a normaliser there is no normalised text.
      case .text(let text), .normalized(let text, _):
        let prefixed = model.addsPrefixSpace && text.first != 0x20 ? [0x20] + text : text
        ByteLevelSplitter.split(prefixed) { append(piece: $0, to: &ids, &workspace) }
      }
    }
    return ids
  }

  /// The text that some tokens spell.
  public func decode(_ ids: ArraySlice<Int32>) -> [UInt8] { decoder.text(ids) }

  /// The tokens of a text and their positions, as Hugging Face's tokenizer gives them: spaces at
  /// either end of a token do not count, and a token of a part of a character has the position of
  /// the character. (Hugging Face counts a text's own first space where a prefix space would be
  /// added.)
  public func encodeAligned(_ text: ArraySlice<UInt8>) -> AlignedTokens {
    guard text.isWellFormedUTF8 else {
      return encodeAligned(Array(String(decoding: text, as: UTF8.self).utf8)[...])
    }
    var tokens = AlignedTokens()
    var workspace = BytePairMerges.Workspace()
    matcher.split(text) { segment in
      switch segment {
      case .token(let id, let range): tokens.append(id, range, in: text)
      case .text(let part), .normalized(let part, _):
        let isPrefixed = model.addsPrefixSpace && part.first != 0x20
        // The added space lies before the text.
        var position = part.startIndex - (isPrefixed ? 1 : 0)
        ByteLevelSplitter.split(isPrefixed ? [0x20] + part : part) { piece in
          var ids: [Int32] = []
          append(piece: piece, to: &ids, &workspace)
          for (id, range) in zip(ids, ranges(of: ids, in: piece)) {
            let shift = position - piece.startIndex
            let start = max(part.startIndex, range.lowerBound + shift)
            tokens.append(id, start..<max(start, range.upperBound + shift), in: text)
          }
          position += piece.count
        }
      }
    }
    return tokens
  }

  /// The indices in a piece that each of its tokens represents, without spaces at the ends, and
  /// with parts of characters extended to whole characters.
  private func ranges(of ids: [Int32], in piece: ArraySlice<UInt8>) -> [Range<Int>] {
    let isWord = ids.count == 1 && words.id(of: piece) == ids[0]
    var next = piece.startIndex
    return ids.map { id in
      if model.unknown == nil, !isWord {
        // Bytes that have no token were dropped.
        while next < piece.endIndex, symbols[Int(piece[next])] < 0 { next += 1 }
      }
      var start = next
      if isWord {
        next = piece.endIndex
      } else if id == model.unknown {
        repeat {
          next += 1
        } while model.fusesUnknown && next < piece.endIndex
          && symbols[Int(piece[next])] < 0
      } else {
        // The spelling of a token has one scalar per byte.
        var rest = model.vocabulary.bytes(of: id)?.count { $0 & 0xC0 != 0x80 } ?? 0
        while rest > 0, next < piece.endIndex {
          if symbols[Int(piece[next])] >= 0 { rest -= 1 }
          next += 1
        }
      }
      var end = min(next, piece.endIndex)
      while start < end, piece[start] == 0x20 { start += 1 }
      while start < end, piece[end - 1] == 0x20 { end -= 1 }
      guard start < end else { return start..<start }
      while start > piece.startIndex, piece[start] & 0xC0 == 0x80 { start -= 1 }
      while end < piece.endIndex, piece[end] & 0xC0 == 0x80 { end += 1 }
      return start..<end
    }
  }

  /// The pieces into which the expression splits a text.
  package static func pieces(_ text: ArraySlice<UInt8>) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    ByteLevelSplitter.split(text) { pieces.append(Array($0)) }
    return pieces
  }

  private func append(
    piece: ArraySlice<UInt8>, to ids: inout [Int32], _ workspace: inout BytePairMerges.Workspace
  ) {
    let word = words.id(of: piece)
    if word >= 0 {
      ids.append(word)
      return
    }
    workspace.tokens.removeAll(keepingCapacity: true)
    var follows = false
    for byte in piece {
      let symbol = symbols[Int(byte)]
      // A byte without a token becomes the unknown token, or nothing if there is none.
      let isUnknown = symbol < 0
      if !isUnknown {
        workspace.tokens.append(symbol)
      } else if let unknown = model.unknown, !(follows && model.fusesUnknown) {
        workspace.tokens.append(unknown)
      }
      follows = isUnknown
    }
    merges.apply(to: &workspace)
    ids += workspace.tokens
  }
}
