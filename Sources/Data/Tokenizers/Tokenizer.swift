/// The ids of the special tokens of a BERT-like model.
public struct SpecialTokens: Sendable, Equatable {
  /// Padding; never produced by packed batches.
  public var pad: Int32
  /// Represents a word that has no pieces in the vocabulary.
  public var unknown: Int32
  /// The first token of every text.
  public var cls: Int32
  /// Ends each text of a pair.
  public var sep: Int32
  /// Hides a token in masked-language-model training.
  public var mask: Int32

  /// The given ids.
  public init(pad: Int32, unknown: Int32, cls: Int32, sep: Int32, mask: Int32) {
    self.pad = pad
    self.unknown = unknown
    self.cls = cls
    self.sep = sep
    self.mask = mask
  }

  /// All five, in the order of the properties.
  public var all: [Int32] { [pad, unknown, cls, sep, mask] }
}

/// One text or pair as a model takes it. The three arrays have one element per token.
public struct Encoding: Sendable, Equatable {
  /// Token ids.
  public var ids: [Int32]
  /// 0 for the first text and its special tokens, 1 for the second; RoBERTa's are all 0.
  public var typeIDs: [UInt8]
  /// True for the special tokens, such as `[CLS]` and `[SEP]`, that the tokenizer added.
  public var isSpecial: [Bool]

  /// An encoding from arrays of equal length.
  public init(ids: [Int32], typeIDs: [UInt8], isSpecial: [Bool]) {
    self.ids = ids
    self.typeIDs = typeIDs
    self.isSpecial = isSpecial
  }
}

/// How a tokenizer splits words into tokens.
public enum TokenizerKind: String, Sendable {
  /// Repeatedly the longest piece in the vocabulary: BERT, DistilBERT.
  case wordPiece = "WordPiece"
  /// Merges of bytes by a list of ranked pairs: RoBERTa.
  case bytePair = "byte-level BPE"
  /// The pieces whose scores have the largest sum: XLM-RoBERTa.
  case unigram = "Unigram"
}

/// Converts UTF-8 text to token ids and back. Bytes that are not UTF-8 count as U+FFFD, which
/// WordPiece drops and byte-level encodings spell. The readers of this package reject such bytes
/// beforehand.
public protocol Tokenizer: Sendable {
  /// How it splits words into tokens.
  var kind: TokenizerKind { get }
  /// Its tokens, spelled as its files spell them.
  var vocabulary: Vocabulary { get }
  /// Ids of the special tokens.
  var specialTokens: SpecialTokens { get }
  /// The positions of special tokens around one text and around and between two.
  var template: EncodingTemplate { get }
  /// All that decides which tokens a text becomes.
  var traits: TokenizerTraits { get }
  /// Special tokens beyond the five of `specialTokens` that are read as such where a text spells
  /// them.
  var markers: [String] { get }
  /// The ids of a text, without special tokens around it.
  func encode(_ text: ArraySlice<UInt8>) -> [Int32]
  /// The ids of `encode(_:)` and the position of each token in the text. Slower than `encode(_:)`.
  func encodeAligned(_ text: ArraySlice<UInt8>) -> AlignedTokens
  /// The text that some tokens spell, in UTF-8, as Hugging Face's `decode` with
  /// `skip_special_tokens`: ids of special tokens are left out, but not those of markers that texts
  /// may spell. What normalisation took from a text, such as capital letters, does not come back.
  func decode(_ ids: ArraySlice<Int32>) -> [UInt8]
}

extension Tokenizer {
  /// One more than the largest id.
  public var vocabularySize: Int { vocabulary.count }

  /// A hexadecimal content hash over all tokens in the order of their ids.
  public var vocabularyHash: String { vocabulary.hash }

  /// The token with this id as the vocabulary spells it: a space is `Ġ` in a byte-level encoding
  /// and `▁` in a Unigram. Nil if no token has the id.
  public func token(for id: Int32) -> String? {
    vocabulary.bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The id of a token with exactly this spelling, or nil.
  public func id(for token: String) -> Int32? { vocabulary.id(of: Array(token.utf8)[...]) }

  /// A text or pair with its special tokens, cut to `maxLength` tokens in total, the longer text
  /// first. If `maxLength` is smaller than the number of special tokens, only these remain.
  public func encode(
    _ first: ArraySlice<UInt8>, pair: ArraySlice<UInt8>?, maxLength: Int
  ) -> Encoding {
    template.encoding(encode(first), pair.map { encode($0) }, maxLength: maxLength)
  }

  /// The text that some tokens spell; see `decode(_:)` for slices.
  public func decode(_ ids: [Int32]) -> String {
    String(decoding: decode(ids[...]), as: UTF8.self)
  }

  /// `encode(_:)` for whole arrays.
  public func encode(_ text: [UInt8]) -> [Int32] { encode(text[...]) }

  /// `encode(_:)` for strings.
  public func encode(_ text: String) -> [Int32] { encode(Array(text.utf8)[...]) }

  /// `encode(_:pair:maxLength:)` for strings.
  public func encode(_ first: String, pair: String? = nil, maxLength: Int = .max) -> Encoding {
    encode(Array(first.utf8)[...], pair: pair.map { Array($0.utf8)[...] }, maxLength: maxLength)
  }
}

/// How many tokens of each text of a pair are kept if both together must fit.
enum LongestFirst {
  /// The kept lengths of two texts of `first` and `second` tokens within `budget`, as Hugging
  /// Face's fast tokenizers compute them. The longer text loses tokens until both are equal, then
  /// both do. An odd token goes to the one that was longer (to the second if they were equal).
  static func lengths(_ first: Int, _ second: Int, budget: Int) -> (first: Int, second: Int) {
    guard first > budget || second > budget - first else { return (first, second) }
    var (short, long) = (min(first, second), max(first, second))
    long = short > budget ? short : max(short, budget - short)
    if short + long > budget {
      short = budget / 2
      long = short + budget % 2
    }
    return first > second ? (long, short) : (short, long)
  }
}
