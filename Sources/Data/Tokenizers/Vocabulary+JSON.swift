import Files
import StrictJSON

extension Vocabulary {
  /// The vocabulary of a JSON object of tokens and ids, plus the added tokens beyond it.
  ///
  /// - Throws: `FileError` for an id that two tokens have, and for an added token whose id belongs
  ///   to another token or is not the one that `tokenizers` would give it.
  init(members: [JSONObject.Member], added: [AddedToken], file: String) throws {
    try Self.requireReasonable(members.count, in: file)
    var rows: [(id: Int, token: [UInt8], line: Int?)] = []
    rows.reserveCapacity(members.count + added.count)
    for member in members {
      guard let id = member.value.int, id >= 0, id <= Int32.max else {
        throw FileError(
          file: file, line: member.value.position.line,
          problem: "the id of token \"\(member.key)\" must be a whole number from 0.")
      }
      rows.append((id, Array(member.key.utf8), member.keyPosition.line))
    }
    try self.init(rows: rows, added: added, file: file)
  }

  /// The vocabulary of a list of pieces, whose ids are their places, plus the added tokens beyond
  /// it.
  ///
  /// - Throws: `FileError` for the ids of added tokens, as above.
  init(pieces: [(token: [UInt8], line: Int)], added: [AddedToken], file: String) throws {
    try self.init(
      rows: pieces.enumerated().map { ($0, $1.token, $1.line) }, modelSize: pieces.count,
      added: added, file: file)
  }

  /// The vocabulary plus the added tokens beyond it.
  ///
  /// - Throws: as above.
  func appending(_ added: [AddedToken], file: String) throws -> Vocabulary {
    if hasEmptyLines, let token = added.first(where: { $0.id >= count }) {
      throw FileError(
        file: file,
        problem: "the file ends with empty lines, which move the ids of added tokens such as "
          + "\"\(token.content)\" in transformers; remove them, or correct the ids.")
    }
    return try Vocabulary(
      rows: (0..<Int32(count)).compactMap { id in
        bytes(of: id).map { (Int(id), Array($0), Int(id) + 1) }
      },
      addedBefore: self.added, added: added, file: file)
  }

  /// - Parameter modelSize: the number of tokens before the added ones; where it is nil, equal
  ///   tokens count once.
  private init(
    rows: [(id: Int, token: [UInt8], line: Int?)], modelSize: Int? = nil,
    addedBefore: Set<Int32> = [], added: [AddedToken], file: String
  ) throws {
    var rows = rows
    var addedIDs = addedBefore
    let listed = Set(rows.map(\.id))
    let model = modelSize ?? Set(rows.map(\.token)).count
    // Tokenizers count on from the largest id of an added token, or from the size of the model.
    var next = model
    try Self.requireNoOtherID(rows.map { ($0.id, $0.token) }, added, file)
    for token in added.sorted(by: { $0.id < $1.id }) {
      if !listed.contains(Int(token.id)) {
        guard Int(token.id) == next else {
          throw FileError(
            file: file,
            problem:
              "the added token \"\(token.content)\" has id \(token.id), but tokenizers would "
              + "give it \(next), the next one; correct the id.")
        }
        rows.append((Int(token.id), Array(token.content.utf8), nil))
        addedIDs.insert(token.id)
      }
      next = max(model, Int(token.id) + 1)
    }
    rows.sort { $0.id < $1.id }
    // Folders are saved with a few ids left out, such as those of lines that a vocab.txt repeats. A
    // single id far away would take memory for nothing.
    let limit = 2 * rows.count + 65_536
    var tokens: [[UInt8]] = []
    var holes: Set<Int32> = []
    for row in rows {
      let name = String(decoding: row.token, as: UTF8.self)
      guard row.id >= tokens.count else {
        throw FileError(
          file: file, line: row.line,
          problem: "token \"\(name)\" has id \(row.id), which another token has already.")
      }
      guard row.id < limit else {
        throw FileError(
          file: file, line: row.line,
          problem: "token \"\(name)\" has id \(row.id) in a vocabulary of \(rows.count) tokens; "
            + "correct the id.")
      }
      while tokens.count < row.id {
        holes.insert(Int32(tokens.count))
        tokens.append([])
      }
      tokens.append(row.token)
    }
    self.init(tokens: tokens, holes: holes, added: addedIDs)
    for token in added where bytes(of: token.id)?.elementsEqual(token.content.utf8) != true {
      let other = bytes(of: token.id).map { String(decoding: $0, as: UTF8.self) } ?? ""
      throw FileError(
        file: file,
        problem: "the added token \"\(token.content)\" has id \(token.id), which is the id of "
          + "\"\(other)\"; give the files of one model.")
    }
  }

  /// An added token that the vocabulary has already keeps its id there in `tokenizers`, whatever
  /// id it is listed with.
  private static func requireNoOtherID(
    _ rows: [(id: Int, token: [UInt8])], _ added: [AddedToken], _ file: String
  ) throws {
    guard !added.isEmpty else { return }
    let listed = Dictionary(
      added.map { (Array($0.content.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    var known: [[UInt8]: Int] = [:]
    // Of lines that repeat, the last counts.
    for row in rows where listed[row.token] != nil { known[row.token] = row.id }
    for token in added {
      guard let id = known[Array(token.content.utf8)], id != Int(token.id) else { continue }
      throw FileError(
        file: file,
        problem: "the added token \"\(token.content)\" is listed with id \(token.id), but the "
          + "vocabulary has it as \(id), which tokenizers would keep; correct the id.")
    }
  }
}
