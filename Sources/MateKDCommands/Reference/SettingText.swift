import Configuration
import Foundation
import StrictJSON

// How tables show what a key may be set to.
extension Setting {
  /// The kind of value in a word or two: `integer`, `list of numbers`, `one of`.
  var kindText: String {
    if !choices.isEmpty { return isList ? "list of" : "one of" }
    let names = kinds.map { kind in
      switch kind {
      case .integer: isList ? "integers" : "integer"
      case .number: isList ? "numbers" : "number"
      case .flag: "flag"
      case .string: isList ? "strings" : "string"
      case .section: isList ? "objects" : "object"
      }
    }
    return (isList ? "list of " : "") + names.joined(separator: " or ")
  }

  /// The numbers that are allowed; empty for any.
  var rangeText: String { bounds == .any ? "" : "\(bounds)" }

  /// The strings that are allowed; empty for any.
  var choicesText: String { choices.map { "\"\($0)\"" }.joined(separator: ", ") }

  /// The default.
  var defaultText: String {
    switch presence {
    case .required: "required"
    case .optional: ""
    case .usual(let value): Self.text(value)
    }
  }

  private static func text(_ value: JSONValue) -> String {
    if let elements = value.array { return "[" + elements.map(text).joined(separator: ", ") + "]" }
    guard value.numberText != nil, let number = value.double else {
      return JSONWriter(layout: .line).string(value)
    }
    if let whole = Int(exactly: number) { return String(whole) }
    let exact = "\(number)".replacing("e-0", with: "e-")
    return exact.count > 8 ? "≈ " + String(format: "%.4g", number) : exact
  }
}
