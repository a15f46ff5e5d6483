import Files

/// Writes JSON text. The same value always gives the same bytes.
public struct JSONWriter: Sendable {
  /// The placement of white space.
  public enum Layout: Sendable {
    /// One member per line, indented by two spaces per level.
    case indented
    /// One line with a space after commas and colons, as Python's `json.dumps` writes it.
    case line
    /// One line without any space.
    case minimal
  }

  /// The placement of white space.
  public var layout: Layout
  /// Whether members are written in the byte order of their keys instead of their own order.
  public var sortedKeys: Bool

  /// A writer; by default indented, with members in their own order.
  public init(layout: Layout = .indented, sortedKeys: Bool = false) {
    self.layout = layout
    self.sortedKeys = sortedKeys
  }

  /// The text of a value, without a final line break.
  public func string(_ value: JSONValue) -> String {
    String(decoding: bytes(value), as: UTF8.self)
  }

  /// The UTF-8 text of a value, without a final line break.
  public func bytes(_ value: JSONValue) -> [UInt8] {
    var output: [UInt8] = []
    write(value, level: 0, to: &output)
    return output
  }

  private func write(_ value: JSONValue, level: Int, to output: inout [UInt8]) {
    switch value.kind {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let flag): output.append(contentsOf: (flag ? "true" : "false").utf8)
    case .number(let text): output.append(contentsOf: text.utf8)
    case .string(let text): writeString(text, to: &output)
    case .array(let elements):
      writeList("[", "]", elements, level: level, to: &output) { element, output in
        write(element, level: level + 1, to: &output)
      }
    case .object(let object):
      let members =
        sortedKeys
        ? object.members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        : object.members
      writeList("{", "}", members, level: level, to: &output) { member, output in
        writeString(member.key, to: &output)
        output.append(contentsOf: (layout == .minimal ? ":" : ": ").utf8)
        write(member.value, level: level + 1, to: &output)
      }
    }
  }

  private func writeList<Element>(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ elements: [Element], level: Int,
    to output: inout [UInt8], write: (Element, inout [UInt8]) -> Void
  ) {
    output.append(UInt8(ascii: open))
    for (place, element) in elements.enumerated() {
      if place > 0 { output.append(contentsOf: (layout == .line ? ", " : ",").utf8) }
      breakLine(level + 1, to: &output)
      write(element, &output)
    }
    if !elements.isEmpty { breakLine(level, to: &output) }
    output.append(UInt8(ascii: close))
  }

  private func breakLine(_ level: Int, to output: inout [UInt8]) {
    guard layout == .indented else { return }
    output.append(0x0A)
    output.append(contentsOf: repeatElement(0x20, count: 2 * level))
  }

  private func writeString(_ text: String, to output: inout [UInt8]) {
    // Most text has none of the controls beyond ASCII, which JSON need not escape but terminals obey.
    if text.utf8.contains(where: { $0 >= 0x7F }),
      text.unicodeScalars.contains(where: { $0.value >= 0x7F && $0.isControl })
    {
      return writeScalars(of: text, to: &output)
    }
    output.append(UInt8(ascii: "\""))
    writeBytes(text.utf8, to: &output)
    output.append(UInt8(ascii: "\""))
  }

  private func writeScalars(of text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      if scalar.value >= 0x7F, scalar.isControl {
        output.append(contentsOf: scalar.jsonEscape.utf8)
      } else {
        writeBytes(String(scalar).utf8, to: &output)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private func writeBytes(_ bytes: String.UTF8View, to output: inout [UInt8]) {
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""): output.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): output.append(contentsOf: "\\\\".utf8)
      case 0x08: output.append(contentsOf: "\\b".utf8)
      case 0x09: output.append(contentsOf: "\\t".utf8)
      case 0x0A: output.append(contentsOf: "\\n".utf8)
      case 0x0C: output.append(contentsOf: "\\f".utf8)
      case 0x0D: output.append(contentsOf: "\\r".utf8)
      case 0..<0x20:
        let hex = String(byte, radix: 16)
        output.append(contentsOf: "\\u00\(byte < 16 ? "0" : "")\(hex)".utf8)
      default: output.append(byte)
      }
    }
  }
}
