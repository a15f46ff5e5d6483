import Glibc

/// Names of files that stand in other files, such as those of the shards in an index. Whoever wrote
/// them must not reach anything outside the folder, so they are judged byte by byte.
package enum ConfinedPath {
  /// What is wrong with a name, as the end of a sentence about it; nil if it stays in its folder.
  package static func complaint(_ name: String) -> String? {
    let bytes = name.utf8
    if bytes.isEmpty { return "is empty" }
    if bytes.contains(0) { return "has a NUL character in it" }
    if bytes.first == UInt8(ascii: "/") { return "is absolute" }
    let parts = bytes.split(separator: UInt8(ascii: "/"))
    if parts.contains(where: { $0.elementsEqual("..".utf8) }) {
      return "leads out of its folder by \"..\""
    }
    return parts.allSatisfy { $0.elementsEqual(".".utf8) } ? "is the folder itself" : nil
  }

  /// The path of a file named so.
  ///
  /// - Parameters:
  ///   - name: a name without `complaint(_:)`.
  ///   - folder: the folder that it must not leave.
  /// - Throws: `FileError` for a link that leads out of the folder. The links of a snapshot in
  ///   Hugging Face's cache, which lead to the `blobs` beside it, are allowed.
  package static func path(_ name: String, in folder: String) throws -> String {
    let path = "\(folder)/\(name)"
    // What does not exist is reported by whoever opens it.
    guard let root = real(folder), let target = real(path) else { return path }
    let slash = UInt8(ascii: "/")
    var allowed = [root + [slash]]
    let parts = root.split(separator: slash)
    if parts.count > 2, parts[parts.count - 2].elementsEqual("snapshots".utf8) {
      let model = parts.dropLast(2).flatMap { [slash] + $0 }
      allowed.append(model + Array("/blobs/".utf8))
    }
    guard allowed.contains(where: target.starts(with:)) else {
      throw FileError(
        file: path,
        problem: "this is a link that leads out of the folder; put the file itself here.")
    }
    return path
  }

  /// The absolute path without links, in bytes.
  private static func real(_ path: String) -> [UInt8]? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return UnsafeBufferPointer(start: found, count: strlen(found)).map { UInt8(bitPattern: $0) }
  }
}
