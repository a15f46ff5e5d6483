import StrictJSON

/// What may stand under one key of a configuration.
///
/// Readers record it when they read the key, and word their errors by it. So what messages,
/// documents and schemas say about a key is what is actually read.
public struct Setting: Sendable, Equatable {
  /// A kind of value, by its name in JSON Schema.
  public enum Kind: String, Sendable {
    /// A number without a fraction or an exponent.
    case integer
    /// A number.
    case number
    /// `true` or `false`.
    case flag = "boolean"
    /// A string.
    case string
    /// An object.
    case section = "object"
  }

  /// What an absent key means.
  public enum Presence: Sendable, Equatable {
    /// It is an error.
    case required
    /// The value that is taken.
    case usual(JSONValue)
    /// Nothing; the setting stays unset.
    case optional

    /// The presence of a key with this default; a key without one is required.
    package init(_ fallback: JSONValue?) { self = fallback.map(Presence.usual) ?? .required }

    /// The default, if there is one.
    public var fallback: JSONValue? { if case .usual(let value) = self { value } else { nil } }
  }

  /// Keys from the top, joined by dots. A list of sections has the keys of all its elements.
  public let path: String
  /// The kinds of values that it takes: usually one, none for a key that is ignored.
  public var kinds: [Kind]
  /// Whether it takes an array of such values.
  public let isList: Bool
  /// The numbers that it takes.
  public let bounds: Bounds
  /// The strings that it takes; empty for any.
  public var choices: [String]
  /// For a list of choices that may also be one string: what it says for an empty list.
  public var none: String?
  /// What an absent key means.
  public let presence: Presence
  /// What the setting does, in one sentence.
  public let meaning: String
  /// For an old spelling: the path of the new one.
  public let replacement: String?

  /// A description of a key.
  public init(
    _ path: String, _ kinds: [Kind], isList: Bool = false, bounds: Bounds = .any,
    choices: [String] = [], presence: Presence, meaning: String, replacement: String? = nil
  ) {
    // Few have one, and a study reads thousands of configurations.
    self.path = path.utf8.contains(0x5B) ? path.replacing(/\[[0-9]+\]/, with: "") : path
    self.kinds = kinds
    self.isList = isList
    self.bounds = bounds
    self.choices = choices
    self.presence = presence
    self.meaning = meaning
    self.replacement = replacement
  }

  /// The path of the section that the key stands in; empty at the top.
  public var parent: String { path.lastIndex(of: ".").map { String(path[..<$0]) } ?? "" }

  /// The key alone.
  public var key: String { path.split(separator: ".").last.map(String.init) ?? path }

  /// What is expected, in words, after "must be": `an integer`.
  public var expectation: String {
    switch kinds.first {
    case .integer: isList ? "an array of integers" : "an integer"
    case .number: isList ? "an array of numbers" : "a number"
    case .flag: "true or false"
    case .string: isList ? "an array of strings" : "a string"
    case .section, nil: isList ? "an array of objects" : "an object"
    }
  }
}
