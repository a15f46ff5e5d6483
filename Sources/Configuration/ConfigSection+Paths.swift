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

// Paths are relative to the working directory, as in Hugging Face's scripts, or to the file of the
// configuration if its key `paths` says so. What is recorded is relative to the working directory.
extension ConfigSection {
  /// Reads the keys at the top that are about the configuration's file itself.
  ///
  /// - Parameter choosesPaths: whether there is a choice of what paths are relative to.
  /// - Throws: `ConfigError`.
  package func readFileKeys(choosesPaths: Bool = true) throws {
    ignore("$schema", "Allowed but ignored; editors use it to find the schema.")
    // Files have been included by now, and the key removed.
    try refuse("include", "only files include others, so it cannot be set from elsewhere.")
    ignore(
      "include",
      "A file or an array of files, relative to this one, whose keys this one changes; later ones "
        + "win, objects are merged, `null` removes a key.")
    guard choosesPaths else {
      return try refuse("paths", "the paths of a study are relative to the working directory.")
    }
    let _: PathsRelativeTo = try choice(
      "paths", default: .workingDirectory,
      "What relative paths start from: `working_directory`, or `file`, the folder of the file that "
        + "names them. `~`, `$NAME` and `${NAME}` are understood in all paths.")
    // Recorded paths are relative to the working directory.
    ignore("paths")
  }

  /// A path to write to.
  /// - Throws: `ConfigError` if the key is missing or names a variable that is not set.
  public func outputPath(_ key: String, _ meaning: String = "") throws -> String {
    try located(key, string(key, meaning))
  }

  /// A path to write to, or nil when the key is absent.
  public func optionalOutputPath(_ key: String, _ meaning: String = "") throws -> String? {
    try optionalString(key, meaning).map { try located(key, $0) }
  }

  /// A folder that must exist.
  /// - Throws: `ConfigError` if the key is missing, or if the document checks paths and the key
  ///   names no folder.
  public func folder(_ key: String, _ meaning: String = "") throws -> String {
    let path = try outputPath(key, meaning)
    guard document.checksPaths else { return path }
    switch PathCheck.kind(of: path) {
    case .folder: return path
    case .file:
      throw fail(key, "\(name(key)) names a file, \"\(path)\"; a folder is expected here.")
    case .nothing:
      throw fail(key, "\(name(key)): there is no folder \"\(path)\"\(lookedFor(key, path)).")
    }
  }

  /// A file or folder that must exist, or nil when the key is absent.
  public func optionalPath(_ key: String, _ meaning: String = "") throws -> String? {
    guard let path = try optionalOutputPath(key, meaning) else { return nil }
    if document.checksPaths, PathCheck.kind(of: path) == .nothing {
      throw fail(
        key, "\(name(key)): there is no file or folder \"\(path)\"\(lookedFor(key, path)).")
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
    let paths = try strings(key, default: fallback, meaning).enumerated().map {
      try located("\(key)[\($0.offset)]", $0.element, record: false)
    }
    record(key, .array(paths.map(JSONValue.string)))
    guard document.checksPaths else { return paths }
    for (place, path) in paths.enumerated() {
      switch PathCheck.kind(of: path) {
      case .file: break
      case .folder, .nothing:
        let element = "\(key)[\(place)]"
        throw document.error(
          path: name(element), at: value(of: key)?.array?[place].position ?? position,
          "\(name(element)): there is no file \"\(path)\"\(lookedFor(element, path)).")
      }
    }
    return paths
  }

  /// The longest path of Linux, in bytes.
  private static let longestPath = 4095

  /// The path that a text in the configuration stands for, seen from the working directory.
  ///
  /// - Parameter record: whether the key resolves to that path.
  /// - Throws: `ConfigError` for a variable that is not set.
  package func located(_ key: String, _ text: String, record isRecorded: Bool = true) throws
    -> String
  {
    var path: String
    do {
      path = try PathText.expanded(text)
    } catch {
      throw fail(key, "\(name(key)): \(error).")
    }
    if !path.hasPrefix("/") {
      path = PathText.joined(document.folder(forPathAt: name(key)), path)
    }
    // Where a path leads is found out folder by folder.
    guard path.utf8.count <= Self.longestPath else {
      throw fail(
        key,
        "\(name(key)) is a path of \(path.utf8.count) bytes, and no system takes more than "
          + "\(Self.longestPath).")
    }
    if isRecorded { record(key, .string(path)) }
    return path
  }

  /// Says where a relative path was looked up, and whether it would be found beside the file.
  package func lookedFor(_ key: String, _ path: String) -> String {
    let place = PathCheck.where(path)
    guard !place.isEmpty, document.folder(forPathAt: name(key)) == nil,
      let folder = document.folderOfFile(at: name(key)), folder != ".",
      PathCheck.kind(of: PathText.joined(folder, path)) != .nothing
    else { return place }
    return place
      + ", but there is one beside the configuration; \"paths\": \"file\" at its top makes "
      + "paths relative to it"
  }
}
