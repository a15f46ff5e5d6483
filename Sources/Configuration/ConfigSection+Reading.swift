import StrictJSON

// How a key is read: its description is recorded, then its value or default is judged.
extension ConfigSection {
  /// A description of a key of this section.
  package func setting(
    _ key: String, _ kind: Setting.Kind, isList: Bool = false, bounds: Bounds = .any,
    choices: [String] = [], _ presence: Setting.Presence, _ meaning: String
  ) -> Setting {
    Setting(
      name(key), [kind], isList: isList, bounds: bounds, choices: choices, presence: presence,
      meaning: meaning)
  }

  /// The value of a key or its default, as `judge` returns it; nil if there is neither.
  package func read<Value>(
    _ setting: Setting, _ judge: (JSONValue) throws -> Value
  ) throws -> Value? {
    document.note(setting)
    guard let value = value(of: setting.key) ?? setting.presence.fallback else {
      if setting.presence == .optional { record(setting.key, .null) }
      return nil
    }
    let result = try judge(value)
    switch setting.kinds {
    case [.section]: break
    // These are written back the way the program holds them.
    case [.number]: record(setting.key, value.asDoubles)
    default: record(setting.key, value)
    }
    return result
  }

  /// The same for a key that must have a value.
  package func required<Value>(
    _ setting: Setting, _ judge: (JSONValue) throws -> Value
  ) throws -> Value {
    if let found = try read(setting, judge) { return found }
    throw missing(setting.key, setting.expectation)
  }

  func integer(_ key: String, _ bounds: Bounds) -> (JSONValue) throws -> Int {
    { value in
      guard let number = value.int else { throw self.wrong(key, "an integer", value) }
      guard bounds.contains(Double(number)) else { throw self.wrong(key, "\(bounds)", value) }
      return number
    }
  }

  func double(_ key: String, _ bounds: Bounds) -> (JSONValue) throws -> Double {
    { value in
      guard let number = value.double else { throw self.wrong(key, "a number", value) }
      guard bounds.contains(number) else { throw self.wrong(key, "\(bounds)", value) }
      guard bounds.containsRounded(number) else {
        throw self.wrong(key, "\(bounds) when rounded to float32", value)
      }
      return number
    }
  }

  func flag(_ key: String) -> (JSONValue) throws -> Bool {
    { value in
      guard let flag = value.bool else { throw self.wrong(key, "true or false", value) }
      return flag
    }
  }

  func text(_ key: String) -> (JSONValue) throws -> String {
    { value in
      guard let text = value.string else { throw self.wrong(key, "a string", value) }
      if text.isEmpty { throw self.fail(key, "\(self.name(key)) must not be empty.") }
      try self.refuseNUL(key, text, value)
      return text
    }
  }

  func nonEmpty(_ key: String, _ element: JSONValue) throws -> String {
    guard let text = element.string, !text.isEmpty else {
      throw wrong(key, "a string that is not empty", element)
    }
    try refuseNUL(key, text, element)
    return text
  }

  /// No name and no path has a NUL in it. The system would cut a path there.
  private func refuseNUL(_ key: String, _ text: String, _ value: JSONValue) throws {
    if text.utf8.contains(0) { throw wrong(key, "a string without NUL characters", value) }
  }

  /// Judges an array element by element; `judge` gets the element's name, `key[place]`.
  func elements<Value>(
    _ key: String, of kind: String, _ judge: @escaping (String, JSONValue) throws -> Value
  ) -> (JSONValue) throws -> [Value] {
    { value in
      guard let elements = value.array else {
        throw self.wrong(key, "an array of \(kind)", value)
      }
      return try elements.enumerated().map { try judge("\(key)[\($0.offset)]", $0.element) }
    }
  }

  /// The error for a value, or for the element `key[place]` of an array, that is not as it should
  /// be.
  package func wrong(_ key: String, _ expected: String, _ value: JSONValue) -> ConfigError {
    let message = "\(name(key)) must be \(expected), found \(value.shown)."
    return key.hasSuffix("]")
      ? document.error(path: name(key), at: value.position, message) : fail(key, message)
  }
}

extension JSONValue {
  /// Numbers as the program writes doubles, alone or in an array.
  fileprivate var asDoubles: JSONValue {
    if let elements = array { return .array(elements.map(\.asDoubles)) }
    return double.map(JSONValue.double) ?? self
  }
}
