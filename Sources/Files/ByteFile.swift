import Foundation

/// Whole files as bytes. Text stays bytes from here to the token ids, because `String` folds CR LF
/// into one character and compares by canonical equivalence.
package enum ByteFile {
  /// The content of a file.
  ///
  /// - Throws: `FileError` of kind `missing` or `unreadable`.
  package static func read(_ path: String) throws -> [UInt8] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw FileError(.missing, file: path, problem: "there is no such file.")
    }
    guard !isDirectory.boolValue else {
      throw FileError(
        .unreadable, file: path, problem: "this is a folder; a file is expected here.")
    }
    do {
      return [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw FileError(
        .unreadable, file: path,
        problem: "the file cannot be read; check its permissions and the disk.")
    }
  }

  /// Writes a file whole or not at all, creating its folder.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    try AtomicFile.write(path) { try $0.append(Array(bytes)) }
  }

  /// Makes a folder and those above it; does nothing where it is there.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  package static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw FileError.unwritable(path, reason: "the folder cannot be made here")
    }
  }

  /// Removes a file or folder; does nothing where there is none.
  package static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  /// True when something exists at the path.
  package static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }
}
