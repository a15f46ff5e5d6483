import StrictJSON
import Synchronization

/// One object of a configuration, read key by key.
///
/// The section remembers what was read with which result. So `finish()` knows which keys nobody
/// asked for, and `resolved` can write the section back with every default filled in. The document
/// notes what each key may be (`Setting`).
///
/// ```swift
/// let text = try StrictJSON.parse(#"{"rate": 0.5}"#, file: "example.json")
/// let section = try ConfigDocument(text, file: "example.json").root
/// let rate = try section.number("rate", default: 0.3, in: 0...1, "The share of masked words.")
/// let rounds = try section.int("rounds", default: 2, in: 1..., "Rounds of the work on a text.")
/// try section.finish()  // an unknown key is an error, with a guess at what was meant
/// print(rate, rounds, section.resolved)
/// ```
public final class ConfigSection: Sendable {
  /// Keys from the top, joined by dots; empty at the top.
  public let path: String
  /// Where the object starts.
  public let position: JSONPosition
  /// The configuration that the section is part of.
  public let document: ConfigDocument

  private enum Entry {
    case value(JSONValue)
    case section(ConfigSection)
    case sections([ConfigSection])
    /// Known, but not part of the resolved section.
    case hidden
  }

  private struct State {
    var object: JSONObject
    var entries: [(key: String, entry: Entry)] = []
    /// From the new spelling of a key to the spelling in the file.
    var spelling: [String: String] = [:]
  }

  private let state: Mutex<State>

  package init(_ value: JSONValue, path: String, document: ConfigDocument) {
    self.path = path
    self.document = document
    position = value.position
    state = Mutex(State(object: value.object ?? JSONObject()))
  }

  // MARK: Keys

  /// Whether a key is present with a value other than null.
  public func has(_ key: String) -> Bool { value(of: key) != nil }

  /// The value of a key as written, or nil if it is absent or null.
  package func value(of key: String) -> JSONValue? {
    state.withLock { $0.object[key].flatMap { $0.isNull ? nil : $0 } }
  }

  /// Records the value that a key resolved to.
  package func record(_ key: String, _ value: JSONValue) { record(key, .value(value)) }

  private func record(_ key: String, _ entry: Entry) {
    state.withLock { state in
      if let place = state.entries.firstIndex(where: { $0.key == key }) {
        state.entries[place].entry = entry
      } else {
        state.entries.append((key, entry))
      }
    }
  }

  /// Marks a key as known without reading it or writing it back.
  public func ignore(_ key: String, _ meaning: String = "") {
    if !meaning.isEmpty {
      document.note(Setting(name(key), [], presence: .optional, meaning: meaning))
    }
    record(key, .hidden)
  }

  /// Accepts an old spelling of a key and tells the user.
  /// - Throws: `ConfigError` if both spellings are present.
  public func alias(_ old: String, for new: String) throws {
    document.note(
      Setting(
        name(old), [], presence: .optional, meaning: "Old spelling of `\(new)`.",
        replacement: name(new)))
    guard has(old) else { return ignore(old) }
    if has(new) {
      throw fail(
        old, "\(name(old)) is the old spelling of \(name(new)), given too; keep the new one.")
    }
    state.withLock { state in
      guard let member = state.object.member(old) else { return }
      state.object[new] = member.value
      state.object[old] = nil
      state.spelling[new] = old
    }
    document.note("\(name(old)) is an old spelling; it was read as \(name(new)).")
  }

  /// Rejects a key that users of other programs would expect here.
  /// - Parameter hint: one sentence on what to write instead.
  /// - Throws: `ConfigError` if the key is present.
  public func refuse(_ key: String, _ hint: String) throws {
    if let member = state.withLock({ $0.object.member(key) }) {
      throw document.error(
        path: name(key), at: member.keyPosition, "unknown key \"\(key)\"; \(hint)")
    }
  }

  // MARK: Sections

  /// A required section.
  public func section(_ key: String, _ meaning: String = "") throws -> ConfigSection {
    try required(setting(key, .section, .required, meaning)) { try opened(key, $0) }
  }

  /// A section, or an empty one if the key is absent, so that all its defaults apply.
  public func sectionOrEmpty(_ key: String, _ meaning: String = "") throws -> ConfigSection {
    if let section = try optionalSection(key, meaning) { return section }
    let empty = ConfigSection(
      JSONValue(.object(JSONObject()), position: position), path: name(key), document: document)
    record(key, .section(empty))
    return empty
  }

  /// A section that may be absent or null.
  public func optionalSection(_ key: String, _ meaning: String = "") throws -> ConfigSection? {
    try read(setting(key, .section, .optional, meaning)) { try opened(key, $0) }
  }

  /// An array of sections, at least one.
  public func sections(_ key: String, _ meaning: String = "") throws -> [ConfigSection] {
    let setting = Setting(
      name(key), [.section], isList: true, presence: .required, meaning: meaning)
    return try required(setting) { value in
      guard let elements = value.array, !elements.isEmpty else {
        throw wrong(key, "an array of objects, at least one", value)
      }
      let sections = try elements.enumerated().map { place, element in
        guard element.object != nil else { throw wrong("\(key)[\(place)]", "an object", element) }
        return ConfigSection(element, path: "\(name(key))[\(place)]", document: document)
      }
      record(key, .sections(sections))
      return sections
    }
  }

  private func opened(_ key: String, _ value: JSONValue) throws -> ConfigSection {
    guard value.object != nil else { throw wrong(key, "an object", value) }
    let section = ConfigSection(value, path: name(key), document: document)
    record(key, .section(section))
    return section
  }

  // MARK: The end

  /// Checks that every key was read.
  /// - Throws: `ConfigError` at the first key that nothing read, with the closest known one.
  public func finish() throws {
    let (unread, known) = state.withLock { state in
      let known = state.entries.map(\.key)
      return (state.object.members.first { !known.contains($0.key) }, known)
    }
    if let unread { throw unknown(unread, among: known) }
  }

  /// The section as it was written, without defaults.
  public var written: JSONValue { JSONValue(.object(state.withLock { $0.object })) }

  /// The section with all defaults, in the order in which it was read. Keys that have not been read
  /// yet follow unchanged.
  public var resolved: JSONValue {
    let (entries, unread) = state.withLock { state in
      let known = state.entries.map(\.key)
      return (state.entries, state.object.members.filter { !known.contains($0.key) })
    }
    var members: [(String, JSONValue)] = []
    for (key, entry) in entries {
      switch entry {
      case .value(let value): members.append((key, value))
      case .section(let section): members.append((key, section.resolved))
      case .sections(let sections): members.append((key, .array(sections.map(\.resolved))))
      case .hidden: break
      }
    }
    return .object(members + unread.map { ($0.key, $0.value) })
  }

  // MARK: Errors

  /// An error at a key's value, or at the section if the key is absent.
  ///
  /// - Parameter key: a key of this section, or one of a section inside, as `teacher.revision`.
  public func fail(_ key: String, _ message: String) -> ConfigError {
    if let (section, rest) = inner(key) { return section.fail(rest, message) }
    let (spelled, value) = state.withLock { ($0.spelling[key] ?? key, $0.object[key]) }
    return document.error(path: name(spelled), at: value?.position ?? position, message)
  }

  /// The section that the first part of a dotted key names, and the rest of the key.
  private func inner(_ key: String) -> (section: ConfigSection, rest: String)? {
    guard let dot = key.firstIndex(of: ".") else { return nil }
    let first = String(key[..<dot])
    let section: ConfigSection? = state.withLock { state in
      if state.object[key] != nil { return nil }
      // A section that was read knows the old spellings of its keys.
      for case (first, .section(let section)) in state.entries { return section }
      guard let value = state.object[first], value.object != nil else { return nil }
      return ConfigSection(value, path: name(first), document: document)
    }
    return section.map { ($0, String(key[key.index(after: dot)...])) }
  }

  /// An error about the section as a whole.
  public func fail(_ message: String) -> ConfigError {
    document.error(path: path, at: position, message)
  }

  /// The key with the path of its section, as messages name it.
  public func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The error for an absent key. If the section has a key that looks like a misspelling of it, the
  /// error names that key instead.
  package func missing(_ key: String, _ kind: String) -> ConfigError {
    let slip = state.withLock { state in
      let known = state.entries.map(\.key)
      return state.object.members.first {
        !known.contains($0.key) && EditDistance.nearest(to: $0.key, among: [key]) != nil
      }
    }
    if let slip, slip.key != key { return unknown(slip, among: [key]) }
    return fail(key, "\(name(key)) is missing; \(kind) is required here.")
  }

  private func unknown(_ member: JSONObject.Member, among known: [String]) -> ConfigError {
    document.error(
      path: name(member.key), at: member.keyPosition,
      "unknown key \"\(member.key.prefix(200))\"\(path.isEmpty ? "" : " in \(path)"); "
        + EditDistance.suggestion(for: member.key, among: known))
  }
}

extension JSONValue {
  /// The value as a message shows it: as written, if it is short.
  package var shown: String {
    switch kind {
    case .array, .object: kindName
    case .string(let text): text.count > 60 ? "a string" : JSONWriter(layout: .line).string(self)
    default: JSONWriter(layout: .line).string(self)
    }
  }
}
