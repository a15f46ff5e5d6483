/// Tokens in the order of their ids, as bytes.
public struct Vocabulary: Sendable {
  private let storage: [UInt8]
  /// Start of each token in `storage`, and the end of the last.
  private let offsets: [Int]

  /// Tokens whose ids are their positions.
  public init(tokens: [[UInt8]]) {
    storage = tokens.flatMap { $0 }
    var offsets = [0]
    for token in tokens { offsets.append(offsets[offsets.count - 1] + token.count) }
    self.offsets = offsets
  }

  /// The content of a `vocab.txt`: a token a line, LF or CR LF.
  init(lines bytes: [UInt8]) {
    self.init(tokens: ByteLines(bytes).map { Array(bytes[$0]) })
  }

  /// How many tokens there are.
  public var count: Int { offsets.count - 1 }

  /// The token of an id in UTF-8, or nil when there is none.
  public func bytes(of id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id < count else { return nil }
    return storage[offsets[Int(id)]..<offsets[Int(id) + 1]]
  }

  /// The id of a token, the last one if it is listed twice, or nil.
  public func id(of token: ArraySlice<UInt8>) -> Int32? {
    (0..<Int32(count)).last { bytes(of: $0)?.elementsEqual(token) ?? false }
  }

  /// Hexadecimal content hash over the tokens in order, each ended by a byte that UTF-8 lacks.
  public var hash: String {
    var hash = ContentHash()
    for id in 0..<count {
      hash.add(storage[offsets[id]..<offsets[id + 1]])
      hash.add(byte: 0xFF)
    }
    return hash.hexadecimal
  }
}
