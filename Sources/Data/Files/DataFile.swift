import Files
import Kernels

/// Files of data. They may be as long as they are, so what bounds them is the memory that there is,
/// and the length of a line: a file without line ends, such as one with a hole of gigabytes in it,
/// is no table.
enum DataFile {
  /// The most bytes without a line end. A whole data set in JSON may be one line.
  static let longestLine = 512 << 20

  /// The content of a file.
  ///
  /// - Throws: `FileError`; `MemoryShortage` if there is too little memory for it.
  static func read(_ path: String, _ kind: ReadableKind = .regularFile) throws -> [UInt8] {
    var line = 0
    return try ByteFile.read(path, kind) { bytes in
      _ = try MemoryShortage.check(
        Double(bytes), for: path, advice: "split the file, or take fewer of its rows")
    } check: { piece in
      if let last = piece.lastIndex(of: 0x0A) {
        line = piece.count - 1 - last
      } else {
        line += piece.count
        guard line <= longestLine else {
          throw FileError(
            file: path,
            problem: "a line is longer than \(longestLine) bytes; the file is damaged, or no text.")
        }
      }
    }
  }
}
