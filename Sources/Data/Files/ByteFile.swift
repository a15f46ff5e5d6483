import Foundation

/// Whole files as bytes. Text stays bytes from here to the token ids, because `String` merges CR LF
/// into one character and compares by canonical equivalence.
enum ByteFile {
  /// The content of a regular file.
  static func read(_ path: String) throws -> [UInt8] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw DataError(file: path, problem: "there is no such file.")
    }
    guard !isDirectory.boolValue else {
      throw DataError(file: path, problem: "this is a folder; a file is expected here.")
    }
    do {
      return [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw DataError(
        file: path, problem: "the file cannot be read; check its permissions and the disk.")
    }
  }

  /// Writes a file in one go and creates its folder.
  static func write(_ bytes: [UInt8], to path: String) throws {
    do {
      let url = URL(fileURLWithPath: path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Foundation.Data(bytes).write(to: url)
    } catch {
      throw DataError(
        file: path, problem: "the file cannot be written; check the folder and the disk.")
    }
  }

  /// True if something exists at the path.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }
}
