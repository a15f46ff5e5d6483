import Files

extension StrictJSON {
  /// Reads and parses a file.
  ///
  /// - Throws: `FileError` if it cannot be read or is too long for a description, `JSONError` if it
  ///   is not strict JSON.
  package static func read(_ path: String) throws -> JSONValue {
    try parse(ByteFile.read(path, atMost: ByteFile.longestDescription), file: path)
  }
}

extension JSONWriter {
  /// Writes a value and a line end to a file, whole or not at all.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package func write(_ value: JSONValue, to path: String) throws {
    try ByteFile.write(bytes(value) + [0x0A], to: path)
  }
}
