import Files
import Foundation
import StrictJSON

/// The text of a configuration, put together from its file and those that it includes.
///
/// `include` names a file or several, relative to the file that names them. Each of them is changed
/// by the next, and all by the file itself: objects are merged key by key, `null` removes a key,
/// and anything else replaces what was there.
struct IncludedText {
  /// The name of the file in messages.
  let file: String
  /// The whole, without `include`.
  private(set) var value: JSONValue
  /// The file of each value by the value's path; empty if all comes from the file itself.
  private(set) var origins: [String: String] = [:]

  /// The most files that a configuration may be made of.
  private static let mostFiles = 100

  /// Reads a file and what it includes.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - name: how messages call it.
  /// - Throws: `ConfigError` for a file that is missing, no JSON object, or includes itself.
  init(reading path: String, named name: String) throws {
    var files = 0
    try self.init(path, named: name, within: [], files: &files)
  }

  private init(
    _ path: String, named name: String, within parents: [(name: String, real: String)],
    files: inout Int
  ) throws {
    file = name
    value = try Self.parse(path, .fileOrStream, named: name)
    files += 1
    let chain = parents + [(name, Self.real(path))]
    guard var own = value.object, let include = own["include"] else { return }
    own["include"] = nil
    let names = try Self.names(include, file: name)
    var whole: IncludedText?
    for element in names {
      func error(_ message: String) -> ConfigError {
        ConfigError(file: name, position: element.position, message: message)
      }
      let next = try Self.located(element, beside: name)
      guard PathCheck.kind(of: next) == .file else {
        throw error(
          "include: there is no file \"\(next)\"\(PathCheck.where(next)); names are relative to "
            + "the file that includes them.")
      }
      if let place = chain.firstIndex(where: { $0.real == Self.real(next) }) {
        let circle = (chain[place...].map(\.name) + [next]).joined(separator: " includes ")
        throw error("include: a file would include itself: \(circle).")
      }
      guard files < Self.mostFiles else {
        throw error("include: more than \(Self.mostFiles) files would be read.")
      }
      let part = try IncludedText(next, named: next, within: chain, files: &files)
      guard part.value.object != nil else {
        throw ConfigError(
          file: next, position: part.value.position,
          message: "a configuration is a JSON object, found \(part.value.kindName).")
      }
      whole = whole.map { $0.changed(by: part) } ?? part
    }
    let rest = JSONValue(.object(own), position: value.position)
    guard let whole else {
      value = rest
      return
    }
    let base = whole
    value = rest
    let merged = base.changed(by: self)
    value = merged.value
    // Its own values too: an object that it only changes counts as that of the file before.
    origins = merged.origins
  }

  /// Reads and parses one file.
  static func parse(
    _ path: String, _ readable: ReadableKind, named name: String? = nil
  ) throws -> JSONValue {
    let name = name ?? path
    let bytes = try PathCheck.contents(ofConfiguration: path, readable)
    do {
      return try StrictJSON.parse(bytes, file: name)
    } catch let error as JSONError {
      throw ConfigError(error)
    }
  }

  /// The folder of a file; nil for standard input and other streams, which are in none.
  static func folder(of file: String) -> String? {
    if file == "standard input" || file.hasPrefix("/dev/") || file.hasPrefix("/proc/") {
      return nil
    }
    return file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
  }

  private static func names(_ include: JSONValue, file: String) throws -> [JSONValue] {
    let names = include.array ?? (include.isNull ? [] : [include])
    for name in names where name.string?.isEmpty != false {
      throw ConfigError(
        file: file, position: name.position,
        message: "include must be the name of a file or an array of such names, found "
          + "\(name.shown).")
    }
    return names
  }

  private static func located(_ name: JSONValue, beside file: String) throws -> String {
    do {
      let path = try PathText.expanded(name.string ?? "")
      return path.hasPrefix("/") ? path : PathText.joined(folder(of: file), path)
    } catch {
      throw ConfigError(
        file: file, position: name.position, message: "include: \(error).")
    }
  }

  /// A path by which a file is known whatever it is called.
  private static func real(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
  }

  // MARK: Merging

  /// This text changed by another one.
  private func changed(by change: IncludedText) -> IncludedText {
    var result = self
    result.origins = [:]
    result.value = Self.merged(
      (value, { self.origins[$0] ?? self.file }),
      (change.value, { change.origins[$0] ?? change.file }),
      at: "", &result.origins)
    return result
  }

  private typealias Sourced = (value: JSONValue, file: (String) -> String)

  /// As JSON Merge Patch has it. An object that both have keeps the place of the older one.
  private static func merged(
    _ old: Sourced, _ new: Sourced, at path: String, _ origins: inout [String: String]
  ) -> JSONValue {
    guard let changes = new.value.object, let object = old.value.object else {
      note(new, at: path, &origins)
      return new.value
    }
    if !path.isEmpty { origins[path] = old.file(path) }
    var members: [JSONObject.Member] = []
    for member in object.members {
      let key = path.isEmpty ? member.key : "\(path).\(member.key)"
      guard let change = changes.member(member.key) else {
        note((member.value, old.file), at: key, &origins)
        members.append(member)
        continue
      }
      if change.value.isNull { continue }
      let isShared = member.value.object != nil && change.value.object != nil
      members.append(
        JSONObject.Member(
          key: member.key, keyPosition: isShared ? member.keyPosition : change.keyPosition,
          value: merged(
            (member.value, old.file), (change.value, new.file), at: key, &origins)))
    }
    for member in changes.members where object.member(member.key) == nil && !member.value.isNull {
      note(
        (member.value, new.file), at: path.isEmpty ? member.key : "\(path).\(member.key)", &origins)
      members.append(member)
    }
    return JSONValue(.object(JSONObject(members: members)), position: old.value.position)
  }

  /// Records the file of a value and of everything in it.
  private static func note(_ part: Sourced, at path: String, _ origins: inout [String: String]) {
    if !path.isEmpty { origins[path] = part.file(path) }
    for member in part.value.object?.members ?? [] {
      note(
        (member.value, part.file), at: path.isEmpty ? member.key : "\(path).\(member.key)", &origins
      )
    }
  }
}
