/// A JSON value with the position in the text at which it starts.
///
/// Numbers keep their text: `2`, `2.0` and `2e0` stay different, and a 64-bit integer loses
/// nothing.
public struct JSONValue: Sendable {
  /// The kind of a value, with its content.
  public enum Kind: Sendable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number as written in the text.
    case number(String)
    /// A string with its escapes resolved.
    case string(String)
    /// The elements in order.
    case array([JSONValue])
    /// The members in the order of the text.
    case object(JSONObject)
  }

  /// The kind and content of the value.
  public let kind: Kind
  /// The position at which the value starts in its text.
  public let position: JSONPosition

  /// A value of the given kind; by default one that does not come from a text.
  public init(_ kind: Kind, position: JSONPosition = .none) {
    self.kind = kind
    self.position = position
  }

  /// The name of the kind in error messages, such as "an object".
  public var kindName: String {
    switch kind {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

// MARK: - Reading

extension JSONValue {
  /// Whether the value is `null`.
  public var isNull: Bool { if case .null = kind { true } else { false } }

  /// The truth value, or nil for any other kind.
  public var bool: Bool? { if case .bool(let value) = kind { value } else { nil } }

  /// The string, or nil for any other kind.
  public var string: String? { if case .string(let value) = kind { value } else { nil } }

  /// The elements, or nil for any other kind.
  public var array: [JSONValue]? { if case .array(let value) = kind { value } else { nil } }

  /// The members, or nil for any other kind.
  public var object: JSONObject? { if case .object(let value) = kind { value } else { nil } }

  /// A number's text as it was written, or nil for any other kind.
  public var numberText: String? { if case .number(let text) = kind { text } else { nil } }

  /// The number as an integer. Nil for any other kind, for a number written with a fraction or an
  /// exponent (`2.0` and `2e0` are not integers), and for one beyond 64 bits.
  public var int: Int? { if case .number(let text) = kind { Int(text) } else { nil } }

  /// The number rounded to the nearest double. Nil for any other kind, and for a number beyond the
  /// finite doubles (`1e400`).
  public var double: Double? {
    guard case .number(let text) = kind, let value = Double(text), value.isFinite else {
      return nil
    }
    return value
  }

  /// The value of a member; nil if this value is no object or has no such key.
  public subscript(key: String) -> JSONValue? { object?[key] }
}

// MARK: - Making

extension JSONValue {
  /// The value `null`.
  public static let null = JSONValue(.null)

  /// A truth value.
  public static func bool(_ value: Bool) -> JSONValue { JSONValue(.bool(value)) }

  /// An integer.
  public static func int(_ value: Int) -> JSONValue { JSONValue(.number(String(value))) }

  /// A string.
  public static func string(_ value: String) -> JSONValue { JSONValue(.string(value)) }

  /// An array.
  public static func array(_ value: [JSONValue]) -> JSONValue { JSONValue(.array(value)) }

  /// An object with members in the given order. Of equal keys the last value counts.
  public static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    JSONValue(.object(JSONObject(members)))
  }

  /// The shortest decimal that reads back as the same double. Whole numbers keep their `.0`, so
  /// that other readers see a float. JSON has no NaN and no infinity: they become `null`.
  public static func double(_ value: Double) -> JSONValue {
    value.isFinite ? JSONValue(.number(value.description)) : .null
  }

  /// The shortest decimal that reads back as the same float; otherwise like `double(_:)`.
  public static func float(_ value: Float) -> JSONValue {
    value.isFinite ? JSONValue(.number(value.description)) : .null
  }
}

extension JSONValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// An integer.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A double.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object, in the order of the literal.
  public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements) }
}

/// Equality of content: positions do not matter, but the order of members and the spelling of
/// numbers do.
extension JSONValue: Equatable {
  /// Whether two values have the same content, wherever they were written.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left.kind, right.kind) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)):
      a.count == b.count
        && zip(a.members, b.members).allSatisfy {
          $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value
        }
    default: false
    }
  }
}
