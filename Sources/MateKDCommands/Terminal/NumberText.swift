import Foundation

/// Numbers as people read them, independent of the locale.
package enum NumberText {
  /// A number with this many digits after the point; `nan` and `inf` are spelt that way.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// A share from 0 to 1 as `12.3 %`.
  package static func percent(_ share: Double) -> String { fixed(share * 100, 1) + " %" }

  /// A count and its share of all, such as `1 234 (12.3 %)`.
  package static func share(_ count: Int, of all: Int) -> String {
    "\(grouped(count)) (\(percent(Double(count) / Double(all))))"
  }

  /// Three significant digits, such as `2.00e-05`.
  package static func scientific(_ value: Double) -> String { String(format: "%.2e", value) }

  /// A time as `0:05`, `12:34` or `1:02:03`, rounded to seconds.
  package static func time(_ duration: Duration) -> String {
    let (whole, rest) = duration.components
    let seconds = max(0, whole + (rest >= 500_000_000_000_000_000 ? 1 : 0))
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    let tail = String(format: "%02d", Int(seconds % 60))
    return hours > 0
      ? "\(hours):" + String(format: "%02d", Int(minutes)) + ":\(tail)" : "\(minutes):\(tail)"
  }

  /// A count with a space between groups of three digits, such as `17 387 010`.
  package static func grouped(_ count: Int) -> String {
    var (text, digits) = ("", String(count.magnitude))
    while digits.count > 3 {
      text = " " + digits.suffix(3) + text
      digits.removeLast(3)
    }
    return (count < 0 ? "-" : "") + digits + text
  }
}
