import Files
import StrictJSON

/// What vocabulary files say about a byte-level byte-pair encoding.
struct BytePairModel: Sendable {
  var vocabulary: Vocabulary
  /// In the order of their ranks.
  var merges: [BytePairMerges.Merge] = []
  /// The token for a byte that has no token; nil drops the byte.
  var unknown: Int32?
  /// True if several such bytes in a row give one unknown token.
  var fusesUnknown = false
  /// True if a word that is a token stays whole, whether or not merging would produce it.
  var ignoresMerges = false
  /// True if a text that does not start with a space gets one.
  var addsPrefixSpace = false

  /// A hexadecimal content hash over the merges in the order of their ranks.
  var mergesHash: String {
    var hash = ContentHash()
    for merge in merges {
      hash.add(merge.left)
      hash.add(merge.right)
    }
    return hash.hexadecimal
  }

  /// A model whose merges are spelled as pairs of tokens.
  ///
  /// - Parameter merges: left and right token in UTF-8, and the line from which they are.
  /// - Throws: `FileError` for a merge if one of its parts, or the result, is not a token.
  init(
    vocabulary: Vocabulary,
    merges: some Sequence<(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>, line: Int)>,
    file: String
  ) throws {
    self.vocabulary = vocabulary
    var index = ByteStringIndex(capacity: vocabulary.count)
    for id in 0..<Int32(vocabulary.count) {
      if let token = vocabulary.bytes(of: id) { index.insert(token, id: id) }
    }
    for (left, right, line) in merges {
      func id(_ token: ArraySlice<UInt8>) throws -> Int32 {
        let id = index.id(of: token)
        guard id >= 0 else {
          throw FileError(
            file: file, line: line,
            problem: "the merge \"\(String(decoding: left, as: UTF8.self)) "
              + "\(String(decoding: right, as: UTF8.self))\" needs the token "
              + "\"\(String(decoding: token, as: UTF8.self))\", which the vocabulary lacks; give "
              + "the vocabulary and the merges of one model.")
        }
        return id
      }
      self.merges.append(
        BytePairMerges.Merge(left: try id(left), right: try id(right), merged: try id(left + right))
      )
    }
  }

  /// Reads a `vocab.json`, an object of tokens and ids, and a `merges.txt`, with one pair of tokens
  /// per line.
  /// - Throws: `FileError` or `JSONError`, with file and line.
  init(vocabularyFile: String, mergesFile: String, added: [AddedToken]) throws {
    let json = try StrictJSON.read(vocabularyFile)
    guard let members = json.object?.members, !members.isEmpty else {
      throw FileError(
        file: vocabularyFile, line: 1,
        problem: "the file must hold a JSON object of tokens and their ids.")
    }
    let bytes = try ByteFile.read(mergesFile, atMost: ByteFile.longestDescription)
    var merges: [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>, line: Int)] = []
    for (index, line) in ByteLines(bytes).enumerated() {
      try Vocabulary.requireReasonable(index + 1, in: mergesFile)
      let text = bytes[line]
      if text.isEmpty || text.starts(with: "#version".utf8) { continue }
      let parts = text.split(separator: 0x20, omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), text.isWellFormedUTF8 else {
        throw FileError(
          file: mergesFile, line: index + 1,
          problem: "a merge must be two tokens with a space between them.")
      }
      merges.append((parts[0], parts[1], index + 1))
    }
    try self.init(
      vocabulary: Vocabulary(members: members, added: added, file: vocabularyFile),
      merges: merges, file: mergesFile)
  }
}
