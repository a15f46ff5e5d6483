/// The values that a setting may take.
public struct Bounds<Value: Comparable & Sendable & LosslessStringConvertible>: Sendable,
  CustomStringConvertible
{
  /// The condition in words, after "must be".
  public let description: String
  private let holds: @Sendable (Value) -> Bool

  /// Whether a value is allowed.
  public func contains(_ value: Value) -> Bool { holds(value) }

  /// No limits.
  public static var any: Bounds { Bounds(description: "a number") { _ in true } }

  /// `low` and more.
  public static func atLeast(_ low: Value) -> Bounds {
    Bounds(description: "at least \(text(low))") { $0 >= low }
  }

  /// More than `low`.
  public static func above(_ low: Value) -> Bounds {
    Bounds(description: "above \(text(low))") { $0 > low }
  }

  /// From `low` to `high`, both allowed.
  public static func between(_ low: Value, _ high: Value) -> Bounds {
    Bounds(description: "between \(text(low)) and \(text(high))") { $0 >= low && $0 <= high }
  }

  /// From `low`, allowed, to `high`, not allowed.
  public static func from(_ low: Value, below high: Value) -> Bounds {
    Bounds(description: "at least \(text(low)) and below \(text(high))") { $0 >= low && $0 < high }
  }

  /// More than `low` and up to `high`, which is allowed.
  public static func above(_ low: Value, upTo high: Value) -> Bounds {
    Bounds(description: "above \(text(low)) and at most \(text(high))") { $0 > low && $0 <= high }
  }

  /// These bounds or one value outside them, such as -1 for "not set".
  public func or(_ exception: Value) -> Bounds {
    Bounds(description: "\(Self.text(exception)), or \(description)") {
      $0 == exception || holds($0)
    }
  }

  private static func text(_ value: Value) -> String {
    let text = String(value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
