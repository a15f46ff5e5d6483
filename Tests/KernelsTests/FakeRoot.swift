import Foundation

/// A folder with files of /proc and /sys. (The kernels' tests must do without the other modules.)
enum FakeRoot {
  /// Calls `body` with a new folder that has these files, and removes it.
  static func with<R>(_ files: [String: String], _ body: (_ root: String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("mate-kd-root-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      let file = folder.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return try body(folder.path)
  }
}
