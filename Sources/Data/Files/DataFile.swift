import Files

/// Files of data as they come: text in UTF-8, which gzip may have packed.
enum DataFile {
  /// What the names of packed files end in.
  static let packedEnding = ".gz"

  /// The text of a file. That of a packed one is recognised by its content, not its name.
  ///
  /// - Throws: `FileError` for what cannot be read, for a file that is empty, and for formats that
  ///   are no text in UTF-8, with the command that converts them.
  static func read(_ path: String, _ kind: ReadableKind = .regularFile) throws -> [UInt8] {
    let bytes = try ByteFile.readUnpacked(path, kind)
    guard !bytes.isEmpty else {
      throw FileError(
        file: path, problem: "the file is empty; at least one row of text is needed.")
    }
    if let problem = ForeignFormat.problem(of: bytes, path) {
      let isPacked = path.hasSuffix(packedEnding)
      throw FileError(file: path, problem: (isPacked ? "unpacked by gunzip, " : "") + problem)
    }
    return bytes
  }

  /// The path of a file, or that of its packed form; nil if neither is there.
  static func find(_ path: String) -> String? {
    [path, path + packedEnding].first(where: ByteFile.exists)
  }
}
