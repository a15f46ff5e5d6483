/// The numbers that a setting may take.
public struct Bounds: Sendable, Equatable, CustomStringConvertible {
  /// A limit, and whether the limit itself is allowed.
  public struct Limit: Sendable, Equatable {
    /// The number.
    public let value: Double
    /// Whether a setting may have exactly this value.
    public let isAllowed: Bool
  }

  /// The lower limit; nil for none.
  public let low: Limit?
  /// The upper limit; nil for none.
  public let high: Limit?
  /// A value outside the limits that is allowed too, such as -1 for "not set".
  public let exception: Double?

  private init(low: Limit? = nil, high: Limit? = nil, exception: Double? = nil) {
    self.low = low
    self.high = high
    self.exception = exception
  }

  /// Whether a value is allowed.
  public func contains(_ value: Double) -> Bool {
    if value == exception { return true }
    if let low, low.isAllowed ? value < low.value : value <= low.value { return false }
    if let high, high.isAllowed ? value > high.value : value >= high.value { return false }
    return true
  }

  /// Whether a value that is allowed still is when it is rounded to float32, in which weights and
  /// everything about them is computed: 0.99999999999 is not below 1 there, and 1e-46 not above 0.
  func containsRounded(_ value: Double) -> Bool {
    let rounded = Float(value)
    guard rounded.isFinite, value == 0 || rounded.isNormal else { return false }
    if value == exception { return true }
    if let low, !low.isAllowed, rounded <= Float(low.value) { return false }
    if let high, !high.isAllowed, rounded >= Float(high.value) { return false }
    return true
  }

  /// No limits.
  public static let any = Bounds()

  /// `low` and more.
  public static func atLeast(_ low: Double) -> Bounds {
    Bounds(low: Limit(value: low, isAllowed: true))
  }

  /// More than `low`.
  public static func above(_ low: Double) -> Bounds {
    Bounds(low: Limit(value: low, isAllowed: false))
  }

  /// From `low` to `high`, both allowed.
  public static func between(_ low: Double, _ high: Double) -> Bounds {
    Bounds(low: Limit(value: low, isAllowed: true), high: Limit(value: high, isAllowed: true))
  }

  /// From `low`, allowed, to `high`, not allowed.
  public static func from(_ low: Double, below high: Double) -> Bounds {
    Bounds(low: Limit(value: low, isAllowed: true), high: Limit(value: high, isAllowed: false))
  }

  /// More than `low` and less than `high`.
  public static func above(_ low: Double, below high: Double) -> Bounds {
    Bounds(low: Limit(value: low, isAllowed: false), high: Limit(value: high, isAllowed: false))
  }

  /// More than `low` and up to `high`, which is allowed.
  public static func above(_ low: Double, upTo high: Double) -> Bounds {
    Bounds(low: Limit(value: low, isAllowed: false), high: Limit(value: high, isAllowed: true))
  }

  /// These bounds or one value outside them, such as -1 for "not set".
  public func or(_ exception: Double) -> Bounds {
    Bounds(low: low, high: high, exception: exception)
  }

  /// The condition in words, after "must be".
  public var description: String {
    let range =
      switch (low, high) {
      case (let low?, let high?) where low.isAllowed && high.isAllowed:
        "between \(Self.text(low.value)) and \(Self.text(high.value))"
      case (let low?, let high?):
        (low.isAllowed ? "at least " : "above ") + Self.text(low.value)
          + (high.isAllowed ? " and at most " : " and below ") + Self.text(high.value)
      case (let low?, nil): (low.isAllowed ? "at least " : "above ") + Self.text(low.value)
      case (nil, let high?): (high.isAllowed ? "at most " : "below ") + Self.text(high.value)
      case (nil, nil): "a number"
      }
    return exception.map { "\(Self.text($0)), or \(range)" } ?? range
  }

  private static func text(_ value: Double) -> String {
    let text = String(value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
