import Foundation

/// Goldens of the repository and data beside it.
package enum TestFiles {
  /// The root of the repository.
  package static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The path of a golden.
  package static func golden(_ path: String) -> String {
    repository.appendingPathComponent("Tests/Goldens/\(path)").path
  }

  /// The fields, separated by spaces, of each line of a golden.
  package static func rows(_ path: String) throws -> [[String]] {
    let text = try String(contentsOfFile: golden(path), encoding: .utf8)
    return text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  /// A path in the folder that `MATE_KD_SHARED` names or in one called `shared` beside or above the
  /// repository, which holds data and models that are not part of it; nil, with a line that says
  /// why the test is skipped, where there is no such file or folder.
  package static func shared(_ path: String) -> String? {
    var folders = [ProcessInfo.processInfo.environment["MATE_KD_SHARED"]].compactMap { $0 }
    var url = repository
    while url.path != "/" {
      url = url.deletingLastPathComponent()
      folders.append(url.appendingPathComponent("shared").path)
    }
    let found = folders.map { "\($0)/\(path)" }
      .first { FileManager.default.fileExists(atPath: $0) }
    if found == nil { print("skipped: shared/\(path) is not here") }
    return found
  }

  /// Writes bytes to a file.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  /// The content of a file.
  package static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
