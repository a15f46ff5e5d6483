import Foundation

/// Goldens of the repository and data beside it.
enum TestFiles {
  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The path of a golden.
  static func golden(_ path: String) -> String {
    repository.appendingPathComponent("Tests/Goldens/\(path)").path
  }

  /// The fields, separated by spaces, of each line of a golden.
  static func rows(_ path: String) throws -> [[String]] {
    let text = try String(contentsOfFile: golden(path), encoding: .utf8)
    return text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  /// A path in the folder `shared` beside the repository or in `MATE_KD_SHARED`, or nil with a line
  /// that says why the test is skipped.
  static func shared(_ path: String) -> String? {
    let named = ProcessInfo.processInfo.environment["MATE_KD_SHARED"].map(
      URL.init(fileURLWithPath:))
    let root =
      named ?? repository.deletingLastPathComponent().appendingPathComponent("shared")
    let full = root.appendingPathComponent(path).path
    if FileManager.default.fileExists(atPath: full) { return full }
    print("skipped: \(full) is not here")
    return nil
  }

  /// A new folder for one test, removed by the caller or the machine.
  static func temporaryFolder() throws -> String {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("mate-kd-data-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }

  /// Writes bytes to a file.
  static func write(_ bytes: [UInt8], to path: String) throws {
    try Foundation.Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  /// The content of a file.
  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
  }
}

/// The bytes that hexadecimal digits spell.
func bytes(hexadecimal text: String) -> [UInt8] {
  let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] * 16 + digits[$0 + 1])
  }
}
