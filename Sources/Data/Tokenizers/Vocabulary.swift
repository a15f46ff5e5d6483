/// Tokens as bytes, in the order of their ids.
public struct Vocabulary: Sendable {
  private let storage: [UInt8]
  /// The start of each token in `storage`, then the end of the last.
  private let offsets: [Int]

  /// Tokens whose ids are their indices.
  public init(tokens: [[UInt8]]) {
    storage = tokens.flatMap { $0 }
    var offsets = [0]
    for token in tokens { offsets.append(offsets[offsets.count - 1] + token.count) }
    self.offsets = offsets
  }

  /// The content of a `vocab.txt`: one token per line, with LF or CR LF.
  init(lines bytes: [UInt8]) {
    self.init(tokens: ByteLines(bytes).map { Array(bytes[$0]) })
  }

  /// Number of tokens.
  public var count: Int { offsets.count - 1 }

  /// The token with this id in UTF-8, or nil if there is none.
  public func bytes(of id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id < count else { return nil }
    return storage[offsets[Int(id)]..<offsets[Int(id) + 1]]
  }

  /// The id of a token (the last one if it is listed twice), or nil.
  public func id(of token: ArraySlice<UInt8>) -> Int32? {
    (0..<Int32(count)).last { bytes(of: $0)?.elementsEqual(token) ?? false }
  }

  /// A hexadecimal content hash over the tokens in order, each terminated by a byte that UTF-8 does
  /// not use.
  public var hash: String {
    var hash = ContentHash()
    for id in 0..<count {
      hash.add(storage[offsets[id]..<offsets[id + 1]])
      hash.add(byte: 0xFF)
    }
    return hash.hexadecimal
  }
}
