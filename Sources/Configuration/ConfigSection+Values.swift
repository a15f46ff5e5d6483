import StrictJSON

// Every reader returns the default if the key is absent; without a default the key is required. A
// value of null counts as absent. The last argument says in one sentence what the setting does.
extension ConfigSection {
  // MARK: Numbers

  /// An integer: a number written without a fraction or an exponent.
  /// - Throws: `ConfigError` if it is missing, not an integer, or out of bounds.
  public func int(
    _ key: String, default fallback: Int? = nil, in bounds: Bounds = .any, _ meaning: String = ""
  ) throws -> Int {
    let presence = Setting.Presence(fallback.map(JSONValue.int))
    return try required(
      setting(key, .integer, bounds: bounds, presence, meaning), integer(key, bounds))
  }

  /// An integer within a closed range.
  public func int(
    _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>, _ meaning: String = ""
  ) throws -> Int {
    let bounds = Bounds.between(Double(range.lowerBound), Double(range.upperBound))
    return try int(key, default: fallback, in: bounds, meaning)
  }

  /// An integer with a lower limit.
  public func int(
    _ key: String, default fallback: Int? = nil, in range: PartialRangeFrom<Int>,
    _ meaning: String = ""
  ) throws -> Int {
    try int(key, default: fallback, in: .atLeast(Double(range.lowerBound)), meaning)
  }

  /// An integer, or nil when the key is absent.
  public func optionalInt(
    _ key: String, in bounds: Bounds = .any, _ meaning: String = ""
  ) throws -> Int? {
    try read(
      setting(key, .integer, bounds: bounds, .optional, meaning), integer(key, bounds))
  }

  /// A number.
  /// - Throws: `ConfigError` if it is missing, not a number, too large for a double, or out of
  ///   bounds.
  public func number(
    _ key: String, default fallback: Double? = nil, in bounds: Bounds = .any,
    _ meaning: String = ""
  ) throws -> Double {
    let presence = Setting.Presence(fallback.map(JSONValue.double))
    return try required(
      setting(key, .number, bounds: bounds, presence, meaning), double(key, bounds))
  }

  /// A number within a closed range.
  public func number(
    _ key: String, default fallback: Double? = nil, in range: ClosedRange<Double>,
    _ meaning: String = ""
  ) throws -> Double {
    try number(
      key, default: fallback, in: .between(range.lowerBound, range.upperBound), meaning)
  }

  /// A number with a lower limit.
  public func number(
    _ key: String, default fallback: Double? = nil, in range: PartialRangeFrom<Double>,
    _ meaning: String = ""
  ) throws -> Double {
    try number(key, default: fallback, in: .atLeast(range.lowerBound), meaning)
  }

  /// A number in single precision. The default is recorded with just enough digits to identify it.
  public func float(
    _ key: String, default fallback: Float, in bounds: Bounds = .any, _ meaning: String = ""
  ) throws -> Float {
    Float(try number(key, default: JSONValue.float(fallback).double, in: bounds, meaning))
  }

  /// A number, or nil when the key is absent.
  public func optionalNumber(
    _ key: String, in bounds: Bounds = .any, _ meaning: String = ""
  ) throws -> Double? {
    try read(setting(key, .number, bounds: bounds, .optional, meaning), double(key, bounds))
  }

  /// An array of integers.
  public func intArray(
    _ key: String, default fallback: [Int]? = nil, in bounds: Bounds = .any,
    _ meaning: String = ""
  ) throws -> [Int] {
    let presence = Setting.Presence(fallback.map { .array($0.map(JSONValue.int)) })
    return try required(
      setting(key, .integer, isList: true, bounds: bounds, presence, meaning),
      elements(key, of: "integers") { try self.integer($0, bounds)($1) })
  }

  /// An array of integers, or nil when the key is absent.
  public func optionalIntArray(
    _ key: String, in bounds: Bounds = .any, _ meaning: String = ""
  ) throws -> [Int]? {
    try read(
      setting(key, .integer, isList: true, bounds: bounds, .optional, meaning),
      elements(key, of: "integers") { try self.integer($0, bounds)($1) })
  }

  /// An array of numbers.
  public func numbers(
    _ key: String, default fallback: [Double]? = nil, in bounds: Bounds = .any,
    _ meaning: String = ""
  ) throws -> [Double] {
    let presence = Setting.Presence(fallback.map { .array($0.map(JSONValue.double)) })
    return try required(
      setting(key, .number, isList: true, bounds: bounds, presence, meaning),
      elements(key, of: "numbers") { try self.double($0, bounds)($1) })
  }

  /// An array of numbers, or nil when the key is absent.
  public func optionalNumbers(
    _ key: String, in bounds: Bounds = .any, _ meaning: String = ""
  ) throws -> [Double]? {
    try read(
      setting(key, .number, isList: true, bounds: bounds, .optional, meaning),
      elements(key, of: "numbers") { try self.double($0, bounds)($1) })
  }

  // MARK: Flags

  /// `true` or `false`.
  public func bool(
    _ key: String, default fallback: Bool? = nil, _ meaning: String = ""
  ) throws -> Bool {
    try required(
      setting(key, .flag, Setting.Presence(fallback.map(JSONValue.bool)), meaning), flag(key))
  }

  /// `true` or `false`, or nil when the key is absent.
  public func optionalBool(_ key: String, _ meaning: String = "") throws -> Bool? {
    try read(setting(key, .flag, .optional, meaning), flag(key))
  }

  // MARK: Strings

  /// A string that is not empty.
  public func string(
    _ key: String, default fallback: String? = nil, _ meaning: String = ""
  ) throws -> String {
    try required(
      setting(key, .string, Setting.Presence(fallback.map(JSONValue.string)), meaning), text(key))
  }

  /// A string, or nil when the key is absent.
  public func optionalString(_ key: String, _ meaning: String = "") throws -> String? {
    try read(setting(key, .string, .optional, meaning), text(key))
  }

  /// An array of strings, none of them empty.
  public func strings(
    _ key: String, default fallback: [String]? = nil, _ meaning: String = ""
  ) throws -> [String] {
    let presence = Setting.Presence(fallback.map { .array($0.map(JSONValue.string)) })
    return try required(
      setting(key, .string, isList: true, presence, meaning), elements(key, of: "strings", nonEmpty)
    )
  }

  /// An array of strings, none of them empty, or nil when the key is absent.
  public func optionalStrings(_ key: String, _ meaning: String = "") throws -> [String]? {
    try read(
      setting(key, .string, isList: true, .optional, meaning),
      elements(key, of: "strings", nonEmpty))
  }

  // MARK: Names

  /// One of the names of an enumeration, or of some of its cases.
  /// - Throws: `ConfigError` for any other name, suggesting the closest one.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default fallback: Choice? = nil, among allowed: [Choice]? = nil,
    _ meaning: String = ""
  ) throws -> Choice {
    let named = (allowed ?? Array(Choice.allCases)).map { ($0.rawValue, $0) }
    return try choice(key, default: fallback?.rawValue, named: named, meaning)
  }

  /// The value that a name stands for.
  /// - Throws: `ConfigError` for any other name, suggesting the closest one.
  public func choice<Choice>(
    _ key: String, default fallback: String? = nil, named: [(String, Choice)],
    _ meaning: String = ""
  ) throws -> Choice {
    let names = named.map(\.0)
    let presence = Setting.Presence(fallback.map(JSONValue.string))
    return try required(setting(key, .string, choices: names, presence, meaning)) { value in
      let name = try self.text(key)(value)
      if let found = named.first(where: { $0.0 == name }) { return found.1 }
      throw self.unknownName(key, name, among: names)
    }
  }

  /// An array of names of some cases of an enumeration.
  ///
  /// - Parameter none: a string that means an empty array; then one name may stand without an
  ///   array, too, as `report_to` in transformers.
  public func choices<Choice: RawRepresentable<String>>(
    _ key: String, default fallback: [Choice], among allowed: [Choice], none: String? = nil,
    _ meaning: String = ""
  ) throws -> [Choice] {
    let names = allowed.map(\.rawValue)
    let usual = JSONValue.array(fallback.map { .string($0.rawValue) })
    var setting = setting(key, .string, isList: true, choices: names, .usual(usual), meaning)
    setting.none = none
    func choice(_ place: String, _ element: JSONValue) throws -> Choice {
      let name = try nonEmpty(place, element)
      if let found = allowed.first(where: { $0.rawValue == name }) { return found }
      let known = (none.map { [$0] } ?? []) + names
      let message = Self.unknown(self.name(place), name, among: known)
      throw document.error(path: self.name(place), at: element.position, message)
    }
    let list = elements(key, of: "strings", choice)
    return try required(setting) { value in
      guard let none else { return try list(value) }
      if value.string == none || value.array?.map(\.string) == [none] { return [] }
      return value.string == nil ? try list(value) : [try choice(key, value)]
    }
  }

  /// The error for an unknown name.
  public func unknownName(_ key: String, _ text: String, among known: [String]) -> ConfigError {
    fail(key, Self.unknown(name(key), text, among: known))
  }

  private static func unknown(_ path: String, _ text: String, among known: [String]) -> String {
    let guess = EditDistance.nearest(to: text, among: known).map { "; did you mean \"\($0)\"?" }
    return "\(path) must be \(known.map { "\"\($0)\"" }.joined(separator: " or ")), "
      + "found \"\(text)\"" + (guess ?? ".")
  }
}
