import StrictJSON

// Every reader takes the default of an absent key; without a default the key is required. A value of
// null counts as absent.
extension ConfigSection {
  /// An integer: a number written without fraction and exponent.
  /// - Throws: `ConfigError` when it is missing, no integer, or out of bounds.
  public func int(_ key: String, default fallback: Int? = nil, in bounds: Bounds<Int> = .any)
    throws -> Int
  {
    guard let value = value(of: key) ?? fallback.map(JSONValue.int) else {
      throw missing(key, "an integer")
    }
    guard let number = value.int else { throw wrongKind(key, "an integer", value) }
    guard bounds.contains(number) else { throw outOfBounds(key, "\(bounds)", value) }
    record(key, .int(number))
    return number
  }

  /// An integer within a closed range.
  public func int(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>)
    throws -> Int
  {
    try int(key, default: fallback, in: .between(range.lowerBound, range.upperBound))
  }

  /// An integer from a lower limit on.
  public func int(_ key: String, default fallback: Int? = nil, in range: PartialRangeFrom<Int>)
    throws -> Int
  {
    try int(key, default: fallback, in: .atLeast(range.lowerBound))
  }

  /// An integer, or nil when the key is absent.
  public func optionalInt(_ key: String, in bounds: Bounds<Int> = .any) throws -> Int? {
    guard has(key) else {
      record(key, .null)
      return nil
    }
    return try int(key, in: bounds)
  }

  /// A number.
  /// - Throws: `ConfigError` when it is missing, no number, beyond the doubles, or out of bounds.
  public func number(
    _ key: String, default fallback: Double? = nil, in bounds: Bounds<Double> = .any
  ) throws -> Double {
    guard let value = value(of: key) ?? fallback.map(JSONValue.double) else {
      throw missing(key, "a number")
    }
    guard let number = value.double else { throw wrongKind(key, "a number", value) }
    guard bounds.contains(number) else { throw outOfBounds(key, "\(bounds)", value) }
    record(key, .double(number))
    return number
  }

  /// A number within a closed range.
  public func number(
    _ key: String, default fallback: Double? = nil, in range: ClosedRange<Double>
  ) throws -> Double {
    try number(key, default: fallback, in: .between(range.lowerBound, range.upperBound))
  }

  /// A number from a lower limit on.
  public func number(
    _ key: String, default fallback: Double? = nil, in range: PartialRangeFrom<Double>
  ) throws -> Double {
    try number(key, default: fallback, in: .atLeast(range.lowerBound))
  }

  /// A number, or nil when the key is absent.
  public func optionalNumber(_ key: String, in bounds: Bounds<Double> = .any) throws -> Double? {
    guard has(key) else {
      record(key, .null)
      return nil
    }
    return try number(key, in: bounds)
  }

  /// `true` or `false`.
  public func bool(_ key: String, default fallback: Bool? = nil) throws -> Bool {
    guard let value = value(of: key) ?? fallback.map(JSONValue.bool) else {
      throw missing(key, "true or false")
    }
    guard let flag = value.bool else { throw wrongKind(key, "true or false", value) }
    record(key, .bool(flag))
    return flag
  }

  /// `true` or `false`, or nil when the key is absent.
  public func optionalBool(_ key: String) throws -> Bool? {
    guard has(key) else {
      record(key, .null)
      return nil
    }
    return try bool(key)
  }

  /// A string that is not empty.
  public func string(_ key: String, default fallback: String? = nil) throws -> String {
    guard let value = value(of: key) ?? fallback.map(JSONValue.string) else {
      throw missing(key, "a string")
    }
    guard let text = value.string else { throw wrongKind(key, "a string", value) }
    if text.isEmpty { throw fail(key, "\(name(key)) must not be empty.") }
    record(key, .string(text))
    return text
  }

  /// A string, or nil when the key is absent.
  public func optionalString(_ key: String) throws -> String? {
    guard has(key) else {
      record(key, .null)
      return nil
    }
    return try string(key)
  }

  /// One of the names of an enumeration.
  /// - Throws: `ConfigError` for any other name, with the nearest one.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default fallback: Choice? = nil
  ) throws -> Choice {
    let text = try string(key, default: fallback?.rawValue)
    if let choice = Choice(rawValue: text) { return choice }
    throw unknownName(key, text, among: Choice.allCases.map(\.rawValue))
  }

  /// The error for a name that is none of the known ones.
  public func unknownName(_ key: String, _ text: String, among known: [String]) -> ConfigError {
    let guess = EditDistance.nearest(to: text, among: known).map { "; did you mean \"\($0)\"?" }
    return fail(
      key,
      "\(name(key)) must be \(known.map { "\"\($0)\"" }.joined(separator: " or ")), "
        + "found \"\(text)\"" + (guess ?? "."))
  }

  /// An array of integers.
  public func intArray(
    _ key: String, default fallback: [Int]? = nil, in bounds: Bounds<Int> = .any
  ) throws -> [Int] {
    let elements = try array(key, default: fallback?.map(JSONValue.int), of: "integers")
    let numbers = try elements.enumerated().map { place, element in
      guard let number = element.int else {
        throw elementError(key, place, element, "an integer")
      }
      guard bounds.contains(number) else { throw elementError(key, place, element, "\(bounds)") }
      return number
    }
    record(key, .array(numbers.map(JSONValue.int)))
    return numbers
  }

  /// An array of integers, or nil when the key is absent.
  public func optionalIntArray(_ key: String, in bounds: Bounds<Int> = .any) throws -> [Int]? {
    guard has(key) else {
      record(key, .null)
      return nil
    }
    return try intArray(key, in: bounds)
  }

  /// An array of numbers.
  public func numbers(
    _ key: String, default fallback: [Double]? = nil, in bounds: Bounds<Double> = .any
  ) throws -> [Double] {
    let elements = try array(key, default: fallback?.map(JSONValue.double), of: "numbers")
    let numbers = try elements.enumerated().map { place, element in
      guard let number = element.double else { throw elementError(key, place, element, "a number") }
      guard bounds.contains(number) else { throw elementError(key, place, element, "\(bounds)") }
      return number
    }
    record(key, .array(numbers.map(JSONValue.double)))
    return numbers
  }

  /// An array of strings, none of them empty.
  public func strings(_ key: String, default fallback: [String]? = nil) throws -> [String] {
    let elements = try array(key, default: fallback?.map(JSONValue.string), of: "strings")
    let texts = try elements.enumerated().map { place, element in
      guard let text = element.string, !text.isEmpty else {
        throw elementError(key, place, element, "a string that is not empty")
      }
      return text
    }
    record(key, .array(texts.map(JSONValue.string)))
    return texts
  }

  /// An array of strings, none of them empty, or nil when the key is absent.
  public func optionalStrings(_ key: String) throws -> [String]? {
    guard has(key) else {
      record(key, .null)
      return nil
    }
    return try strings(key)
  }

  /// The error at one element of an array.
  package func elementError(_ key: String, _ place: Int, _ element: JSONValue, _ expected: String)
    -> ConfigError
  {
    document.error(
      path: "\(name(key))[\(place)]", at: element.position,
      "\(name(key))[\(place)] must be \(expected), found \(element.shown).")
  }

  private func array(_ key: String, default fallback: [JSONValue]?, of kind: String) throws
    -> [JSONValue]
  {
    guard let value = value(of: key) ?? fallback.map(JSONValue.array) else {
      throw missing(key, "an array of \(kind)")
    }
    guard let elements = value.array else { throw wrongKind(key, "an array of \(kind)", value) }
    return elements
  }

  private func outOfBounds(_ key: String, _ bounds: String, _ value: JSONValue) -> ConfigError {
    fail(key, "\(name(key)) must be \(bounds), found \(value.shown).")
  }
}
