import Files
import Foundation
import StrictJSON

/// Checks of what paths lead to, and the reading of the configuration file itself.
package enum PathCheck {
  package enum Found { case nothing, file, folder }

  package static func kind(of path: String) -> Found {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return .nothing
    }
    return isFolder.boolValue ? .folder : .file
  }

  static func contents(
    ofConfiguration path: String, _ readable: ReadableKind
  ) throws -> [UInt8] {
    switch kind(of: path) {
    case .nothing:
      throw ConfigError(
        file: path, message: "there is no such configuration file\(PathCheck.where(path)).")
    case .folder:
      throw ConfigError(file: path, message: "this is a folder; name a configuration file.")
    case .file:
      do {
        return try ByteFile.read(path, readable, atMost: ByteFile.longestDescription)
      } catch let error as FileError {
        throw ConfigError(file: path, message: error.problem)
      }
    }
  }

  /// Says where a relative path was looked up.
  package static func `where`(_ path: String) -> String {
    path.hasPrefix("/") ? "" : " (looked for in \(FileManager.default.currentDirectoryPath))"
  }
}

// Paths are relative to the working directory, as in Hugging Face's scripts.
extension ConfigSection {
  /// A folder that must exist.
  /// - Throws: `ConfigError` if the key is missing, or if the document checks paths and the key
  ///   names no folder.
  public func folder(_ key: String, _ meaning: String = "") throws -> String {
    let path = try string(key, meaning)
    guard document.checksPaths else { return path }
    switch PathCheck.kind(of: path) {
    case .folder: return path
    case .file:
      throw fail(key, "\(name(key)) names a file, \"\(path)\"; a folder is expected here.")
    case .nothing:
      throw fail(
        key, "\(name(key)): there is no folder \"\(path)\"\(PathCheck.where(path)).")
    }
  }

  /// A file or folder that must exist, or nil when the key is absent.
  public func optionalPath(_ key: String, _ meaning: String = "") throws -> String? {
    guard let path = try optionalString(key, meaning) else { return nil }
    if document.checksPaths, PathCheck.kind(of: path) == .nothing {
      throw fail(
        key, "\(name(key)): there is no file or folder \"\(path)\"\(PathCheck.where(path)).")
    }
    return path
  }

  /// A file that must exist.
  public func file(_ key: String, _ meaning: String = "") throws -> String {
    let path = try string(key, meaning)
    try requireFile(key, path)
    return path
  }

  /// A file that must exist, or nil when the key is absent.
  public func optionalFile(_ key: String, _ meaning: String = "") throws -> String? {
    guard let path = try optionalString(key, meaning) else { return nil }
    try requireFile(key, path)
    return path
  }

  private func requireFile(_ key: String, _ path: String) throws {
    guard document.checksPaths, PathCheck.kind(of: path) != .file else { return }
    throw fail(key, "\(name(key)): there is no file \"\(path)\"\(PathCheck.where(path)).")
  }

  /// Files that must all exist.
  public func files(
    _ key: String, default fallback: [String]? = nil, _ meaning: String = ""
  ) throws -> [String] {
    let paths = try strings(key, default: fallback, meaning)
    guard document.checksPaths else { return paths }
    for (place, path) in paths.enumerated() {
      switch PathCheck.kind(of: path) {
      case .file: break
      case .folder, .nothing:
        throw document.error(
          path: "\(name(key))[\(place)]",
          at: value(of: key)?.array?[place].position ?? position,
          "\(name(key))[\(place)]: there is no file \"\(path)\"\(PathCheck.where(path)).")
      }
    }
    return paths
  }
}
