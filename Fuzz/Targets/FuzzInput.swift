import Foundation

/// The bytes of one execution.
///
/// Targets that read several files take them from one input. The files are separated by the byte
/// 0x1E, the record separator of ASCII, which none of the formats uses.
struct FuzzInput {
  /// All bytes.
  let bytes: [UInt8]
  /// Where files can be written.
  let folder: String

  static let separator: UInt8 = 0x1E

  /// The contents of several files; nil for those that the input lacks. The last one has the rest.
  func parts(_ count: Int) -> [[UInt8]?] {
    let found = bytes.split(
      separator: Self.separator, maxSplits: count - 1, omittingEmptySubsequences: false)
    return (0..<count).map { $0 < found.count ? Array(found[$0]) : nil }
  }

  /// Writes a file for a reader that takes a path, or removes it where there is no content.
  @discardableResult
  func file(_ name: String, _ content: [UInt8]?) throws -> String {
    let path = "\(folder)/\(name)"
    if let content {
      let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
      try Data(content).write(to: URL(fileURLWithPath: path))
    } else {
      try? FileManager.default.removeItem(atPath: path)
    }
    return path
  }
}
