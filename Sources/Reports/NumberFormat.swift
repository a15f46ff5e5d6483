import Foundation

/// Numbers as the page shows them, independent of the locale.
enum NumberFormat {
  /// A dash for what is not known.
  static let unknown = "–"

  /// A number with this many digits after the point.
  static func fixed(_ value: Double?, _ digits: Int) -> String {
    guard let value, value.isFinite else { return unknown }
    return String(format: "%.\(digits)f", value)
  }

  /// A number with about four digits, whatever its size, such as `0.0125`, `2e-05` or `1270`.
  static func short(_ value: Double?) -> String {
    guard let value, value.isFinite else { return unknown }
    return String(format: "%.4g", value)
  }

  /// A count with thin spaces between groups of three digits.
  static func count(_ value: Double?) -> String {
    guard let value, value.isFinite, abs(value) < 1e15 else { return unknown }
    var (text, digits) = ("", String(Int(value.rounded()).magnitude))
    while digits.count > 3 {
      text = "\u{202F}" + digits.suffix(3) + text
      digits.removeLast(3)
    }
    return (value < 0 ? "-" : "") + digits + text
  }

  /// A share from 0 to 1 as a percentage.
  static func percent(_ share: Double?) -> String {
    share.map { $0.isFinite ? fixed($0 * 100, 1) + "\u{202F}%" : unknown } ?? unknown
  }

  /// Seconds, or minutes and seconds, or hours, minutes and seconds.
  static func time(_ seconds: Double?) -> String {
    guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e12 else { return unknown }
    if seconds < 60 { return fixed(seconds, 1) + " s" }
    let whole = Int(seconds.rounded())
    let tail = String(format: "%02d:%02d", whole / 60 % 60, whole % 60)
    return whole >= 3600 ? "\(whole / 3600):\(tail)" : tail
  }
}
