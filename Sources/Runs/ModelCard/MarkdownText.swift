/// Text of the user's within Markdown: it stays text, whatever is in it.
enum MarkdownText {
  /// As running text, in a heading or in a cell of a table: on one line, and with everything
  /// escaped that Markdown or HTML would read.
  static func plain(_ text: String) -> String {
    var result = ""
    for scalar in oneLine(text).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case _ where "\\`*_{}[]()#+-!|~$".unicodeScalars.contains(scalar):
        result += "\\"
        result.unicodeScalars.append(scalar)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// As code in a line of text. The fence is longer than any row of backticks inside.
  static func code(_ text: String) -> String {
    let line = oneLine(text)
    var (longest, row) = (0, 0)
    for character in line.unicodeScalars {
      row = character == "`" ? row + 1 : 0
      longest = max(longest, row)
    }
    let fence = String(repeating: "`", count: longest + 1)
    let space = line.isEmpty || line.hasPrefix("`") || line.hasSuffix("`") ? " " : ""
    return fence + space + line + space + fence
  }

  /// The text with a space for everything that ends a line or cannot be seen.
  private static func oneLine(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      let category = scalar.properties.generalCategory
      let isText = ![.control, .lineSeparator, .paragraphSeparator].contains(category)
      result.unicodeScalars.append(isText ? scalar : " ")
    }
    return result
  }
}
