import Files
import StrictJSON
import Synchronization

/// One configuration: the file, what the command line changed in it, and what the user should know
/// about it.
public final class ConfigDocument: Sendable {
  /// The file's name as the user gave it.
  public let file: String
  /// Whether sections check that the files and folders they name exist.
  public let checksPaths: Bool

  private let text: JSONValue
  /// Where each value given on the command line came from, by the value's path.
  private let overridden: [String: String]
  /// The file of each value that an included file brought, by the value's path.
  private let included: [String: String]
  /// The configuration of which this one is put together, and where in it, the last change first.
  private let source: (document: ConfigDocument, places: [[String]])?
  private let collected = Mutex<[String]>([])
  private let noted = Mutex<[Setting]>([])

  /// A parsed text with overrides applied.
  /// - Throws: `ConfigError` for an override that cannot be applied.
  public convenience init(
    _ text: JSONValue, file: String, overrides: [ConfigOverride] = [], checksPaths: Bool = true
  ) throws {
    try self.init(
      text, file: file, included: [:], source: nil, overrides: overrides, checksPaths: checksPaths)
  }

  /// A text that is put together of parts of another configuration, such as a cell of a study.
  /// Errors name the place there.
  ///
  /// - Parameters:
  ///   - document: the other configuration.
  ///   - places: the keys that lead to each part, the part that changes all others first.
  /// - Throws: `ConfigError` if it is no object.
  package convenience init(
    _ text: JSONValue, partsOf document: ConfigDocument, at places: [[String]], checksPaths: Bool
  ) throws {
    try self.init(
      text, file: document.file, included: [:], source: (document, places), overrides: [],
      checksPaths: checksPaths)
  }

  private init(
    _ text: JSONValue, file: String, included: [String: String],
    source: (document: ConfigDocument, places: [[String]])?, overrides: [ConfigOverride],
    checksPaths: Bool
  ) throws {
    guard text.object != nil else {
      throw ConfigError(
        file: file, position: text.position,
        message: "a configuration is a JSON object, found \(text.kindName).")
    }
    self.file = file
    self.checksPaths = checksPaths
    self.included = included
    self.source = source
    self.text = try overrides.reduce(text) { value, override in try override.applied(to: value) }
    overridden = Dictionary(overrides.map { ($0.path, $0.origin) }) { _, last in last }
  }

  /// Reads a configuration file, and the files that it includes.
  /// - Parameters:
  ///   - path: the file, relative to the working directory; `-` for standard input.
  ///   - overrides: what the command line changes, applied in order.
  ///   - checksPaths: whether sections check that the files and folders they name exist.
  /// - Throws: `ConfigError` if the file is missing, is not strict JSON or is not an object.
  public static func read(
    _ path: String, overrides: [ConfigOverride] = [], checksPaths: Bool = true
  ) throws -> ConfigDocument {
    try read(path, .fileOrStream, overrides: overrides, checksPaths: checksPaths)
  }

  /// The same for what may only be a regular file, which cannot include others, or for what may be
  /// a stream, too.
  package static func read(
    _ path: String, _ readable: ReadableKind, overrides: [ConfigOverride] = [],
    checksPaths: Bool = true
  ) throws -> ConfigDocument {
    guard readable == .fileOrStream else {
      return try ConfigDocument(
        IncludedText.parse(path, readable), file: path, overrides: overrides,
        checksPaths: checksPaths)
    }
    let isInput = path == "-"
    let whole = try IncludedText(
      reading: isInput ? "/dev/stdin" : path, named: isInput ? "standard input" : path)
    return try ConfigDocument(
      whole.value, file: whole.file, included: whole.origins, source: nil, overrides: overrides,
      checksPaths: checksPaths)
  }

  /// The whole object.
  public var root: ConfigSection { ConfigSection(text, path: "", document: self) }

  /// What the user should know although it is not an error, such as an old spelling that was
  /// accepted.
  public var notes: [String] { collected.withLock { $0 } }

  /// Adds a note, once.
  package func note(_ text: String) {
    collected.withLock { if !$0.contains(text) { $0.append(text) } }
  }

  /// Descriptions of all keys that have been read, in the order in which they were read.
  public var settings: [Setting] { noted.withLock { $0 } }

  /// Records what a key may be. The first description counts.
  package func note(_ setting: Setting) {
    noted.withLock { noted in
      if !noted.contains(where: { $0.path == setting.path }) { noted.append(setting) }
    }
  }

  /// The error for the value at a path. If the value came from the command line, the error points
  /// there.
  package func error(path: String, at position: JSONPosition, _ message: String) -> ConfigError {
    if let source, let place = source.document.place(of: path, at: position, source.places) {
      return source.document.error(
        path: "\(place.joined(separator: ".")).\(path)", at: position, message)
    }
    var part = Substring(path)
    while !part.isEmpty {
      if let origin = overridden[String(part)] ?? maker(of: part, at: position) {
        return ConfigError(file: origin, message: message)
      }
      part = Self.parent(of: part)
    }
    return ConfigError(file: origin(of: path), position: position, message: message)
  }

  /// The part from which a value at a path was taken: the one in which it has this position, since a
  /// merged object keeps its oldest one, or else the first one that has such a value. An element of
  /// an array is where the array is, and what is missing is where its section is.
  private func place(
    of path: String, at position: JSONPosition, _ places: [[String]]
  ) -> [String]? {
    var part = path.prefix { $0 != "[" }
    while !part.isEmpty {
      let keys = part.split(separator: ".").map(String.init)
      let found = places.compactMap { place in
        (place + keys).reduce(text as JSONValue?) { $0?[$1] }.map { (place, $0.position) }
      }
      if let place = found.first(where: { $0.1 == position }) ?? found.first { return place.0 }
      part = Self.parent(of: part)
    }
    return nil
  }

  /// The file in which the value at a path is written.
  private func origin(of path: String) -> String {
    var part = Substring(path)
    while !part.isEmpty {
      if let file = included[String(part)] { return file }
      part = Self.parent(of: part)
    }
    return file
  }

  private static func parent(of path: Substring) -> Substring {
    path[..<(path.lastIndex { $0 == "." || $0 == "[" } ?? path.startIndex)]
  }

  /// The folder that a relative path at a place in the configuration starts from; nil for the
  /// working directory, from which those of the command line always start.
  func folder(forPathAt path: String) -> String? {
    guard text["paths"]?.string == PathsRelativeTo.file.rawValue else { return nil }
    var part = Substring(path)
    while !part.isEmpty {
      if overridden[String(part)] != nil { return nil }
      part = Self.parent(of: part)
    }
    return folderOfFile(at: path)
  }

  /// The folder of the file in which the value at a path is written; nil if that is no file.
  func folderOfFile(at path: String) -> String? {
    IncludedText.folder(of: origin(of: path))
  }

  /// The option that created an object which the file does not have.
  private func maker(of path: Substring, at position: JSONPosition) -> String? {
    guard position == .none else { return nil }
    return overridden.filter { $0.key.hasPrefix(path + ".") }.min { $0.key < $1.key }?.value
  }
}
