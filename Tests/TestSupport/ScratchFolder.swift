import Foundation

/// A new folder that is removed when the test that made it ends.
package final class ScratchFolder: Sendable {
  /// Where it is.
  package let path: String

  /// An empty folder.
  package init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("mate-kd-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  /// A new folder in it, with text files by their names; its path.
  package func folder(_ files: [String: String] = [:]) throws -> String {
    let folder = UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
    for (name, text) in files { try write(text, as: "\(folder)/\(name)") }
    return "\(path)/\(folder)"
  }

  /// Writes a file, and the folders on the way to it, and returns its path.
  @discardableResult package func write(
    _ bytes: some Sequence<UInt8>, as name: String
  ) throws -> String {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  /// Writes a text file and returns its path.
  @discardableResult package func write(_ text: String, as name: String) throws -> String {
    try write(text.utf8, as: name)
  }

  /// The names of what is in it.
  package var content: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
