import Files

/// Tokens as bytes, in the order of their ids.
public struct Vocabulary: Sendable {
  private let storage: [UInt8]
  /// The start of each token in `storage`, then the end of the last.
  private let offsets: [Int]
  /// Ids below `count` that no token has.
  private let holes: Set<Int32>
  /// Ids of tokens that were added to the model's own. They are matched as a whole, and words are
  /// never split into them.
  let added: Set<Int32>
  /// True if the tokens come from a file with empty lines at its end, which are left out. No text
  /// becomes them, but `tokenizers` counts them.
  private(set) var hasEmptyLines = false

  /// The most tokens, or merges of tokens, that a file may list: twice as many as any tokenizer has
  /// whose models are read here.
  static let mostTokens = 1 << 21

  /// - Throws: `FileError` if a file lists more tokens than that.
  static func requireReasonable(_ count: Int, in file: String) throws {
    guard count <= mostTokens else {
      throw FileError(
        file: file, problem: "the file lists more than \(mostTokens) tokens, the most read here.")
    }
  }

  /// Tokens whose ids are their indices.
  public init(tokens: [[UInt8]]) { self.init(tokens: tokens, holes: []) }

  /// Tokens whose ids are their indices. What stands at an index of `holes` is no token.
  init(tokens: [[UInt8]], holes: Set<Int32>, added: Set<Int32> = []) {
    self.added = added
    storage = tokens.flatMap { $0 }
    var offsets = [0]
    offsets.reserveCapacity(tokens.count + 1)
    for token in tokens { offsets.append(offsets[offsets.count - 1] + token.count) }
    self.offsets = offsets
    self.holes = holes
  }

  /// The content of a `vocab.txt`: one token per line, with LF or CR LF. Models need no embeddings
  /// for empty lines at the end.
  init(lines bytes: [UInt8]) {
    let tokens = ByteLines(bytes).map { Array(bytes[$0]) }
    let end = tokens.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
    self.init(tokens: Array(tokens[..<end]))
    hasEmptyLines = end < tokens.count
  }

  /// One more than the largest id, which is the number of tokens where no id is left out.
  public var count: Int { offsets.count - 1 }

  /// The token with this id in UTF-8, or nil if there is none.
  public func bytes(of id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id < count, !holes.contains(id) else { return nil }
    return storage[offsets[Int(id)]..<offsets[Int(id) + 1]]
  }

  /// The id of a token (the last one if it is listed twice), or nil.
  public func id(of token: ArraySlice<UInt8>) -> Int32? {
    (0..<Int32(count)).last { bytes(of: $0)?.elementsEqual(token) ?? false }
  }

  /// A hexadecimal content hash over the tokens in order, each terminated by a byte that UTF-8 does
  /// not use. An id that is left out counts as another such byte.
  public var hash: String {
    var hash = ContentHash()
    for id in 0..<count {
      hash.add(storage[offsets[id]..<offsets[id + 1]])
      hash.add(byte: holes.contains(Int32(id)) ? 0xFE : 0xFF)
    }
    return hash.hexadecimal
  }
}
