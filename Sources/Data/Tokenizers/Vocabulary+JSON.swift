import Files
import StrictJSON

extension Vocabulary {
  /// The vocabulary of a JSON object of tokens and ids, plus the added tokens beyond it.
  ///
  /// - Throws: `FileError` for ids that are not 0, 1, 2, ..., and for an added token whose id
  ///   belongs to another token.
  init(members: [JSONObject.Member], added: [AddedToken], file: String) throws {
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

  /// The vocabulary plus the added tokens beyond it.
  func appending(_ added: [AddedToken], file: String) throws -> Vocabulary {
    try Vocabulary(
      rows: (0..<Int32(count)).map { (Int($0), Array(bytes(of: $0) ?? []), Int($0) + 1) },
      added: added, file: file)
  }

  private init(
    rows: [(id: Int, token: [UInt8], line: Int?)], added: [AddedToken], file: String
  ) throws {
    var rows = rows
    let listed = Set(rows.map(\.id))
    for token in added where !listed.contains(Int(token.id)) {
      rows.append((Int(token.id), Array(token.content.utf8), nil))
    }
    rows.sort { $0.id < $1.id }
    for (index, row) in rows.enumerated() where row.id != index {
      throw FileError(
        file: file, line: row.line,
        problem: "token \"\(String(decoding: row.token, as: UTF8.self))\" has id \(row.id) "
          + "where \(index) is next; ids must be 0, 1, 2, ... without gaps or repeats.")
    }
    self.init(tokens: rows.map(\.token))
    for token in added where bytes(of: token.id)?.elementsEqual(token.content.utf8) != true {
      let other = bytes(of: token.id).map { String(decoding: $0, as: UTF8.self) } ?? ""
      throw FileError(
        file: file,
        problem: "the added token \"\(token.content)\" has id \(token.id), which is the id of "
          + "\"\(other)\"; give the files of one model.")
    }
  }
}
