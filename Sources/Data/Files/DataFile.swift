import Files
import Kernels

/// Files of data as they come: text in UTF-8, which gzip may have packed. They may be as long as
/// they are, so what bounds them is the memory that there is, and the length of a line: a file
/// without line ends, such as one with a hole of gigabytes in it, is no table.
enum DataFile {
  /// What the names of packed files end in.
  static let packedEnding = ".gz"
  /// The most bytes without a line end. A whole data set in JSON may be one line.
  static let longestLine = 512 << 20

  /// The text of a file. That of a packed one is recognised by its content, not its name.
  ///
  /// - Throws: `FileError` for what cannot be read, for a file that is empty, and for formats that
  ///   are no text in UTF-8, with the command that converts them; `MemoryShortage` if there is too
  ///   little memory for it.
  static func read(_ path: String, _ kind: ReadableKind = .regularFile) throws -> [UInt8] {
    var line = 0
    let bytes = try ByteFile.readUnpacked(path, kind) { bytes in
      _ = try MemoryShortage.check(
        Double(bytes), for: path, advice: "split the file, or take fewer of its rows")
    } check: { piece in
      if let last = piece.lastIndex(of: 0x0A) {
        line = piece.endIndex - 1 - last
      } else {
        line += piece.count
        guard line <= longestLine else {
          throw FileError(
            file: path,
            problem: "a line is longer than \(longestLine) bytes; the file is damaged, or no text.")
        }
      }
    }
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
