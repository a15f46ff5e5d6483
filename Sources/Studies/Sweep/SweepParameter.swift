import Foundation
import Kernels
import StrictJSON

/// A key of the configuration that a sweep tries several values of.
public struct SweepParameter: Sendable {
  /// The values that it may take.
  public enum Values: Sendable {
    /// One of a list.
    case list([JSONValue])
    /// A number of a range.
    case range(ClosedRange<Double>, isLogarithmic: Bool, isInteger: Bool)
  }

  /// The path of the key, such as `train.learning_rate`.
  public let path: String
  /// The values that it may take.
  public let values: Values

  /// The list; nil for a range.
  var list: [JSONValue]? {
    if case .list(let values) = values { values } else { nil }
  }

  /// Draws a value.
  func draw(_ random: inout RandomStream) -> JSONValue {
    switch values {
    case .list(let values): return values[random.nextBelow(values.count)]
    case .range(let range, let isLogarithmic, let isInteger):
      let share = Double(random.next() >> 11) * 0x1p-53
      let (low, high) = (range.lowerBound, range.upperBound)
      // An integer stands for all numbers that are rounded to it, so that each is as likely.
      let (first, last) = isInteger ? (low - 0.5, high + 0.5) : (low, high)
      let number =
        isLogarithmic
        ? low * pow(high / low, share)
        : first + share * (last - first)
      if isInteger { return .int(Int(min(high, max(low, number.rounded())))) }
      // Three digits are enough, and people can read them.
      let rounded = Double(String(format: "%.3g", number)) ?? number
      return .double(min(high, max(low, rounded)))
    }
  }
}

/// Values for all keys of a sweep.
public struct SweepTrial: Sendable, Equatable {
  /// A name made from the values, so that it stays the same when others are added.
  public let name: String
  /// The values by path, in the order of the sweep's configuration.
  public let values: [(path: String, value: JSONValue)]

  init(_ values: [(path: String, value: JSONValue)]) {
    self.values = values
    name = "trial-" + Self.digest(values)
  }

  /// The values as people read them, in order: words without quotes, everything else as JSON.
  public var valueTexts: [String] {
    let line = JSONWriter(layout: .line)
    return values.map { $0.value.string ?? line.string($0.value) }
  }

  /// What the trial changes in the configuration; a null removes a key.
  var changes: JSONValue {
    values.reduce([:]) { changes, entry in
      let nested = entry.path.split(separator: ".").reversed()
        .reduce(entry.value) { value, key in .object([(String(key), value)]) }
      return changes.followed(by: nested)
    }
  }

  /// Whether two trials have the same values.
  public static func == (left: SweepTrial, right: SweepTrial) -> Bool {
    left.values.count == right.values.count
      && zip(left.values, right.values).allSatisfy { $0.path == $1.path && $0.value == $1.value }
  }
}
